"""The shape of the hardware: which unit does what in how many cycles, decided from spec and fold alone.

Generator, memory images, manifest and estimates all read this plan, so that they cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rtl.shape.schedule import block_period, first_latency
from rtl.shape.search_plan import SearchPlan, plan_search
from spikecae.design import Hardware
from spikecae.spec import EncoderSpec
from spikecae.stages import Convolution, Pool, Project, Residual

__all__ = ["BlockPlan", "DotPlan", "Plan", "make_plan"]

MIN_PORT_WEIGHTS = 8
"""Weights that a memory word has room for at least."""


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)


@dataclass(frozen=True, eq=False)
class DotPlan:
    """One folded matrix-vector product: ``outputs`` dot products of ``inputs`` terms every ``period`` cycles.

    ``lanes`` outputs are computed at a time, ``taps`` of their terms each cycle; the weights of one
    channel group stay in registers for ``samples`` vectors.
    """

    name: str
    layer: Convolution
    group_inputs: int
    outputs: int
    samples: int
    period: int
    lanes: int
    taps: int
    weight_bits: int
    accumulator_bits: int
    identity_bits: int
    """Of a value that is added to each output; 0 if none is."""

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
        return _ceil_div(self.outputs, self.lanes)

    @property
    def input_steps(self) -> int:
        """Cycles an output takes."""
        return _ceil_div(self.inputs, self.taps)

    @property
    def steps(self) -> int:
        """Cycles a vector takes, at most ``period``."""
        return self.output_steps * self.input_steps

    @property
    def multipliers(self) -> int:
        """Multipliers of the unit."""
        return self.lanes * self.taps

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one channel group of a block."""
        return self.inputs * self.outputs * self.samples

    @property
    def group_weight_bits(self) -> int:
        """Bits of one group's weights, padded to whole steps."""
        return self.steps * self.multipliers * self.weight_bits

    def group_weight(self, group: int) -> NDArray[np.int8]:
        """Weights of one group, (outputs, inputs); terms go tap after tap, each tap channel after channel."""
        weight = self.layer.weight
        if self.layer.groups == 1 and weight.shape[1] != self.group_inputs:
            weight = weight[:, group * self.group_inputs : (group + 1) * self.group_inputs]
        else:
            weight = weight[group * self.outputs : (group + 1) * self.outputs]
        return np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(self.outputs, self.inputs)


def _shape(inputs: int, outputs: int, period: int) -> tuple[int, int]:
    """Fewest multipliers that keep up, as (lanes, taps); wide dot products before many of them."""
    shapes = (
        (lanes * taps, -taps, lanes)
        for lanes in range(1, outputs + 1)
        for taps in range(1, inputs + 1)
        if _ceil_div(outputs, lanes) * _ceil_div(inputs, taps) <= period
    )
    _, taps, lanes = min(shapes)
    return lanes, -taps


@dataclass(frozen=True, eq=False)
class BlockPlan:
    """A residual block and the pool behind it."""

    name: str
    reduce: DotPlan
    conv: DotPlan
    expand: DotPlan
    pool_name: str
    pool: int


@dataclass(frozen=True, eq=False)
class Plan:
    """The whole encoder."""

    spec: EncoderSpec
    hardware: Hardware
    groups: int
    conv: DotPlan
    blocks: tuple[BlockPlan, ...]
    project: DotPlan
    search: SearchPlan
    port_bits: int
    parameters_per_word: int
    bias_bits: int
    project_bias_bits: int

    @property
    def fold(self) -> int:
        """Cycles per sample."""
        return self.hardware.fold

    @property
    def loadable(self) -> bool:
        """Whether parameters are loaded, not built in."""
        return self.hardware.parameters == "ram"

    @property
    def dots(self) -> Iterator[DotPlan]:
        """All folded products in pipeline order; their weights are loaded in this order."""
        yield self.conv
        for block in self.blocks:
            yield from (block.reduce, block.conv, block.expand)
        yield self.project

    @property
    def requantized(self) -> Iterator[DotPlan]:
        """The products whose biases and shifts are loaded group by group: all but the last."""
        return (dot for dot in self.dots if dot is not self.project)

    @property
    def weight_words(self) -> list[int]:
        """Memory words of a group's weights, for each of ``dots``."""
        return [_ceil_div(dot.group_weight_bits, self.port_bits) for dot in self.dots]

    @property
    def parameter_words(self) -> list[int]:
        """Memory words of a group's biases and shifts, for each of ``requantized``."""
        return [_ceil_div(dot.outputs, self.parameters_per_word) for dot in self.requantized]

    @property
    def group_cycles(self) -> int:
        """Cycles a channel group may take: one sample every ``fold`` cycles."""
        return self.spec.samples * self.fold

    @property
    def encoder_cycles(self) -> int:
        """Cycles the convolutions take for a block: those of the slowest, at most ``groups · D · fold``."""
        return self.groups * max(dot.samples * dot.steps for dot in self.dots)

    @cached_property
    def cycles_per_block(self) -> int:
        """Cycles from block to block at full rate, packets of one block, code words as long as their table makes them.

        A symbol of ``n`` bits is taken to come once in ``2**n``; this matters only where packets limit the rate.
        """
        lengths = [self.spec.huffman.tables[part.code_table].astype(float) for part in self.spec.vq.table]
        return block_period(self, [float((bits * 2.0**-bits)[bits > 0].sum()) for bits in lengths])

    @cached_property
    def latency(self) -> int:
        """Cycles from a block's last sample to the last byte of its packet, were all code words 16 bits long."""
        return first_latency(self, [16.0] * len(self.spec.vq.table))

    @property
    def multipliers(self) -> int:
        """Multipliers of the convolutions."""
        return sum(dot.multipliers for dot in self.dots)

    @property
    def macs_per_block(self) -> int:
        """Multiply-accumulates of the convolutions."""
        return sum(dot.macs for dot in self.dots) * self.groups

    @property
    def utilisation(self) -> float:
        """Useful multiply-accumulates over multipliers times cycles, convolutions only."""
        return self.macs_per_block / (self.multipliers * self.encoder_cycles)


