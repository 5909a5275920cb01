"""How a kind of stage becomes hardware: what each kind's file registers, and what it is told of the whole."""

from dataclasses import dataclass
from functools import singledispatch
from typing import TypeVar, cast

from rtl.shape.feed import Feed
from rtl.shape.part import Part
from rtl.shape.products import DotPlan, fewest_multipliers
from rtl.shape.stream import Stream
from spikecae.design import Hardware
from spikecae.spec import EncoderSpec
from spikecae.stages import Convolution, Residual
from spikecae.stages.base import Stage

__all__ = ["Site", "feed_of", "groups_of", "lay_out"]

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True, eq=False)
class Site:
    """What a part is laid out for: the ``specs`` of the chip's operating points, the ``hardware``'s knobs, and the
    ``feed`` of the first stage."""

    specs: tuple[EncoderSpec, ...]
    hardware: Hardware
    feed: Feed

    @property
    def spec(self) -> EncoderSpec:
        """That of the first point, from whose stages parts are laid out."""
        return self.specs[0]

    def at_points(self, stage: S) -> tuple[S, ...]:
        """What a stage of the first point is at each."""
        place = next(number for number, own in enumerate(self.spec.stages) if own is stage)
        return tuple(cast(S, spec.stages[place]) for spec in self.specs)

    @property
    def groups(self) -> int:
        """Groups that the pipeline is walked by, each with weights of its own."""
        return self.feed.groups

    @property
    def loadable(self) -> bool:
        """Whether parameters are loaded, not built in."""
        return self.hardware.parameters == "ram"

    @property
    def group_cycles(self) -> int:
        """Cycles a group may take: one transfer every ``fold`` cycles."""
        return self.feed.transfers // self.feed.groups * self.hardware.fold

    def product(
        self,
        layer: Convolution,
        given: Stream,
        group_inputs: int,
        outputs: int,
        *,
        own: bool,
        block: Residual | None = None,
        requantized: bool = True,
        direct: bool = False,
    ) -> DotPlan:
        """A convolution as a folded product.

        Args:
            layer: its integers.
            given: what comes, sample after sample.
            group_inputs: input channels of a group.
            outputs: outputs of a group.
            own: whether every weight has a multiplier of its own.
            block: whose identity is added to the sums.
            requantized: whether each group's outputs are.
            direct: whether weights are used as they come from memory.
        """
        hardware = self.hardware
        terms = group_inputs * layer.kernel
        lanes, taps = (outputs, terms) if own else fewest_multipliers(terms, outputs, given.period)
        identity_bits = 0 if block is None else block.reduce.input_bits
        bits = layer.accumulator_bits if block is None else block.accumulator_bits
        if self.loadable:
            identity = ((1 << identity_bits) - 1) << hardware.identity_shift
            bits = layer.loadable_bits(hardware.weight_bits, hardware.bias_bits, identity)
        return DotPlan(
            name=layer.name,
            layer=layer,
            groups=self.groups,
            group_inputs=group_inputs,
            outputs=outputs,
            samples=given.samples,
            period=given.period,
            lanes=lanes,
            taps=taps,
            weight_bits=hardware.weight_bits,
            accumulator_bits=bits,
            identity_bits=identity_bits,
            identity_shift=None if block is None else block.identity_shift,
            requantized=requantized,
            direct=direct,
        )

    def layer_faults(self, layer: Convolution) -> list[str]:
        """Weights or biases that do not fit the fields they would be loaded into."""
        hardware, faults = self.hardware, []
        if layer.weight_bits > hardware.weight_bits:
            faults.append(
                f"weights of {layer.name} need {layer.weight_bits} bits, hardware.weight_bits = "
                f"{hardware.weight_bits}; raise it, or quantize with quantization.weight_bits = {hardware.weight_bits}"
            )
        if self.loadable and layer.bias_bits > hardware.bias_bits:
            faults.append(
                f"biases of {layer.name} need {layer.bias_bits} bits, hardware.bias_bits = {hardware.bias_bits}; "
                "raise it"
            )
        return faults


@singledispatch
def feed_of(stage: Stage, spec: EncoderSpec) -> Feed:
    """How the first transform takes a block: sample after sample, once for each channel group of the encoder.

    Raises:
        ValueError: the stages are in different groups.
    """
    grouped = {transform.name: groups_of(transform) for transform in spec.transforms}
    numbers = sorted({groups for groups in grouped.values() if groups > 1})
    if len(numbers) > 1:
        raise ValueError(f"all grouped stages must have the same groups, these have {grouped}")
    samples = spec.source.output(spec.spikes, spec.samples).samples
    repeats = numbers[0] if numbers else 1
    return Feed(spec.spikes, samples, spec.spikes, repeats=repeats, codes=spec.samples // samples)


@singledispatch
def groups_of(stage: Stage) -> int:
    """Channel groups that a stage's channels are in, which do not see one another; 1 where it has none."""
    return 1


@singledispatch
def lay_out(stage: Stage, given: Stream | None, site: Site) -> Part:
    """A stage in hardware.

    Args:
        stage: its integers.
        given: what it takes; None for ADC codes and for symbols.
        site: the whole.

    Raises:
        ValueError: the hardware does not know this kind, or not at this place.
    """
    raise ValueError(f"stage {stage.name}: the hardware does not know kind {stage.kind!r}")
