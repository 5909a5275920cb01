"""The paper's network."""

from collections.abc import Callable
from pathlib import Path

from model.datasets.spikes import SpikeDataset
from quantize.families.base import QUANTIZED_FAMILIES, QuantizedFamily
from quantize.report import QuantizationReport
from quantize.stage import quantize
from spikecae.design import Design, ResNeXt

__all__: list[str] = []


class _Network(QuantizedFamily):
    report = QuantizationReport

    def quantize(
        self,
        design: Design,
        checkpoint: Path,
        dataset: SpikeDataset,
        folder: Path,
        progress: Callable[[str, int, int], None],
    ) -> QuantizationReport:
        return quantize(design, checkpoint, dataset, folder, progress)


QUANTIZED_FAMILIES.register(ResNeXt, _Network())
