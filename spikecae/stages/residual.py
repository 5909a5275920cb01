"""ResNeXt block: three convolutions and the identity."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.limits import MOST_PER_GROUP
from spikecae.stages.base import Transform, Values, register
from spikecae.stages.checks import MAX_SHIFT, require
from spikecae.stages.convolution import Convolution
from spikecae.widths import signed_width

__all__ = ["Residual"]


@register
@dataclass(frozen=True, eq=False)
class Residual(Transform):
    """ResNeXt block: reduce (1x1), conv (1xk), expand (1x1), plus the identity, then ReLU.

    The accumulator of ``expand`` is not requantized before the add: the identity is shifted left into
    its exponent. ``expand.exponent`` is the block's.
    """

    kind = "residual"
    name: str
    reduce: Convolution
    conv: Convolution
    expand: Convolution

    def __post_init__(self) -> None:
        reduce, conv, expand = self.convolutions
        groups = [part.groups for part in self.convolutions]
        require(len(set(groups)) == 1, f"{self.name}: its convolutions must have the same groups, got {groups}")
        widest = max(max(part.inputs, part.outputs) // part.groups for part in self.convolutions)
        require(widest <= MOST_PER_GROUP, f"{self.name}: {widest} channels per group, {MOST_PER_GROUP} at most")
        for part in (reduce, expand):
            require(part.kernel == 1, f"{part.name}: kernel of {part.kernel} taps must be 1")
        for first, second in ((reduce, conv), (conv, expand)):
            require(
                first.outputs == second.inputs and first.exponent == second.input_exponent,
                f"{second.name} does not continue {first.name}: {first.outputs} channels at exponent {first.exponent} "
                f"meet {second.inputs} at {second.input_exponent}",
            )
            require(
                second.input_bits == first.output_bits,
                f"{second.name}.input_bits = {second.input_bits}, but {first.name} has output_bits = "
                f"{first.output_bits}",
            )
            require(
                second.input_signed == first.output_signed,
                f"{second.name}.input_signed = {second.input_signed}, but {first.name} has relu = {first.relu}",
            )
        require(expand.outputs == reduce.inputs, f"{self.name}: the identity needs as many outputs as inputs")
        low = int(self.identity_shift.min())
        high = int(self.identity_shift.max())
        require(low >= 0, f"{self.name}: identity shift {low} is negative; choose finer weights in {expand.name}")
        require(high <= MAX_SHIFT, f"{self.name}: identity shift {high} exceeds {MAX_SHIFT}")

    @property
    def names(self) -> tuple[str, ...]:
        """The block's and its convolutions'."""
        return (self.name, *(part.name for part in self.convolutions))

    @property
    def identity_shift(self) -> NDArray[np.int64]:
        """Left shift that brings the identity to the accumulator's exponent, (outputs,)."""
        return self.expand.input_exponent + self.expand.weight_exponent.astype(np.int64) - self.reduce.input_exponent

    @property
    def bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each accumulator of ``expand`` can reach, the identity included, (outputs,) twice."""
        low, high = self.expand.bounds
        smallest, largest = self.reduce.input_range
        return low + (smallest << self.identity_shift), high + (largest << self.identity_shift)

    @property
    def accumulator_bits(self) -> int:
        """Width of the accumulator of ``expand``, the identity included."""
        low, high = self.bounds
        return signed_width(int(low.min()), int(high.max()))

    @property
    def convolutions(self) -> tuple[Convolution, Convolution, Convolution]:
        """The three convolutions in order."""
        return self.reduce, self.conv, self.expand

    def coefficients(self) -> Iterator[tuple[str, NDArray[np.int8]]]:
        """The weights of all three."""
        for part in self.convolutions:
            yield from part.coefficients()

    def with_coefficients(self, name: str, values: NDArray[np.int8]) -> Self:
        """Other weights in one of them."""
        reduce, conv, expand = (
            part.with_coefficients(name, values) if part.name == name else part for part in self.convolutions
        )
        if (reduce, conv, expand) == self.convolutions:
            raise KeyError(name)
        return replace(self, reduce=reduce, conv=conv, expand=expand)

    def faults(self, given: Values) -> Iterator[str]:
        """Those of its first convolution."""
        return self.reduce.faults(given)

    def output(self, given: Values) -> Values:
        """That of its last one."""
        return self.expand.output(given)
