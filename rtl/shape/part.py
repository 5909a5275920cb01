"""What every stage of an encoder is in hardware: its shape, which the generator's walkers ask for.

A part is made by the file of its kind in :mod:`rtl.stages` and knows its stage, what it is given and how it is folded.
Generator, manifest, memory images, timing, storage and estimates walk the parts of a :class:`rtl.shape.plan.Plan`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from rtl.shape.images import Image
from rtl.shape.products import DotPlan
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Shadow, TimingPart
from rtl.shape.work import LayerWork, Work

__all__ = ["Buffer", "Entry", "ParameterWidths", "Part", "PartTap", "PartUnit", "Table", "TransformPart", "table_of"]

TapOrder = Literal["group_time_channel", "time_channel", "channel_time", "vector"]


@dataclass(frozen=True)
class ParameterWidths:
    """Of the words that bring each channel group's parameters: ``port_bits`` of weights; ``per_word`` entries of
    ``entry_bits``, each a bias of ``bias_bits``, a shift and an identity shift."""

    port_bits: int
    bias_bits: int
    entry_bits: int
    per_word: int

    @property
    def word_bits(self) -> int:
        """Bits of a word of biases and shifts."""
        return self.entry_bits * self.per_word


@dataclass(frozen=True)
class Table:
    """A parameter memory of a unit's own: what it holds, and the unit's ``port`` that reads it.

    ``read_once``: every word is read once a block, and not as the data say. ``busy``: some are read for every spike.
    ``sets``: where words differ between operating points, there is a set for each, as
    :func:`rtl.shape.part.table_of` lays them out.
    """

    image: Image
    port: str
    read_once: bool
    busy: bool = False
    sets: int = 1

    @property
    def depth(self) -> int:
        """Words that the unit addresses: those of a set."""
        return len(self.image.words) // self.sets


def table_of(points: Sequence[list[int]], width: int, port: str, *, read_once: bool, busy: bool = False) -> Table:
    """The table of a chip with these words of ``width`` at each operating point, once where they are the same at all.

    Sets are filled with zeros up to the least power of two of words that holds each, so that an address is that within
    the set, and the point above it.
    """
    if all(words == points[0] for words in points):
        return Table(Image(points[0], width), port, read_once, busy)
    size = 1 << (max(map(len, points)) - 1).bit_length()
    padded = [word for words in points for word in (*words, *[0] * (size - len(words)))]
    return Table(Image(padded, width), port, read_once, busy, len(points))


@dataclass(frozen=True)
class Buffer:
    """A working memory: the instance that holds it, below the encoder, and the array's name in there."""

    place: str
    array: str
    words: int
    width: int
    busy: bool = False
    """Read and written in nearly every cycle."""
    immediate: bool = False
    """Read without a clock."""


@dataclass(frozen=True)
class Entry:
    """A port of a leaf instance, below the encoder, that a stream passes."""

    place: str
    port: str


@dataclass(frozen=True)
class PartTap:
    """A port whose transfers equal a tensor of the golden model, ``elements`` values of ``width`` bits each."""

    stage: str
    entry: Entry
    elements: int
    width: int
    signed: bool
    transfers: int
    order: TapOrder
    payload_width: int | None = None
    """Where there is more in a transfer than the values."""


@dataclass(frozen=True)
class PartUnit:
    """An instance that can be synthesized alone, by its place below the encoder."""

    name: str
    place: str
    multipliers: int = 0
    macs: int = 0
    """Multiply-accumulates for a block."""
    moving: bool = False
    """Whether both factors of its products change from one to the next."""


class Part(ABC):
    """A stage in hardware."""

    name: str
    """The stage's."""
    work_on: ClassVar[str] = ""
    """What an estimate calls its share of the energy."""

    @property
    @abstractmethod
    def entry(self) -> Entry:
        """Where its input can be watched."""

    def tables(self) -> Mapping[str, Table]:
        """Parameter memories of its own, by name."""
        return {}

    def units(self) -> Iterator[PartUnit]:
        """Instances that can be synthesized alone."""
        yield from ()

    def buffers(self) -> Iterator[Buffer]:
        """Working memories."""
        yield from ()

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Its taps; ``following`` is where the next part takes what it gives."""
        yield from ()

    def storage(self) -> Mapping[str, int]:
        """Bits in which data wait, by what they hold."""
        return {}

    def work(self) -> Mapping[Work, float]:
        """What a block takes."""
        return {}

    def layers(self) -> Iterator[LayerWork]:
        """Multiply-accumulates of a block, layer by layer."""
        yield from ()

    def faults(self) -> Iterator[str]:
        """Parameters that do not fit the fields they would be loaded into."""
        yield from ()


class TransformPart(Part):
    """A part between input buffer and coder, with a stream at either end."""

    output: Stream | None
    """None where it makes symbols."""
    products: tuple[DotPlan, ...] = ()
    """Its folded products; their weights are loaded group by group, in this order."""

    @property
    @abstractmethod
    def multipliers(self) -> int:
        """Multipliers."""

    @abstractmethod
    def component(self, widths: ParameterWidths) -> Any:
        """The unit (an Amaranth component) with streams ``i`` and ``o``, a port for each of its tables, and streams
        ``weights`` and ``parameters`` for its product, or arrays of these for its products; None where nothing needs
        to be built."""

    @abstractmethod
    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> TimingPart | None:
        """When its transfers happen; ``shadows`` has the parameter registers of each product. None with no unit."""
