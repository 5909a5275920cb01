"""The shape of the hardware: which unit does what in how many cycles.

Generator, memory images, manifest and estimates all walk this plan, so that they cannot disagree.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rtl.shape.feed import Feed
from rtl.shape.images import Image, parameter_words, weight_words
from rtl.shape.part import ParameterWidths, Part, Table, TransformPart
from rtl.shape.products import DotPlan, ceil_div
from rtl.shape.timing import Timing
from rtl.shape.timing_parts import Clock, Shadow, TimingPart
from spikecae.design import BlockKind, Hardware
from spikecae.spec import EncoderSpec

__all__ = ["PARAMETERS", "WEIGHTS", "CoderPart", "Plan", "QuantizerPart", "SourcePart", "parameter_widths"]

WEIGHTS, PARAMETERS = "weights", "parameters"
"""The memories that all products share: weights; biases and shifts."""
LONGEST_CODE = 16
"""Bits."""
ESCAPE_CYCLES = 3
"""That the number of a level outside takes, besides its bytes."""
SETTLING = 16
"""Cycles from one end of the chip's control to the other, and room."""


class SourcePart(Part):
    """Makes values of ADC codes, in front of the input buffer."""

    @abstractmethod
    def component(self) -> Any:
        """The unit: an Amaranth component like :class:`rtl.units.normalizer.Normalizer`."""


class QuantizerPart(TransformPart):
    """Makes symbols."""

    index_bits: int
    """Width of a symbol, or of an escape's number."""
    golomb_order: int | None = None
    """Of the code of escapes; None where there are none."""
    macs: int
    """Multiply-accumulates for a block."""


