"""What every kind of encoder answers about its integers, and where kinds are registered."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from model.by_kind import ByKind
from model.datasets.spikes import SpikeDataset
from quantize.report import SpecReport
from spikecae.design import Design

__all__ = ["QUANTIZED_FAMILIES", "QuantizedFamily"]


class QuantizedFamily(ABC):
    """A kind of encoder."""

    report: type[SpecReport]
    """What :meth:`quantize` gives."""

    @abstractmethod
    def quantize(
        self,
        design: Design,
        checkpoint: Path,
        dataset: SpikeDataset,
        folder: Path,
        progress: Callable[[str, int, int], None],
    ) -> SpecReport:
        """Quantize a checkpoint; write ``spec.json``, ``spec.npz``, ``metrics.json``, and ``checkpoint.safetensors``,
        whose decoder belongs to the spec; spec and checkpoint of each further operating point in ``points/<n>``.

        Args:
            design: the chip.
            checkpoint: made by the train stage for this design; those of further operating points lie below it.
            dataset: the test split is only measured.
            folder: untouched unless all goes well.
            progress: called with the step's name, how much of it is done, and of how much.

        Raises:
            ValueError: the checkpoint is corrupt or of another design, or cannot be quantized.
            MismatchError: the golden model and the one in floats disagree.
        """


QUANTIZED_FAMILIES = ByKind[QuantizedFamily]("quantize/families")
"""The kinds there are."""
