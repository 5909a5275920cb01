"""Huffman coding of indices into bytes, most significant bit first."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.images import HUFFMAN_BITS
from rtl.memory import MemoryRead

__all__ = ["HuffmanEmitter"]


class HuffmanEmitter(wiring.Component):
    """The code words of one index after the other, block after block, padded to a byte only on demand.

    Parameters
    ----------
    index_bits: width of an index.
    depth: words of the code memory.
    starts: where the table of each position begins in it.

    Members
    -------
    table: (length - 1, left-aligned code) per symbol.
    i: indices, position after position; one every two cycles, and a pause for every byte that leaves.
    o: bytes.
    block_end: for one cycle, the last code of a block was added.
    pad: between blocks, send the bits that are left, zero-padded; the next block waits for them.
    empty: between blocks, no bit is left.
    """

    def __init__(self, index_bits: int, depth: int, starts: list[int]) -> None:
        self._starts = starts
        super().__init__(
            {
                "table": Out(MemoryRead(depth, HUFFMAN_BITS)),
                "i": In(stream.Signature(unsigned(index_bits))),
                "o": Out(stream.Signature(unsigned(8))),
                "block_end": Out(1),
                "pad": In(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        positions = len(self._starts)
        position = Signal(range(max(2, positions)))
        fetched, between, last = Signal(), Signal(), Signal()
        # Bits wait left-aligned: fewer than 8 when a code is added, so that 23 are enough.
        waiting = Signal(23)
        count = Signal(range(24))
        m.d.comb += [
            last.eq(position == positions - 1),
            between.eq((position == 0) & ~fetched),
            self.table.addr.eq(Array(self._starts)[position] + self.i.payload),
            self.i.ready.eq(~fetched & ~(between & self.pad & (count != 0))),
            self.table.en.eq(self.i.valid & self.i.ready),
            self.o.payload.eq(waiting[15:]),
            self.o.valid.eq((count >= 8) | (between & self.pad & (count != 0))),
            self.empty.eq(between & (count == 0)),
        ]
        with m.If(self.table.en):
            m.d.sync += fetched.eq(1)
        with m.If(self.o.valid):
            with m.If(self.o.ready):
                m.d.sync += [waiting.eq(waiting << 8), count.eq(Mux(count >= 8, count - 8, 0))]
        with m.Elif(fetched):
            length, code = self.table.data[:4] + 1, self.table.data[4:]
            m.d.comb += self.block_end.eq(last)
            m.d.sync += [
                waiting.eq(waiting | (Cat(Const(0, 7), code) >> count[:3])),
                count.eq(count + length),
                fetched.eq(0),
                position.eq(Mux(last, 0, position + 1)),
            ]
        return m
