"""What a spec says of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.stages.base import Transform, Values, register
from spikecae.stages.checks import MAX_SHIFT, require, require_array

__all__ = ["Gain"]


@register
@dataclass(frozen=True, eq=False)
class Gain(Transform):
    """``saturate(rshift_round(x · gain[c], shift[c]))``, signed."""

    kind = "gain"
    name: str
    gain: NDArray[np.int8]  # (channels,)
    gain_exponent: NDArray[np.int8]  # (channels,)
    input_exponent: int
    exponent: int
    bits: int

    def __post_init__(self) -> None:
        require_array(f"{self.name}.gain", self.gain, np.int8, (self.gain.size,))
        require_array(f"{self.name}.gain_exponent", self.gain_exponent, np.int8, (self.gain.size,))
        low, high = int(self.shift.min()), int(self.shift.max())
        require(low >= 0 and high <= MAX_SHIFT, f"{self.name}: shifts {low}..{high} must lie in 0..{MAX_SHIFT}")

    @property
    def shift(self) -> NDArray[np.int64]:
        """Right shift of each product, (channels,)."""
        return self.input_exponent + self.gain_exponent.astype(np.int64) - self.exponent

    def coefficients(self) -> Iterator[tuple[str, NDArray[np.int8]]]:
        yield self.name, self.gain

    def with_coefficients(self, name: str, values: NDArray[np.int8]) -> Self:
        return replace(self, gain=values) if name == self.name else super().with_coefficients(name, values)

    def faults(self, given: Values) -> Iterator[str]:
        if (given.channels, given.exponent, given.signed) != (self.gain.size, self.input_exponent, True):
            yield f"{self.name} takes {self.gain.size} signed channels at exponent {self.input_exponent}, gets {given}"

    def output(self, given: Values) -> Values:
        return replace(given, exponent=self.exponent, bits=self.bits)
