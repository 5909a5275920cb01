"""Symbols to their Huffman codes, and numbers of escaped levels to exponential Golomb codes."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.packets.bit_packer import bit_string
from rtl.packets.items import item_layout
from rtl.shape.images import HUFFMAN_BITS

__all__ = ["ItemCoder"]

LONGEST = 16
"""Bits of a code."""


class ItemCoder(wiring.Component):
    """Look up one symbol's code after the other, or make a number's.

    Parameters
    ----------
    index_bits: width of a symbol or number.
    depth: words of the code memory.
    starts: where the table of each position begins in it; behind the last position comes the first.
    order: of the Golomb code.

    Members
    -------
    table: Out(MemoryRead(depth, HUFFMAN_BITS)): (length - 1, left-aligned code) per symbol.
    i: In(stream of item_layout(index_bits)): symbols, position after position, and numbers between them.
    o: Out(stream of {code: bit_string(), last: 1}): codes, valid one cycle after what they are of; one every two
        cycles.
    escape: Out(1): for one cycle, the first number behind a symbol is taken: that one was reserved.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a code every 2 cycles.
    """

    def __init__(self, index_bits: int, depth: int, starts: list[int], order: int) -> None:
        self._index_bits, self._starts, self._order = index_bits, starts, order
        super().__init__(
            {
                "table": Out(MemoryRead(depth, HUFFMAN_BITS)),
                "i": In(stream.Signature(item_layout(index_bits))),
                "o": Out(stream.Signature(data.StructLayout({"code": bit_string(), "last": 1}))),
                "escape": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        item, order = self.i.payload, self._order
        position = Signal(range(max(2, len(self._starts))))
        golomb, last = Signal(), Signal()
        number = Signal(bit_string(), reset_less=True)
        accept, value = Signal(), Signal(max(self._index_bits, order) + 1)
        m.d.comb += [
            self.i.ready.eq(~self.o.valid),
            accept.eq(self.i.valid & self.i.ready),
            self.table.addr.eq(Array(self._starts)[position] + item.value),
            self.table.en.eq(accept & ~item.golomb),
            value.eq(item.value + (1 << order)),
            self.o.payload.last.eq(last),
            self.escape.eq(accept & item.golomb & ~golomb),
        ]
        with m.If(golomb):
            m.d.comb += self.o.payload.code.eq(number)
        with m.Else():
            m.d.comb += [
                self.o.payload.code.length.eq(self.table.data[:4]),
                self.o.payload.code.bits.eq(self.table.data[4:]),
            ]
        with m.If(accept):
            m.d.sync += [self.o.valid.eq(1), golomb.eq(item.golomb), last.eq(item.last)]
            with m.If(item.golomb):
                self._number(m, value, number)
            with m.Else():
                m.d.sync += position.eq(Mux(position == len(self._starts) - 1, 0, position + 1))
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m

    def _number(self, m: Module, value: Signal, number: Signal) -> None:
        """As many zeros as ``value`` has bits more than ``order + 1``, then ``value``; left-aligned."""
        for width in range(self._order + 1, len(value) + 1):
            length = 2 * width - 1 - self._order
            if length > LONGEST:
                break
            above = value[width:] if width < len(value) else 0
            with m.If(value[width - 1] & (above == 0)):
                m.d.sync += [number.bits.eq(value[:width] << (LONGEST - length)), number.length.eq(length - 1)]
