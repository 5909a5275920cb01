"""Normalization: converter codes to signed 8 bit, with an offset and a gain for each sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.stages.base import Source, Values, register
from spikecae.stages.checks import MAX_SHIFT, require, require_array, require_exponents

__all__ = ["Normalize"]

OUTPUT_BITS = 8


@register
@dataclass(frozen=True, eq=False)
class Normalize(Source):
    """``x8 = sat_s8(rshift_round((adc - offset[t]) * gain[t], shift))``, signed 8 bit.

    ``offset`` and ``gain`` have an entry for each sample, or one for all.
    """

    kind = "normalize"
    name: str
    offset: NDArray[np.int16]  # (D,) or (1,)
    gain: NDArray[np.uint16]  # (D,) or (1,)
    shift: int
    exponent: int

    def __post_init__(self) -> None:
        samples = self.offset.size
        require_array(f"{self.name}.offset", self.offset, np.int16, (samples,))
        require_array(f"{self.name}.gain", self.gain, np.uint16, (samples,))
        require_exponents(self.name, self.exponent)
        require(0 <= self.shift <= MAX_SHIFT, f"{self.name}.shift = {self.shift} must lie in 0..{MAX_SHIFT}")
        require(bool(self.gain.all()), f"{self.name}.gain is 0 at sample {int(np.argmin(self.gain))}; it must not be")

    @property
    def scale(self) -> NDArray[np.float64]:
        """ADC steps per unit of the normalized signal, (D,) or (1,): the inverse of what the chip multiplies by."""
        return np.float64(2.0) ** (self.shift + self.exponent) / self.gain

    def undo(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """``values · scale + offset``."""
        return values * self.scale + self.offset

    def faults(self, spikes: int, samples: int) -> Iterator[str]:
        """A table of another length than a spike."""
        if self.offset.size not in (1, samples):
            yield f"{self.name} has {self.offset.size} entries for {samples} samples"

    def output(self, spikes: int, samples: int) -> Values:
        """A channel for each spike."""
        return Values(spikes, samples, self.exponent, OUTPUT_BITS, signed=True)
