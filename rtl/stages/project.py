"""The last convolution in hardware: it adds up what each channel group contributes."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtl.shape.images import SHIFT_BITS, Image, join
from rtl.shape.memory_use import MemoryUse, held_in
from rtl.shape.part import Buffer, Entry, ParameterWidths, PartTap, PartUnit, Table, TransformPart
from rtl.shape.products import DotPlan, product_work, sum_banks
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Shadow
from rtl.shape.timing_parts import Projector as Timing
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, lay_out
from rtl.stages.convolution import layer_work
from rtl.units.projector import Projector
from spikecae.stages import Convolution, Project

__all__ = ["ProjectPart", "latent_words"]


def latent_words(product: DotPlan, bias_bits: int) -> list[int]:
    """Bias and shift of every output of a product, ``lanes`` outputs a word."""
    widths, words = (bias_bits, SHIFT_BITS), []
    for step in range(product.output_steps):
        outputs = range(step * product.lanes, min((step + 1) * product.lanes, product.outputs))
        pairs = [(product.layer.bias[n], product.layer.shift[n]) for n in outputs]
        words.append(join(field for pair in pairs for field in zip(pair, widths, strict=True)))
    return words


@lay_out.register(Project)
class ProjectPart(TransformPart):
    """A folded product, partial sums of every latent, and rounding behind the last group."""

    work_on = "last convolution"
    direct = False
    """Whether its weights are used as they come from memory."""

    def __init__(self, stage: Convolution, given: Stream, site: Site) -> None:
        if given.order != "group_time_channel" or stage.kernel != 1 or stage.groups != 1:
            raise ValueError(
                f"stage {stage.name}: the projection must be 1x1 and ungrouped, behind the first convolution"
            )
        self.name, self._site = stage.name, site
        self._place = f"pipeline.{stage.name}"
        own, direct = site.hardware.stationary in ("convolutions", "all"), self.direct
        product = site.product(stage, given, given.elements, stage.outputs, own=own, requantized=False, direct=direct)
        self.product, self.products = product, (product,)
        self.bias_bits = site.hardware.bias_bits if site.loadable else stage.bias_bits
        self.output = Stream(
            channels=stage.outputs,
            samples=given.samples,
            elements=product.lanes,
            bits=stage.output_bits,
            signed=True,
            order="time_channel",
            period=given.period,
        )

    @property
    def entry(self) -> Entry:
        """The input of its register, or of its product."""
        return Entry(f"{self._place}.{'dot' if self.direct else 'register'}", "i")

    @property
    def multipliers(self) -> int:
        """Those of its product."""
        return self.product.multipliers

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        isolate = self._site.hardware.operand_isolation
        return Projector(self.product, widths.port_bits, self.bias_bits, isolate)

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> Timing:
        """One product, of which the last group's sums leave."""
        return Timing(clock, self.product, shadows[0])

    def tables(self) -> Mapping[str, Table]:
        """Bias and shift of every latent, ``lanes`` outputs a word."""
        width = self.product.lanes * (self.bias_bits + SHIFT_BITS)
        return {"latents": Table(Image(latent_words(self.product, self.bias_bits), width), "table", read_once=False)}

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit(self.name, self._place, self.product.multipliers, self.product.macs, self.product.moving)

    def buffers(self) -> Iterator[Buffer]:
        """Partial sums, in one memory or several."""
        product, banks = self.product, sum_banks(self.product)
        words, width = product.sums // banks, product.lanes * product.accumulator_bits
        for bank in range(banks if product.sums else 0):
            yield Buffer(f"{self._place}.accumulator", f"sums{bank}", words, width, busy=True)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Latents, where they are taken."""
        product = self.product
        transfers = product.samples * product.output_steps
        yield PartTap(self.name, following, product.lanes, product.layer.output_bits, True, transfers, "time_channel")

    def storage(self) -> Mapping[str, int]:
        """Window and accumulators; partial sums, and registers that they are written from."""
        product = self.product
        sums, word = product.sums, product.lanes * product.accumulator_bits
        return {
            "windows": 0 if self.direct else product.layer.input_bits * product.inputs,
            "accumulators, with their shifts": word,
            "sums over groups": sums * word,
            "sums to be written": 0 if sums < 2 else sum_banks(product) * word,
        }

    def work(self) -> Mapping[Work, float]:
        """Products and latents; bits of partial sums, by what holds them."""
        product = self.product
        first = next(self.buffers(), None)
        if first is None:
            return product_work(product)
        bits = product.accumulator_bits * product.outputs * product.samples * product.groups
        use = MemoryUse(words=max(2, first.words), width=first.width, write_bits=first.width, busy=True)
        kept: dict[Work, float] = {"sum bit": bits}
        if held_in(use, macros=True) == "macro":
            kept = {"memory bit": 2 * bits}
        return product_work(product) | kept

    def layers(self) -> Iterator[LayerWork]:
        """Itself."""
        yield layer_work(self.product)

    def faults(self) -> Iterator[str]:
        """Weights and biases that are too wide."""
        yield from self._site.layer_faults(self.product.layer)
