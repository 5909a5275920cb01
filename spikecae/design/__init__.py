"""The design file: typed sections, and one validator for each rule."""

from spikecae.design.design import (
    Adc,
    Design,
    DesignError,
    Hardware,
    MemoryBackEnd,
    Quantization,
    Recording,
    load_design,
)

__all__ = ["Adc", "Design", "DesignError", "Hardware", "MemoryBackEnd", "Quantization", "Recording", "load_design"]
