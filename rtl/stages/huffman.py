"""The Huffman coder in hardware."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rtl.packets.block_writer import BlockWriter
from rtl.packets.huffman_coder import HuffmanCoder
from rtl.packets.item_coder import ItemCoder
from rtl.shape.images import HUFFMAN_BITS, join
from rtl.shape.part import Entry, PartUnit, Table, table_of
from rtl.shape.plan import CoderPart
from rtl.shape.stream import Stream
from rtl.stages.base import Site, lay_out
from spikecae.stages import Huffman

__all__ = ["HuffmanPart", "code_starts"]

PLACE = "writer"


def code_starts(sizes: Sequence[int], table_of: list[int]) -> list[int]:
    """Where the code table of each symbol starts in the memory of all, of tables of so many words."""
    starts = np.cumsum([0, *sizes]).tolist()
    return [starts[table] for table in table_of]


@lay_out.register(Huffman)
class HuffmanPart(CoderPart):
    """A table of codes, and the writer of a block's bits.

    At each operating point a table has the room of the longest one in its place, so that all start alike.
    """

    def __init__(self, stage: Huffman, given: Stream | None, site: Site) -> None:
        self.name, self._points, self._spec = stage.name, site.at_points(stage), site.spec
        self._sizes = [
            max(table.size for table in tables) for tables in zip(*(p.tables for p in self._points), strict=True)
        ]

    @property
    def entry(self) -> Entry:
        """Where a symbol is looked up."""
        return Entry(f"{PLACE}.coder", "i")

    def component(self, index_bits: int, golomb_order: int | None) -> Any:
        """The unit, for symbols of so many bits, and numbers in a Golomb code of this order if there are any."""
        depth = sum(self._sizes)
        symbols = self._spec.symbols
        starts = code_starts(self._sizes, [symbols.tables[position] for position in symbols.coded])
        if golomb_order is None:
            return BlockWriter(HuffmanCoder(index_bits, depth, starts), self._spec.spikes)
        return BlockWriter(ItemCoder(index_bits, depth, starts, golomb_order), self._spec.spikes)

    def tables(self) -> Mapping[str, Table]:
        """(length - 1, left-aligned code) of every symbol, table after table."""
        points = [[*self._words(stage)] for stage in self._points]
        return {"huffman": table_of(points, HUFFMAN_BITS, "table", read_once=False)}

    def _words(self, stage: Huffman) -> Iterator[int]:
        for number, (lengths, room) in enumerate(zip(stage.tables, self._sizes, strict=True)):
            for code, length in zip(stage.codes(number).tolist(), lengths.tolist(), strict=True):
                yield join([(length - 1, 4), (code << (16 - length), 16)])
            yield from [0] * (room - lengths.size)

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit("writer", PLACE)
