"""Maximum over pairs (or fours) of samples."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["MaxPool"]


class MaxPool(wiring.Component):
    """The largest of every ``size`` successive samples, channel by channel.

    Parameters
    ----------
    channels: channels of a sample.
    size: samples that become one.
    bits: of each channel, unsigned.

    Members
    -------
    i: In(stream of channels × unsigned(bits)): samples, one a cycle.
    o: Out(stream of channels × unsigned(bits)): maxima, valid one cycle after the last of their samples.

    Cycles
    ------
    Latency: 1 cycle from the last sample of a maximum.
    Throughput: a sample a cycle.
    """

    def __init__(self, channels: int, size: int, bits: int) -> None:
        self._size = size
        layout = data.ArrayLayout(unsigned(bits), channels)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(range(max(2, self._size)))
        largest = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += [self.i.ready.eq(~self.o.valid | self.o.ready), self.o.payload.eq(largest)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            last = count == self._size - 1
            m.d.sync += [count.eq(Mux(last, 0, count + 1)), self.o.valid.eq(last)]
            for now, new in zip(largest, self.i.payload, strict=True):
                with m.If((count == 0) | (new > now)):
                    m.d.sync += now.eq(new)
        return m
