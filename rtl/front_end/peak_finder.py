"""Threshold crossings of every channel, and the peaks that follow them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.noise_estimator import THRESHOLD_FRACTION, judged_layout
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from spikecae.front_end.front_end import FrontEnd

__all__ = ["PeakFinder", "peak_layout"]


def peak_layout(front_end: FrontEnd) -> data.StructLayout:
    """One sample's frame ``now``, and the peak that was ``found`` with it, if any."""
    return data.StructLayout(
        {
            "now": TIME_BITS,
            "found": 1,
            "time": TIME_BITS,
            "channel": range(max(2, front_end.channels)),
            "height": front_end.bits,
        }
    )


class PeakFinder(wiring.Component):
    """From a crossing on, find the largest of ``search`` samples; then wait for the refractory time.

    All channels' states share one memory.

    Parameters
    ----------
    front_end: channels, polarity, search and refractory time.

    Members
    -------
    i: In(PushStream(judged_layout(front_end))): samples with their thresholds.
    o: Out(PushStream(peak_layout(front_end))): two cycles later what each sample decided, one a cycle. A peak is found
        with the last sample of its search.

    Cycles
    ------
    Latency: 2 cycles.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(judged_layout(front_end))),
                "o": Out(PushStream(peak_layout(front_end))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        # left: samples still to search. since: samples since the peak, no more than the refractory time.
        state = data.StructLayout(
            {
                "above": 1,
                "left": range(max(2, front_end.search)),
                "since": range(front_end.refractory + 1),
                "height": front_end.bits,
            }
        )
        m.submodules.states = memory = Memory(shape=state, depth=max(2, front_end.channels), init=[])
        write = memory.write_port()
        read = memory.read_port(transparent_for=[write])

        valid, sample = Signal(), Signal(self.i.payload.shape(), reset_less=True)
        m.d.comb += [read.addr.eq(self.i.payload.channel), read.en.eq(self.i.valid)]
        m.d.sync += valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += sample.eq(self.i.payload)

        height, above, crossing, larger, found = Signal(front_end.bits), Signal(), Signal(), Signal(), Signal()
        x = sample.x
        match front_end.polarity:
            case "negative":
                m.d.comb += height.eq(Mux(x < 0, -x, 0))
            case "positive":
                m.d.comb += height.eq(Mux(x < 0, 0, x))
            case "both":
                m.d.comb += height.eq(abs(x))
        before, after = read.data, write.data
        searching = sample.settled & (before.left != 0)
        m.d.comb += [
            above.eq((height << THRESHOLD_FRACTION) > sample.threshold),
            crossing.eq(
                sample.settled & above & ~before.above & (before.left == 0) & (before.since == front_end.refractory)
            ),
            larger.eq(crossing | (searching & (height > before.height))),
            after.above.eq(above),
            after.height.eq(Mux(larger, height, before.height)),
            after.left.eq(Mux(crossing, front_end.search - 1, Mux(searching, before.left - 1, 0))),
            found.eq((crossing | searching) & (after.left == 0)),
            write.addr.eq(sample.channel),
            write.en.eq(valid),
        ]
        with m.If(larger):
            m.d.comb += after.since.eq(0)
        with m.Elif(~sample.settled | (before.since == front_end.refractory)):
            m.d.comb += after.since.eq(front_end.refractory)
        with m.Else():
            m.d.comb += after.since.eq(before.since + 1)

        decided = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(decided)
        m.d.sync += self.o.valid.eq(valid)
        with m.If(valid):
            m.d.sync += [
                decided.now.eq(sample.time),
                decided.found.eq(found),
                decided.time.eq(sample.time - after.since),
                decided.channel.eq(sample.channel),
                decided.height.eq(after.height),
            ]
        return m
