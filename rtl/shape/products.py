"""Folded matrix-vector products: how many outputs at a time, how many terms a cycle."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.shape.memory_use import BUSY_WORDS
from rtl.shape.work import Work
from spikecae.stages import Convolution

__all__ = ["FOLDED_PRODUCTS", "BlockPlan", "DotPlan", "ceil_div", "fewest_multipliers", "product_work", "sum_banks"]

FOLDED_PRODUCTS = 256
"""So many of a linear map, or of a class's score, take as many cycles as the fold says."""
RESIDUAL_STAGES = 4
"""Samples in a residual block's convolutions and registers, whatever their kernel."""


def ceil_div(a: int, b: int) -> int:
    """``a / b``, rounded up."""
    return -(-a // b)


@dataclass(frozen=True, eq=False)
class DotPlan:
    """One folded matrix-vector product: ``outputs`` dot products of ``inputs`` terms every ``period`` cycles.

    ``lanes`` outputs are computed at a time, ``taps`` of their terms each cycle; the weights of one
    channel group stay in registers for ``samples`` vectors.
    """

    name: str
    layer: Convolution
    groups: int
    """Channel groups of a block."""
    group_inputs: int
    outputs: int
    samples: int
    period: int
    lanes: int
    taps: int
    weight_bits: int
    accumulator_bits: int
    identity_bits: int = 0
    """Of a value that is added to each output; 0 if none is."""
    identity_shift: NDArray[np.int64] | None = None
    """By which it is shifted left before, (layer.outputs,)."""
    requantized: bool = True
    """Whether each group's outputs are requantized, with biases and shifts that come with the group's weights."""
    direct: bool = False
    """Whether the weights of each step come from memory when they are used, and a vector meets all groups before the
    next one comes; else those of a group wait in registers, and all vectors meet them before those of the next."""

    @property
    def has_identity(self) -> bool:
        """Whether a value is added to each output."""
        return self.identity_bits > 0

    @property
    def inputs(self) -> int:
        """Terms of a dot product: channels of a group times kernel."""
        return self.group_inputs * self.layer.kernel

    @property
    def output_steps(self) -> int:
        """Passes over the outputs."""
        return ceil_div(self.outputs, self.lanes)

    @property
    def input_steps(self) -> int:
        """Cycles an output takes."""
        return ceil_div(self.inputs, self.taps)

    @property
    def steps(self) -> int:
        """Cycles a vector takes, at most ``period``."""
        return self.output_steps * self.input_steps

    @property
    def multipliers(self) -> int:
        """Multipliers of the unit."""
        return self.lanes * self.taps

    @property
    def moving(self) -> bool:
        """Whether a multiplier's weight changes with every product, as its other factor does."""
        return self.steps > 1 and not self.direct

    @property
    def macs(self) -> int:
        """Multiply-accumulates for a block."""
        return self.inputs * self.outputs * self.samples * self.groups

    @property
    def group_weight_bits(self) -> int:
        """Bits of one group's weights, padded to whole steps."""
        return self.steps * self.step_weight_bits

    @property
    def step_weight_bits(self) -> int:
        """Bits of the weights of one step."""
        return self.multipliers * self.weight_bits

    def group_weight_words(self, port_bits: int) -> int:
        """Memory words of one group's weights; where they are used as they come, each step begins a new word."""
        if self.direct:
            return self.steps * ceil_div(self.step_weight_bits, port_bits)
        return ceil_div(self.group_weight_bits, port_bits)

    @property
    def sums(self) -> int:
        """Words of ``lanes`` partial sums that wait for the next group; none if there is no other."""
        return 0 if self.groups == 1 else self.output_steps * (1 if self.direct else self.samples)

    def group_weight(self, group: int) -> NDArray[np.int8]:
        """Weights of one group, (outputs, inputs); terms go tap after tap, each tap channel after channel."""
        weight = self.layer.weight
        if self.layer.groups == 1 and weight.shape[1] != self.group_inputs:
            weight = weight[:, group * self.group_inputs : (group + 1) * self.group_inputs]
        else:
            weight = weight[group * self.outputs : (group + 1) * self.outputs]
        return np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(self.outputs, self.inputs)

    def entries(self, group: int) -> Iterator[tuple[int, int, int]]:
        """Bias, shift and identity shift of each of a group's outputs."""
        for channel in range(group * self.outputs, (group + 1) * self.outputs):
            identity = 0 if self.identity_shift is None else int(self.identity_shift[channel])
            yield int(self.layer.bias[channel]), int(self.layer.shift[channel]), identity


@dataclass(frozen=True, eq=False)
class BlockPlan:
    """The products of a residual block."""

    name: str
    reduce: DotPlan
    conv: DotPlan
    expand: DotPlan

    @property
    def products(self) -> tuple[DotPlan, DotPlan, DotPlan]:
        """All three, in order."""
        return self.reduce, self.conv, self.expand

    @property
    def delay(self) -> int:
        """Samples that the queue around the convolutions holds.

        Three in the convolutions, the window's look-ahead, and pipeline registers: two each behind reduce and conv, and
        one before expand's, count in samples of ``period`` cycles. A shorter one would slow the block down.
        """
        return self.conv.layer.kernel // 2 + RESIDUAL_STAGES + -(-6 // self.conv.period)


def fewest_multipliers(inputs: int, outputs: int, period: int) -> tuple[int, int]:
    """Fewest multipliers that keep up, as (lanes, taps); wide dot products before many of them."""
    shapes = (
        (lanes * taps, -taps, lanes)
        for lanes in range(1, outputs + 1)
        for taps in range(1, inputs + 1)
        if ceil_div(outputs, lanes) * ceil_div(inputs, taps) <= period
    )
    _, taps, lanes = min(shapes)
    return lanes, -taps


def sum_banks(plan: DotPlan) -> int:
    """Memories that partial sums lie in: one for each step where they are flip-flops, so that only the inputs of a few
    change at a time, and few of the multiplexers behind them."""
    return plan.output_steps if plan.sums <= BUSY_WORDS else 1


def product_work(product: DotPlan) -> dict[Work, float]:
    """Of a folded product; multiply-accumulates in proportion to their operands' widths, 8 by 8 bits being one."""
    kind: Work = "stationary" if product.steps == 1 else "moving"
    widths = product.weight_bits * product.layer.input_bits
    return {kind: product.macs * widths / 64}
