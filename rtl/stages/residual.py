"""A ResNeXt block in hardware, one channel group at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rtl.shape.part import Buffer, Entry, ParameterWidths, PartTap, PartUnit, TransformPart
from rtl.shape.products import BlockPlan, product_work
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Convolution, Shadow
from rtl.shape.timing_parts import Residual as Timing
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, groups_of, lay_out
from rtl.stages.convolution import convolution_storage, convolution_tap, layer_work
from rtl.units.residual_block import ResidualBlock
from spikecae.stages import Residual

__all__ = ["ResidualPart"]


@lay_out.register(Residual)
class ResidualPart(TransformPart):
    """Three convolutions in a row, and a queue for the identity."""

    work_on = "convolutions"

    def __init__(self, stage: Residual, given: Stream, site: Site) -> None:
        if given.order != "group_time_channel" or stage.reduce.groups != site.groups:
            raise ValueError(
                f"stage {stage.name}: a residual block must come behind the first convolution, in as many groups as "
                f"all others: {stage.reduce.groups} groups, {site.groups} in the pipeline"
            )
        if stage.reduce.kernel != 1 or stage.expand.kernel != 1 or not all(part.relu for part in stage.convolutions):
            raise ValueError(f"stage {stage.name}: reduce and expand must be 1x1, and all three have a ReLU")
        if stage.conv.inputs != stage.conv.outputs:
            raise ValueError(
                f"stage {stage.name}: conv must have as many outputs as inputs, has {stage.conv.outputs} for "
                f"{stage.conv.inputs}"
            )
        self.name, self._stage, self._site = stage.name, stage, site
        self._place = f"pipeline.{stage.name}"
        own = site.hardware.stationary != "none"
        wide, narrow = given.elements, stage.reduce.outputs // site.groups
        self.block = BlockPlan(
            stage.name,
            site.product(stage.reduce, given, wide, narrow, own=own),
            site.product(stage.conv, given, narrow, narrow, own=own),
            site.product(stage.expand, given, narrow, wide, own=own, block=stage),
        )
        self.products = self.block.products
        self.output = Stream(
            channels=given.channels,
            samples=given.samples,
            elements=wide,
            bits=stage.expand.output_bits,
            signed=False,
            order=given.order,
            period=given.period,
        )

    @property
    def entry(self) -> Entry:
        """The first convolution's window's input."""
        return Entry(f"{self._place}.reduce.window", "i")

    @property
    def multipliers(self) -> int:
        """Those of all three products."""
        return sum(product.multipliers for product in self.products)

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        return ResidualBlock(self.block, widths.port_bits, (widths.bias_bits, widths.entry_bits), widths.per_word)

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> Timing:
        """Three products around a queue."""
        units = [
            Convolution(clock, product, own, requantized=True)
            for product, own in zip(self.products, shadows, strict=True)
        ]
        return Timing(units, self.block.delay)

    @property
    def _parts(self) -> list[str]:
        """Place of each convolution."""
        return [f"{self._place}.{part}" for part in ("reduce", "conv", "expand")]

    def units(self) -> Iterator[PartUnit]:
        """The convolutions and the queue."""
        for product, place in zip(self.products, self._parts, strict=True):
            yield PartUnit(product.name, place, product.multipliers, product.macs, product.moving)
        yield PartUnit(f"{self.name}.delay", f"{self._place}.delay")

    def buffers(self) -> Iterator[Buffer]:
        """The queue of the identity."""
        yield Buffer(f"{self._place}.delay", "storage", self.block.delay, self._identity_bits, immediate=True)

    @property
    def _identity_bits(self) -> int:
        """Of a sample of the identity."""
        return self.block.reduce.group_inputs * self.block.expand.identity_bits

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Outputs of all three."""
        for product, place in zip(self.products, self._parts, strict=True):
            yield convolution_tap(product, place)

    def storage(self) -> Mapping[str, int]:
        """Windows, accumulators, outputs, and the queue."""
        found = Counter({"residual delays": self.block.delay * self._identity_bits})
        for product in self.products:
            found.update(convolution_storage(product))
        return found

    def work(self) -> Mapping[Work, float]:
        """Products and outputs."""
        found: Counter[Work] = Counter()
        for product in self.products:
            found.update(product_work(product))
        return found

    def layers(self) -> Iterator[LayerWork]:
        """All three."""
        yield from map(layer_work, self.products)

    def faults(self) -> Iterator[str]:
        """Weights, biases and shifts of the identity that are too wide."""
        for product in self.products:
            yield from self._site.layer_faults(product.layer)
        hardware, largest = self._site.hardware, int(self._stage.identity_shift.max())
        if self._site.loadable and largest > hardware.identity_shift:
            yield (
                f"identity of {self.name} is shifted by {largest}, hardware.identity_shift = "
                f"{hardware.identity_shift}; raise it"
            )


@groups_of.register
def _(stage: Residual) -> int:
    return stage.reduce.groups
