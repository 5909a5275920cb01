"""Codeword indices to their Huffman codes."""

from amaranth.hdl import Array, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.packets.bit_packer import bit_string
from rtl.shape.images import HUFFMAN_BITS

__all__ = ["HuffmanCoder"]


class HuffmanCoder(wiring.Component):
    """Look up one code after the other, block after block.

    Parameters
    ----------
    index_bits: width of an index.
    depth: words of the code memory.
    starts: where the table of each position begins in it.

    Members
    -------
    table: Out(MemoryRead(depth, HUFFMAN_BITS)): (length - 1, left-aligned code) per symbol.
    i: In(stream of unsigned(index_bits)): indices, position after position.
    o: Out(stream of {code: bit_string(), last: 1}): codes; ``last`` marks a block's last; one every two cycles, valid
        one cycle after its index.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a code every 2 cycles.
    """

    def __init__(self, index_bits: int, depth: int, starts: list[int]) -> None:
        self._starts = starts
        super().__init__(
            {
                "table": Out(MemoryRead(depth, HUFFMAN_BITS)),
                "i": In(stream.Signature(unsigned(index_bits))),
                "o": Out(stream.Signature(data.StructLayout({"code": bit_string(), "last": 1}))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        positions = len(self._starts)
        position = Signal(range(max(2, positions)))
        m.d.comb += [
            self.table.addr.eq(Array(self._starts)[position] + self.i.payload),
            self.i.ready.eq(~self.o.valid),
            self.table.en.eq(self.i.valid & self.i.ready),
            self.o.payload.code.length.eq(self.table.data[:4]),
            self.o.payload.code.bits.eq(self.table.data[4:]),
            self.o.payload.last.eq(position == positions - 1),
        ]
        with m.If(self.table.en):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [self.o.valid.eq(0), position.eq(Mux(self.o.payload.last, 0, position + 1))]
        return m
