"""Linear encoders."""

from collections.abc import Callable
from pathlib import Path

from model.datasets.spikes import SpikeDataset
from quantize.families.base import QUANTIZED_FAMILIES, QuantizedFamily
from quantize.linear.linear_report import LinearReport
from quantize.linear.stage import quantize_linear
from spikecae.design import Design, Linear

__all__: list[str] = []


class _Linear(QuantizedFamily):
    report = LinearReport

    def quantize(
        self,
        design: Design,
        checkpoint: Path,
        dataset: SpikeDataset,
        folder: Path,
        progress: Callable[[str, int, int], None],
    ) -> LinearReport:
        return quantize_linear(design, checkpoint, dataset, folder, progress)


QUANTIZED_FAMILIES.register(Linear, _Linear())
