"""Multiplexed ADC codes to samples that know their channel and time."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from spikecae.front_end.front_end import FrontEnd

__all__ = ["TIME_BITS", "SampleCounter", "counted_layout"]

TIME_BITS = 32


def counted_layout(front_end: FrontEnd) -> data.StructLayout:
    """A sample, and how far its channel's noise estimate is: at its start, moving fast, or to be relied upon."""
    return data.StructLayout(
        {
            "x": signed(front_end.bits),
            "channel": range(max(2, front_end.channels)),
            "time": TIME_BITS,
            "fresh": 1,
            "coarse": 1,
            "settled": 1,
        }
    )


class SampleCounter(wiring.Component):
    """``saturate(adc - zero)``, with the channel and the frame that it belongs to.

    Parameters
    ----------
    front_end: channels, converter and settling time.

    Members
    -------
    i: In(stream of signed(16)): codes, channel after channel, frame after frame. Always taken.
    o: Out(PushStream(counted_layout(front_end))): samples, one cycle later, one a cycle.
    now: Out(TIME_BITS): the frame that the next sample of ``i`` belongs to, modulo 2**32.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(stream.Signature(signed(16))),
                "o": Out(PushStream(counted_layout(front_end))),
                "now": Out(TIME_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        channel = Signal.like(self.o.payload.channel)
        frames = Signal(front_end.noise_shift + 2)  # stops at the settling time
        settled = frames[-1]
        x = Signal(signed(17))
        low, high = -(1 << (front_end.bits - 1)), (1 << (front_end.bits - 1)) - 1
        m.d.comb += [self.i.ready.eq(1), x.eq(self.i.payload - front_end.zero)]
        counted = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(counted)
        m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += [
                counted.x.eq(Mux(x > high, high, Mux(x < low, low, x))),
                counted.channel.eq(channel),
                counted.time.eq(self.now),
                counted.fresh.eq(frames == 0),
                counted.coarse.eq(frames < 1 << front_end.noise_shift),
                counted.settled.eq(settled),
                channel.eq(channel + 1),
            ]
            with m.If(channel == front_end.channels - 1):
                m.d.sync += [channel.eq(0), self.now.eq(self.now + 1), frames.eq(frames + ~settled)]
        return m
