"""Huffman coding of a block's indices into bytes, most significant bit first."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory import Rom

__all__ = ["HuffmanEmitter"]


class HuffmanEmitter(wiring.Component):
    """One frame of bytes per block: the code words of its indices, zero-padded to a byte.

    Parameters
    ----------
    index_bits: width of an index.
    words: the code memory, (length - 1, left-aligned code) per symbol.
    bases: where the table of each position begins in it.

    Members
    -------
    i: indices, position after position; one every two cycles, and a pause for every byte that leaves.
    o: ``value`` and ``last``, which marks the last byte of a block.
    """

    def __init__(self, index_bits: int, words: list[int], bases: list[int]) -> None:
        self._bases = bases
        self._rom = Rom(words, 20)
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(index_bits))),
                "o": Out(stream.Signature(data.StructLayout({"value": 8, "last": 1}))),
            }
        )

    @property
    def rom(self) -> Rom:
        """The code tables."""
        return self._rom

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rom = rom = self._rom
        positions = len(self._bases)
        position = Signal(range(max(2, positions)))
        fetched, ended = Signal(), Signal()
        # Bits wait left-aligned: fewer than 8 when a code is added, so that 23 are enough.
        waiting = Signal(23)
        count = Signal(range(24))
        m.d.comb += [
            rom.addr.eq(Array(self._bases)[position] + self.i.payload),
            self.i.ready.eq(~fetched & ~ended),
            rom.en.eq(self.i.valid & self.i.ready),
            self.o.payload.value.eq(waiting[15:]),
            self.o.payload.last.eq(ended & ~fetched & (count <= 8)),
            self.o.valid.eq((count >= 8) | (ended & ~fetched)),
        ]
        with m.If(rom.en):
            m.d.sync += fetched.eq(1)
            m.d.sync += position.eq(Mux(position == positions - 1, 0, position + 1))
            m.d.sync += ended.eq(position == positions - 1)
        with m.If(self.o.valid), m.If(self.o.ready):
            m.d.sync += [waiting.eq(waiting << 8), count.eq(Mux(count >= 8, count - 8, 0))]
            with m.If(self.o.payload.last):
                m.d.sync += [waiting.eq(0), ended.eq(0)]
        with m.Elif(fetched):
            length, code = rom.data[:4] + 1, rom.data[4:]
            m.d.sync += [
                waiting.eq(waiting | (Cat(Const(0, 7), code) >> count[:3])),
                count.eq(count + length),
                fetched.eq(0),
            ]
        return m
