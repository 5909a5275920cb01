"""Convolution along time, in channel groups."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from spikecae.limits import KERNELS, MOST_CHANNELS, MOST_PER_GROUP
from spikecae.stages.base import Transform, Values, register
from spikecae.stages.checks import MAX_SHIFT, require, require_array, require_exponents, require_range
from spikecae.widths import accumulator_bounds, integer_range, loadable_bounds, signed_width

__all__ = ["ACTIVATION_BITS", "Convolution"]

ACTIVATION_BITS = 8
"""Widest activation."""
LEAST_BITS = 2
"""Narrowest."""


@register
@dataclass(frozen=True, eq=False)
class Convolution(Transform):
    """Convolution along time with zero padding, bias, and requantization to ``output_bits``, 8 at most.

    ``weight`` is (outputs, inputs / groups, kernel): output channel c, of group c // (outputs / groups), sums over the
    input channels of that group. The accumulator of output c has exponent ``input_exponent + weight_exponent[c]``; the
    bias lives there.
    """

    kind = "conv"
    widest_output: ClassVar[int] = ACTIVATION_BITS
    name: str
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]  # (outputs,)
    weight_exponent: NDArray[np.int8]  # (outputs,)
    input_exponent: int
    exponent: int
    groups: int
    input_signed: bool
    relu: bool
    input_bits: int = ACTIVATION_BITS
    output_bits: int = ACTIVATION_BITS

    def __post_init__(self) -> None:
        name = self.name
        require_range(f"{name}.input_bits", self.input_bits, LEAST_BITS, ACTIVATION_BITS)
        require_range(f"{name}.output_bits", self.output_bits, LEAST_BITS, self.widest_output)
        require(
            self.weight.ndim == 3 and self.weight.size > 0,
            f"{name}.weight must be (outputs, inputs / groups, kernel), got {self.weight.shape}",
        )
        outputs = self.weight.shape[0]
        require_array(f"{name}.weight", self.weight, np.int8, self.weight.shape)
        require_array(f"{name}.bias", self.bias, np.int32, (outputs,))
        require_array(f"{name}.weight_exponent", self.weight_exponent, np.int8, (outputs,))
        require_range(f"{name}: outputs", outputs, 1, MOST_CHANNELS)
        require_range(f"{name}.groups", self.groups, 1, MOST_CHANNELS)
        require_range(f"{name}: inputs", self.inputs, 1, MOST_CHANNELS)
        require(outputs % self.groups == 0, f"{name}.groups = {self.groups} does not divide {outputs} outputs")
        widest = max(self.weight.shape[1], outputs // self.groups)
        require(
            self.groups == 1 or widest <= MOST_PER_GROUP,
            f"{name}: {widest} channels per group, {MOST_PER_GROUP} at most",
        )
        require(self.kernel in KERNELS, f"{name}: kernel of {self.kernel} taps must be one of {KERNELS}")
        require_exponents(name, self.input_exponent, self.exponent)
        low, high = int(self.shift.min()), int(self.shift.max())
        require(low >= 0 and high <= MAX_SHIFT, f"{name}: shifts {low}..{high} must lie in 0..{MAX_SHIFT}")

    @property
    def inputs(self) -> int:
        """Input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def outputs(self) -> int:
        """Output channels."""
        return int(self.weight.shape[0])

    @property
    def kernel(self) -> int:
        """Taps along time."""
        return int(self.weight.shape[2])

    @property
    def shift(self) -> NDArray[np.int64]:
        """Right shift from accumulator to output, (outputs,)."""
        return self.input_exponent + self.weight_exponent.astype(np.int64) - self.exponent

    @property
    def input_range(self) -> tuple[int, int]:
        """Smallest and largest input integer."""
        return integer_range(self.input_bits, signed=self.input_signed)

    @property
    def output_range(self) -> tuple[int, int]:
        """Smallest and largest output integer."""
        return integer_range(self.output_bits, signed=self.output_signed)

    @property
    def output_signed(self) -> bool:
        """Outputs are unsigned after a ReLU, signed elsewhere."""
        return not self.relu

    @property
    def bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each accumulator can reach with these weights, (outputs,) twice."""
        return accumulator_bounds(self.weight, self.bias, self.input_range)

    @property
    def accumulator_bits(self) -> int:
        """Width of the accumulator that these weights can never overflow."""
        low, high = self.bounds
        return signed_width(int(low.min()), int(high.max()))

    @property
    def bias_bits(self) -> int:
        """Signed width of the widest bias."""
        return signed_width(int(self.bias.min()), int(self.bias.max()))

    @property
    def weight_bits(self) -> int:
        """Signed width of the widest weight."""
        return signed_width(int(self.weight.min()), int(self.weight.max()))

    def loadable_bits(self, weight_bits: int, bias_bits: int, identity: int = 0) -> int:
        """Width of an accumulator that no weights of ``weight_bits``, and no biases of ``bias_bits``, can overflow.

        Args:
            weight_bits: signed width of a weight.
            bias_bits: signed width of a bias.
            identity: largest value added to it.
        """
        terms = self.weight.shape[1] * self.kernel
        return signed_width(*loadable_bounds(terms, self.input_range, weight_bits, bias_bits, identity))

    def coefficients(self) -> Iterator[tuple[str, NDArray[np.int8]]]:
        """The weights."""
        yield self.name, self.weight

    def with_coefficients(self, name: str, values: NDArray[np.int8]) -> Self:
        """Other weights."""
        return replace(self, weight=values) if name == self.name else super().with_coefficients(name, values)

    def faults(self, given: Values) -> Iterator[str]:
        """Other channels, or other integers, than it was made for."""
        if (self.inputs, self.input_exponent) != (given.channels, given.exponent):
            yield (
                f"{self.name} takes {self.inputs} channels at exponent {self.input_exponent}, "
                f"but gets {given.channels} at {given.exponent}"
            )
        yield from self.integer_faults(given)

    def integer_faults(self, given: Values) -> Iterator[str]:
        """Other integers than it was made for."""
        if self.input_signed != given.signed:
            yield f"{self.name}.input_signed = {self.input_signed}, but what it gets says {given.signed}"
        if self.input_bits != given.bits:
            yield f"{self.name}.input_bits = {self.input_bits}, but what it gets has {given.bits}"

    def output(self, given: Values) -> Values:
        """As many samples."""
        return Values(self.outputs, given.samples, self.exponent, self.output_bits, self.output_signed)
