"""Bit strings of up to 16 bits into bytes, most significant bit first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["BitPacker", "bit_string"]


def bit_string() -> data.StructLayout:
    """``length + 1`` bits, the first of them the highest of ``bits``; zeros behind them."""
    return data.StructLayout({"bits": unsigned(16), "length": unsigned(4)})


class BitPacker(wiring.Component):
    """Concatenate bit strings, and pad to a byte on demand.

    Members
    -------
    i: In(stream of bit_string()): bit strings, one a cycle, and a pause for every byte that leaves.
    pad: In(1): send the bits that are left, zero-padded; nothing is taken meanwhile.
    empty: Out(1): no bit is left.
    o: Out(stream of unsigned(8)): bytes.

    Cycles
    ------
    Latency: 1 cycle from the bits that fill a byte.
    Throughput: a bit string a cycle, and a cycle for every byte that leaves.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "i": In(stream.Signature(bit_string())),
                "pad": In(1),
                "empty": Out(1),
                "o": Out(stream.Signature(unsigned(8))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Bits wait left-aligned: fewer than 8 when a string is added, so that 23 are enough.
        waiting, count = Signal(23), Signal(range(24))
        m.d.comb += [
            self.o.payload.eq(waiting[15:]),
            self.o.valid.eq((count >= 8) | (self.pad & (count != 0))),
            self.i.ready.eq(~self.o.valid & ~(self.pad & (count != 0))),
            self.empty.eq(count == 0),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [waiting.eq(waiting << 8), count.eq(Mux(count >= 8, count - 8, 0))]
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [
                waiting.eq(waiting | (Cat(Const(0, 7), self.i.payload.bits) >> count[:3])),
                count.eq(count + self.i.payload.length + 1),
            ]
        return m
