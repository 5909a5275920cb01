"""Running median of every channel's magnitude, and the threshold that follows from it."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS, counted_layout
from spikecae.front_end.front_end import GAIN_BITS, GAIN_FRACTION, FrontEnd

__all__ = ["THRESHOLD_FRACTION", "NoiseEstimator", "judged_layout"]

FRACTION = 16
"""Fraction bits of the estimate, in codes."""
COARSE = 4
"""How much shorter the shift is at first."""
DROPPED = 8
"""Fraction bits of the estimate that the threshold does without."""
THRESHOLD_FRACTION = FRACTION - DROPPED + GAIN_FRACTION
"""Fraction bits of the threshold."""


def judged_layout(front_end: FrontEnd) -> data.StructLayout:
    """A sample and its channel's threshold, in codes with ``THRESHOLD_FRACTION`` fraction bits."""
    return data.StructLayout(
        {
            "x": signed(front_end.bits),
            "channel": range(max(2, front_end.channels)),
            "time": TIME_BITS,
            "threshold": unsigned(front_end.bits + FRACTION - DROPPED + GAIN_BITS),
            "settled": 1,
        }
    )


class NoiseEstimator(wiring.Component):
    """Move a channel's estimate towards |x| by ``2**-noise_shift`` of itself.

    All estimates share one memory. |x| with its dither is below ``2**(bits-1) + 1/2``; a step up starts there at most
    and adds a quarter at most, so that the estimate fits in ``bits`` whole bits.

    Parameters
    ----------
    front_end: channels, converter and speed of the estimate.

    Members
    -------
    i: In(PushStream(counted_layout(front_end))): samples.
    gain: In(GAIN_BITS): threshold over estimate, with ``GAIN_FRACTION`` fraction bits; ``front_end.gain`` if left
        alone.
    o: Out(PushStream(judged_layout(front_end))): samples, two cycles later, one a cycle. The threshold is that from
        before the sample.

    Cycles
    ------
    Latency: 2 cycles.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(counted_layout(front_end))),
                "gain": In(GAIN_BITS, init=front_end.gain),
                "o": Out(PushStream(judged_layout(front_end))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        width = front_end.bits + FRACTION
        m.submodules.estimates = memory = Memory(shape=unsigned(width), depth=max(2, front_end.channels), init=[])
        write = memory.write_port()
        read = memory.read_port(transparent_for=[write])

        valid, sample = Signal(), Signal(self.i.payload.shape(), reset_less=True)
        m.d.comb += [read.addr.eq(self.i.payload.channel), read.en.eq(self.i.valid)]
        m.d.sync += valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += sample.eq(self.i.payload)

        code = Signal(front_end.bits)
        magnitude, estimate, step = Signal(signed(width + 1)), Signal(width), Signal(width)
        dither = Cat(reversed(list(sample.time[:8]))) << (FRACTION - 8)
        shift = front_end.noise_shift
        m.d.comb += [
            code.eq(abs(sample.x)),
            magnitude.eq(Mux(code == 0, dither >> 1, (code << FRACTION) + dither - (1 << (FRACTION - 1)))),
            estimate.eq(Mux(sample.fresh, 1 << FRACTION, read.data)),
            step.eq(Mux(sample.coarse, estimate >> (shift - COARSE), estimate >> shift) + 1),
            write.addr.eq(sample.channel),
            write.en.eq(valid),
            write.data.eq(Mux(magnitude >= estimate, estimate + step, estimate - step)),
        ]

        judged = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(judged)
        m.d.sync += self.o.valid.eq(valid)
        with m.If(valid):
            m.d.sync += [
                judged.x.eq(sample.x),
                judged.channel.eq(sample.channel),
                judged.time.eq(sample.time),
                judged.settled.eq(sample.settled),
                judged.threshold.eq(estimate[DROPPED:] * self.gain),
            ]
        return m