def make_plan(spec: EncoderSpec, hardware: Hardware) -> Plan:
    """Lay out an encoder.

    With built-in parameters the widths of accumulators come from the bound of these very weights, with loadable ones
    from that of any weights of ``hardware.weight_bits`` and any bias of ``hardware.bias_bits``.

    Raises:
        ValueError: the list of stages is not one this hardware knows (normalize, one 1x1 convolution,
            residual blocks each with a pool, project, vq, huffman), or a parameter exceeds its declared width.
    """
    loadable = hardware.parameters == "ram"
    fold: int = hardware.fold
    conv, *middle, project = [stage for stage in spec.stages if stage.kind not in ("normalize", "vq", "huffman")]
    residuals = [stage for stage in middle[0::2] if isinstance(stage, Residual)]
    pools = [stage for stage in middle[1::2] if isinstance(stage, Pool)]
    kinds = [stage.kind for stage in spec.stages]
    if not (
        isinstance(conv, Convolution)
        and isinstance(project, Project)
        and 2 * len(residuals) == 2 * len(pools) == len(middle) > 0
    ):
        raise ValueError(f"stages {kinds} are not normalize, conv, (residual, pool)..., project, vq, huffman")
    if conv.kernel != 1 or project.kernel != 1 or conv.groups != 1 or project.groups != 1:
        raise ValueError("the first and the last convolution must be 1x1 and ungrouped")
    groups = residuals[0].reduce.groups
    if any(layer.groups != groups for block in residuals for layer in block.convolutions):
        raise ValueError(f"all residual convolutions must have the same groups, {groups} in the first")

    _check_declared(hardware, [conv, *(layer for r in residuals for layer in r.convolutions), project], residuals)
    samples, period = spec.samples, fold

    def dot(layer: Convolution, group_inputs: int, outputs: int, owner: Convolution | Residual) -> DotPlan:
        terms = group_inputs * layer.kernel
        own = hardware.stationary in ("convolutions", "all") or (
            hardware.stationary == "blocks" and layer is not project
        )
        lanes, taps = (outputs, terms) if own else _shape(terms, outputs, period)
        identity_bits = owner.reduce.input_bits if isinstance(owner, Residual) else 0
        bits = owner.accumulator_bits
        if loadable:
            identity = ((1 << identity_bits) - 1) << hardware.identity_shift
            bits = layer.loadable_bits(hardware.weight_bits, hardware.bias_bits, identity)
        shape = (group_inputs, outputs, samples, period, lanes, taps)
        return DotPlan(layer.name, layer, *shape, hardware.weight_bits, bits, identity_bits)

    channels = conv.outputs // groups
    first = dot(conv, spec.spikes, channels, conv)
    blocks = []
    for residual, pool in zip(residuals, pools, strict=True):
        narrow = residual.reduce.outputs // groups
        plans = (
            dot(residual.reduce, channels, narrow, residual.reduce),
            dot(residual.conv, narrow, narrow, residual.conv),
            dot(residual.expand, narrow, channels, residual),
        )
        blocks.append(BlockPlan(residual.name, *plans, pool.name, pool.size))
        samples, period = samples // pool.size, period * pool.size
    last = dot(project, channels, project.outputs, project)

    dots = [first, *(d for b in blocks for d in (b.reduce, b.conv, b.expand)), last]
    cycles = spec.samples * fold
    port = 1 << (MIN_PORT_WEIGHTS * hardware.weight_bits - 1).bit_length()
    while sum(_ceil_div(d.group_weight_bits, port) for d in dots) > cycles:
        port *= 2
    per_word = 1
    while sum(_ceil_div(d.outputs, per_word) for d in dots[:-1]) > cycles:
        per_word *= 2
    # The block writer takes the first index after the events, and one every two cycles, three where codes are long.
    writing = spec.spikes + 8 + 2 * len(spec.vq.table)
    search = plan_search(spec, hardware, budget=(groups - 1 if groups > 1 else 1) * cycles - writing)
    if loadable:
        widths = (hardware.bias_bits, hardware.bias_bits)
    else:
        widths = (max(d.layer.bias_bits for d in dots[:-1]), last.layer.bias_bits)
    return Plan(spec, hardware, groups, first, tuple(blocks), last, search, port, per_word, *widths)


def _check_declared(hardware: Hardware, layers: list[Convolution], residuals: list[Residual]) -> None:
    """Refuse parameters that do not fit the fields they would be loaded into."""
    faults = [
        f"weights of {layer.name} need {layer.weight_bits} bits, hardware.weight_bits = {hardware.weight_bits}; raise "
        f"it, or quantize with quantization.weight_bits = {hardware.weight_bits}"
        for layer in layers
        if layer.weight_bits > hardware.weight_bits
    ]
    loadable = hardware.parameters == "ram"
    faults += [
        f"biases of {layer.name} need {layer.bias_bits} bits, hardware.bias_bits = {hardware.bias_bits}; raise it"
        for layer in layers
        if loadable and layer.bias_bits > hardware.bias_bits
    ]
    faults += [
        f"identity of {block.name} is shifted by {block.identity_shift.max()}, "
        f"hardware.identity_shift = {hardware.identity_shift}; raise it"
        for block in residuals
        if loadable and block.identity_shift.max() > hardware.identity_shift
    ]
    if faults:
        raise ValueError("\n".join(faults))