class CoderPart(Part):
    """Makes bits of symbols."""

    @abstractmethod
    def component(self, index_bits: int, golomb_order: int | None) -> Any:
        """The unit, for symbols of so many bits, and numbers in a Golomb code if it has an order: a component like
        :class:`rtl.packets.block_writer.BlockWriter`."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The whole encoder. ``specs`` are those of its operating points; ``parts`` those between input buffer and coder,
    the quantizer's last."""

    specs: tuple[EncoderSpec, ...]
    hardware: Hardware
    feed: Feed
    source: SourcePart
    parts: tuple[TransformPart, ...]
    quantizer: QuantizerPart
    coder: CoderPart
    widths: ParameterWidths
    block: BlockKind
    """What a block's spikes are."""

    @property
    def whole(self) -> bool:
        """Whether a block is an event of several spikes, of which none may be missing."""
        return self.block == "neighbourhood" and self.spec.spikes > 1

    @property
    def spec(self) -> EncoderSpec:
        """That of the first operating point. The others differ in tables alone."""
        return self.specs[0]

    @property
    def points(self) -> int:
        """Operating points."""
        return len(self.specs)

    @property
    def groups(self) -> int:
        """Groups that a block is walked by, each with weights of its own."""
        return self.feed.groups

    @property
    def fold(self) -> int:
        """Cycles per sample."""
        return self.hardware.fold

    @property
    def loadable(self) -> bool:
        """Whether parameters are loaded, not built in."""
        return self.hardware.parameters == "ram"

    @property
    def walk(self) -> Iterator[Part]:
        """All parts, in the order that data take."""
        yield self.source
        yield from self.parts
        yield self.coder

    @property
    def placed(self) -> list[TransformPart]:
        """``parts`` in the order in which the pipeline has them: first those at its own ports, then those between."""
        outer = [part for part in self.parts if part in (self.parts[0], self.parts[-1]) or part.tables()]
        return [*outer, *(part for part in self.parts if part not in outer)]

    @property
    def dots(self) -> Iterator[DotPlan]:
        """All folded products in pipeline order; their weights are loaded in this order."""
        for part in self.parts:
            yield from part.products

    @property
    def requantized(self) -> Iterator[DotPlan]:
        """The products whose biases and shifts are loaded group by group."""
        return (dot for dot in self.dots if dot.requantized)

    @property
    def weight_words(self) -> list[int]:
        """Memory words of a group's weights, for each of ``dots``."""
        return [dot.group_weight_words(self.widths.port_bits) for dot in self.dots]

    @property
    def parameter_words(self) -> list[int]:
        """Memory words of a group's biases and shifts, for each of ``requantized``."""
        return [ceil_div(dot.outputs, self.widths.per_word) for dot in self.requantized]

    @property
    def settling(self) -> int:
        """Cycles after the end of the last block until nothing moves any more, at most: words that are read ahead come
        one a cycle, and go through a few registers."""
        return SETTLING + max(sum(self.weight_words), sum(self.parameter_words))

    @cached_property
    def shared_tables(self) -> dict[str, Table]:
        """The memories of all products' weights, and of their biases and shifts; none where there are no products."""
        widths, tables = self.widths, {}
        if any(self.dots):
            dots = list(self.dots)
            image = Image(weight_words(dots, self.groups, widths.port_bits), widths.port_bits)
            once = all(dot.samples == 1 or not dot.direct for dot in dots)
            tables[WEIGHTS] = Table(image, WEIGHTS, read_once=once, busy=not once)
        if any(self.requantized):
            words = parameter_words(list(self.requantized), self.groups, widths.bias_bits, widths.per_word)
            tables[PARAMETERS] = Table(Image(words, widths.word_bits), PARAMETERS, read_once=True)
        return tables

    @cached_property
    def tables(self) -> dict[str, Table]:
        """All parameter memories by name."""
        found = {**self.source.tables(), **self.shared_tables}
        for part in (*self.parts, self.coder):
            found |= part.tables()
        return found

    @property
    def read_once(self) -> list[str]:
        """Names of the memories of which every word is read once a block. Those of the other tables are read as the
        data say: by a sample's place, by a symbol."""
        return [name for name, table in self.tables.items() if table.read_once]

    @property
    def busy(self) -> list[str]:
        """Names of the memories that are read for every spike."""
        return [name for name, table in self.tables.items() if table.busy]

    @property
    def images(self) -> dict[str, Image]:
        """What they hold."""
        return {name: table.image for name, table in self.tables.items()}

    @property
    def encoder_cycles(self) -> int:
        """Cycles the products take for a block: those of the slowest, at most ``fold`` a transfer of the feed."""
        return self.groups * max(dot.samples * dot.steps for dot in self.dots)

    @cached_property
    def _timing(self) -> Timing:
        return Timing(self.feed, self.weight_words, self.parameter_words, self._chain)

    def _chain(self, clock: Clock, weights: list[Shadow], parameters: list[Shadow]) -> list[TimingPart]:
        sets, entries, units = iter(weights), iter(parameters), []
        for part in self.parts:
            shadows = [[next(sets), *([next(entries)] if dot.requantized else [])] for dot in part.products]
            unit = part.timing(clock, shadows)
            units += [] if unit is None else [unit]
        return units

    @cached_property
    def cycles_per_block(self) -> int:
        """Cycles from block to block at full rate, packets of one block, code words as long as their table makes them.

        A symbol of ``n`` bits is taken to come once in ``2**n``; this matters only where packets limit the rate. Of
        several operating points the slowest counts.
        """
        return max(self._period_of(spec) for spec in self.specs)

    def _period_of(self, spec: EncoderSpec) -> int:
        symbols = spec.symbols
        lengths = [spec.coder.tables[symbols.tables[position]].astype(float) for position in symbols.coded]
        return self._timing.block_period([float((bits * 2.0**-bits)[bits > 0].sum()) for bits in lengths])

    @cached_property
    def latency(self) -> int:
        """Cycles from a block's last sample to the last byte of its packet, were all code words 16 bits long, and all
        levels outside."""
        symbols = self.spec.symbols
        coded, escapes = len(symbols.coded), len(symbols) - len(symbols.coded)
        longest = [float(LONGEST_CODE * len(symbols) / coded)] * coded
        return self._timing.first_latency(longest) + ESCAPE_CYCLES * escapes

    @property
    def multipliers(self) -> int:
        """Multipliers of the transforms."""
        return sum(part.multipliers for part in self.parts if part is not self.quantizer)

    @property
    def macs_per_block(self) -> int:
        """Multiply-accumulates of the transforms."""
        return sum(layer.macs for part in self.parts if part is not self.quantizer for layer in part.layers())

    @property
    def utilisation(self) -> float:
        """Useful multiply-accumulates over multipliers times cycles, transforms only."""
        return self.macs_per_block / (self.multipliers * self.encoder_cycles)

    def storage(self) -> dict[str, int]:
        """Bits of data registers and memories between input buffer and indices, by what they hold.

        Left out: the input buffer (:attr:`input_bits`), parameters, the packet buffer, counters and flags.
        """
        found: Counter[str] = Counter()
        for part in self.parts:
            found.update(part.storage())
        return dict(found)

    @property
    def input_bits(self) -> int:
        """Bits of the input buffer: a block or two of normalized samples."""
        return self.feed.places * 8 * self.spec.spikes * self.spec.samples


def parameter_widths(
    products: Sequence[DotPlan], cycles: int, bias_bits: int, shift_bits: int, least_port: int
) -> ParameterWidths:
    """The narrowest words that bring all of a group's parameters within the group's ``cycles``.

    Args:
        products: of all parts.
        cycles: that a channel group takes.
        bias_bits: width of a bias.
        shift_bits: width of a shift.
        least_port: width of a word of weights, at least.

    Raises:
        ValueError: no word is wide enough, since each product takes one at least.
    """
    if len(products) > cycles:
        raise ValueError(
            f"{len(products)} products take a word of weights each, but a channel group has {cycles} cycles; "
            "raise hardware.fold"
        )
    port = least_port
    while sum(dot.group_weight_words(port) for dot in products) > cycles:
        port *= 2
    per_word = 1
    while sum(ceil_div(dot.outputs, per_word) for dot in products if dot.requantized) > cycles:
        per_word *= 2
    return ParameterWidths(port, bias_bits, bias_bits + 2 * shift_bits, per_word)
