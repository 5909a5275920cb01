"""The first convolution in hardware: it sees all channels, and makes one channel group after the other."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtl.shape.images import SHIFT_BITS
from rtl.shape.part import Entry, ParameterWidths, PartTap, PartUnit, TransformPart
from rtl.shape.products import DotPlan, product_work
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Shadow
from rtl.shape.timing_parts import Convolution as Timing
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, groups_of, lay_out
from rtl.units.convolution import Convolution as Unit
from spikecae.stages import Convolution

__all__ = ["ConvolutionPart", "convolution_storage", "convolution_tap", "layer_work"]


def convolution_storage(product: DotPlan) -> dict[str, int]:
    """Bits in a convolution's window, accumulators and outputs."""
    layer = product.layer
    return {
        "windows": layer.input_bits * product.inputs,
        "accumulators, with their shifts": product.lanes * (product.accumulator_bits + SHIFT_BITS),
        "outputs of convolutions": layer.output_bits * product.outputs,
    }


def convolution_tap(product: DotPlan, place: str) -> PartTap:
    """A convolution's outputs, group after group."""
    return PartTap(
        stage=product.name,
        entry=Entry(f"{place}.requantizer", "o"),
        elements=product.outputs,
        width=product.layer.output_bits,
        signed=product.layer.output_signed,
        transfers=product.groups * product.samples,
        order="group_time_channel",
    )


def layer_work(product: DotPlan) -> LayerWork:
    """A convolution's multiply-accumulates, every weight read once a block."""
    return LayerWork(product.name, product.macs, product.group_weight_bits * product.groups)


@lay_out.register(Convolution)
class ConvolutionPart(TransformPart):
    """Window, folded product and rounding."""

    work_on = "convolutions"

    def __init__(self, stage: Convolution, given: Stream, site: Site) -> None:
        if given.order != "repeated" or stage.kernel != 1 or stage.groups != 1 or not stage.relu:
            raise ValueError(
                f"stage {stage.name}: only the first convolution may stand alone, 1x1, ungrouped, with a ReLU; behind "
                f"it the hardware knows residual blocks, pools and a projection"
            )
        self.name, self._site = stage.name, site
        self._place = f"pipeline.{stage.name}"
        own = site.hardware.stationary != "none"
        outputs = stage.outputs // site.groups
        self.product = site.product(stage, given, given.channels, outputs, own=own)
        self.products = (self.product,)
        self.output = Stream(
            channels=stage.outputs,
            samples=given.samples,
            elements=outputs,
            bits=stage.output_bits,
            signed=False,
            order="group_time_channel",
            period=given.period,
        )

    @property
    def entry(self) -> Entry:
        """Its window's input."""
        return Entry(f"{self._place}.window", "i")

    @property
    def multipliers(self) -> int:
        """Those of its product."""
        return self.product.multipliers

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        return Unit(self.product, widths.port_bits, (widths.bias_bits, widths.entry_bits), widths.per_word)

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> Timing:
        """One product, requantized."""
        return Timing(clock, self.product, shadows[0], requantized=True)

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit(self.name, self._place, self.product.multipliers, self.product.macs, self.product.moving)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Its outputs."""
        yield convolution_tap(self.product, self._place)

    def storage(self) -> Mapping[str, int]:
        """Window, accumulators, outputs."""
        return convolution_storage(self.product)

    def work(self) -> Mapping[Work, float]:
        """Products and outputs."""
        return product_work(self.product)

    def layers(self) -> Iterator[LayerWork]:
        """Itself."""
        yield layer_work(self.product)

    def faults(self) -> Iterator[str]:
        """Weights and biases that are too wide."""
        yield from self._site.layer_faults(self.product.layer)


@groups_of.register
def _(stage: Convolution) -> int:
    return stage.groups
