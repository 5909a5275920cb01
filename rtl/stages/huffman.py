"""The Huffman coder in hardware."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rtl.packets.block_writer import BlockWriter
from rtl.packets.huffman_coder import HuffmanCoder
from rtl.packets.item_coder import ItemCoder
from rtl.shape.images import HUFFMAN_BITS, Image, join
from rtl.shape.part import Entry, PartUnit, Table
from rtl.shape.plan import CoderPart
from rtl.shape.stream import Stream
from rtl.stages.base import Site, lay_out
from spikecae.stages import Huffman

__all__ = ["HuffmanPart", "code_starts"]

PLACE = "writer"


def code_starts(stage: Huffman, table_of: list[int]) -> list[int]:
    """Where the code table of each symbol starts in the memory of all."""
    starts = np.cumsum([0, *(table.size for table in stage.tables)]).tolist()
    return [starts[table] for table in table_of]


@lay_out.register(Huffman)
class HuffmanPart(CoderPart):
    """A table of codes, and the writer of a block's bits."""

    def __init__(self, stage: Huffman, given: Stream | None, site: Site) -> None:
        self.name, self._stage, self._spec = stage.name, stage, site.spec

    @property
    def entry(self) -> Entry:
        """Where a symbol is looked up."""
        return Entry(f"{PLACE}.coder", "i")

    def component(self, index_bits: int, golomb_order: int | None) -> Any:
        """The unit, for symbols of so many bits, and numbers in a Golomb code of this order if there are any."""
        depth = sum(table.size for table in self._stage.tables)
        symbols = self._spec.symbols
        starts = code_starts(self._stage, [symbols.tables[position] for position in symbols.coded])
        if golomb_order is None:
            return BlockWriter(HuffmanCoder(index_bits, depth, starts), self._spec.spikes)
        return BlockWriter(ItemCoder(index_bits, depth, starts, golomb_order), self._spec.spikes)

    def tables(self) -> Mapping[str, Table]:
        """(length - 1, left-aligned code) of every symbol, table after table."""
        stage = self._stage
        words = [
            join([(length - 1, 4), (code << (16 - length), 16)])
            for table, lengths in enumerate(stage.tables)
            for code, length in zip(stage.codes(table).tolist(), lengths.tolist(), strict=True)
        ]
        return {"huffman": Table(Image(words, HUFFMAN_BITS), "table", read_once=False)}

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit("writer", PLACE)
