"""Normalization: converter codes to signed 8 bit, with an offset and a gain for each sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.stages.base import Source, Values, register
from spikecae.stages.checks import MAX_SHIFT, require, require_array, require_exponents, require_range

__all__ = ["Normalize"]

OUTPUT_BITS = 8
MOST_DECIMATION = 8
"""Codes of a sum."""


@register
@dataclass(frozen=True, eq=False)
class Normalize(Source):
    """``x8[t] = sat_s8(rshift_round((sum - offset[t]) * gain[t], shift))``, signed 8 bit.

    ``sum`` is of ``decimation`` codes that follow each other, of which the t-th are taken; 1: a code itself. ``offset``
    and ``gain`` have an entry for each sample that is made, or one for all.
    """

    kind = "normalize"
    name: str
    offset: NDArray[np.int16]  # (D,) or (1,)
    gain: NDArray[np.uint16]  # (D,) or (1,)
    shift: int
    exponent: int
    decimation: int = 1

    def __post_init__(self) -> None:
        samples = self.offset.size
        require_array(f"{self.name}.offset", self.offset, np.int16, (samples,))
        require_array(f"{self.name}.gain", self.gain, np.uint16, (samples,))
        require_exponents(self.name, self.exponent)
        require_range(f"{self.name}.decimation", self.decimation, 1, MOST_DECIMATION)
        require(0 <= self.shift <= MAX_SHIFT, f"{self.name}.shift = {self.shift} must lie in 0..{MAX_SHIFT}")
        require(bool(self.gain.all()), f"{self.name}.gain is 0 at sample {int(np.argmin(self.gain))}; it must not be")

    @property
    def scale(self) -> NDArray[np.float64]:
        """ADC steps per unit of the normalized signal, (D,) or (1,): the inverse of what the chip multiplies by."""
        return self._spread(np.float64(2.0) ** (self.shift + self.exponent) / self.gain / self.decimation)

    def undo(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """``values · scale + offset``."""
        return values * self.scale + self._spread(self.offset / self.decimation)

    def _spread(self, entries: NDArray[np.float64]) -> NDArray[np.float64]:
        """An entry for each code, where there is more than one for all."""
        return np.repeat(entries, self.decimation) if entries.size > 1 else entries

    def faults(self, spikes: int, samples: int) -> Iterator[str]:
        """Samples that cannot be summed, a table of another length than sums there are."""
        if samples % self.decimation:
            yield f"{self.name}.decimation = {self.decimation} does not divide {samples} samples"
        elif self.offset.size not in (1, samples // self.decimation):
            yield f"{self.name} has {self.offset.size} entries for {samples // self.decimation} samples"

    def output(self, spikes: int, samples: int) -> Values:
        """A channel for each spike."""
        return Values(spikes, samples // self.decimation, self.exponent, OUTPUT_BITS, signed=True)
