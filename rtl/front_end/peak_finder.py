"""Threshold crossings of every channel, and the peaks that follow them."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS, counted_layout
from rtl.memory.sized import SizedMemory, alone
from spikecae.front_end.front_end import FrontEnd

__all__ = ["PeakFinder", "peak_layout", "state_layout"]


def peak_layout(front_end: FrontEnd) -> data.StructLayout:
    """One sample's frame ``now``, whether its channel ``crossed`` with it, and the peak that was ``found``, if any."""
    return data.StructLayout(
        {
            "now": TIME_BITS,
            "crossed": 1,
            "found": 1,
            "time": TIME_BITS,
            "channel": range(max(2, front_end.channels)),
            "height": front_end.bits,
        }
    )


def state_layout(front_end: FrontEnd) -> data.StructLayout:
    """What is known of a channel whose last sample was above the threshold, or less than the refractory time ago.

    ``left``: samples still to search. ``since``: samples since the peak, no more than the refractory time; it is over
    in the state of a channel that was above the threshold only. ``lower``: the peak's height, less 1.
    """
    return data.StructLayout(
        {
            "left": range(max(2, front_end.search)),
            "since": range(front_end.refractory + 1),
            "lower": front_end.bits - 1,
        }
    )


class PeakFinder(wiring.Component):
    """From a crossing on, find the largest of ``search`` samples; then wait for the refractory time.

    All channels' states share one memory, of which a flag for each channel says whether there is anything in it.
    Where there is not, and no crossing, nothing is read, written or worked out.

    Parameters
    ----------
    front_end: channels, polarity, search and refractory time.

    Members
    -------
    i: In(PushStream(counted_layout(front_end))): samples.
    threshold: In(front_end.bits): of the sample at ``i``, in codes.
    o: Out(PushStream(peak_layout(front_end))): one cycle later what each sample decided, one a cycle. A peak is found
        with the last sample of its search; ``channel`` is that of the last crossing or peak, ``time`` and ``height``
        are those of the last peak.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(counted_layout(front_end))),
                "threshold": In(front_end.bits),
                "o": Out(PushStream(peak_layout(front_end))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, sample, valid = self._front_end, self.i.payload, self.i.valid
        state = state_layout(front_end)
        m.submodules.states = memory = SizedMemory(shape=state, depth=max(2, front_end.channels), init=[], rare=True)
        write = memory.write_port()
        # Only one channel's state is read in the cycle in which it is written.
        read = memory.read_port(transparent_for=[write] if front_end.channels == 1 else [])

        before, after = Signal(state), write.data
        above, under_way, matters, seen = Signal(), Signal(), Signal(), Signal(front_end.bits)
        x = (sample.x.as_unsigned() & matters.replicate(front_end.bits)).as_signed()
        low, high = sample.x + self.threshold < 0, sample.x > self.threshold
        match front_end.polarity:
            case "negative":
                m.d.comb += [above.eq(low), seen.eq(Mux(x < 0, -x, 0))]
            case "positive":
                m.d.comb += [above.eq(high), seen.eq(Mux(x < 0, 0, x))]
            case "both":
                m.d.comb += [above.eq(low | high), seen.eq(abs(x))]
        crossing, larger, found, goes_on = Signal(), Signal(), Signal(), Signal()
        height, highest = Signal(front_end.bits), Signal(front_end.bits)  # of the peak, before and after the sample
        searching = sample.settled & (before.left != 0)
        m.d.comb += [
            matters.eq(above | under_way),
            before.since.eq(front_end.refractory),
            crossing.eq(sample.settled & above & ~under_way),
            height.eq(before.lower + 1),
            larger.eq(crossing | (searching & (seen > height))),
            highest.eq(Mux(larger, seen, height)),
            after.lower.eq(highest - 1),
            after.left.eq(Mux(crossing, front_end.search - 1, Mux(searching, before.left - 1, 0))),
            found.eq((crossing | searching) & (after.left == 0)),
            goes_on.eq(above | (after.left != 0) | (after.since != front_end.refractory)),
            write.addr.eq(sample.channel),
            write.en.eq(valid & goes_on),
        ]
        with m.If(under_way):
            m.d.comb += before.eq(read.data)
        with m.If(larger):
            m.d.comb += after.since.eq(0)
        with m.Elif(~sample.settled | (before.since == front_end.refractory)):
            m.d.comb += after.since.eq(front_end.refractory)
        with m.Else():
            m.d.comb += after.since.eq(before.since + 1)
        self._flags(m, read, under_way, goes_on)

        decided = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(decided)
        m.d.sync += self.o.valid.eq(valid)
        with m.If(valid):
            m.d.sync += [decided.found.eq(found), decided.crossed.eq(crossing)]
        with m.If(valid & sample.begins):
            m.d.sync += decided.now.eq(sample.time)
        with m.If(valid & found):
            m.d.sync += [
                decided.time.eq(sample.time - after.since),
                decided.height.eq(highest),
            ]
        with m.If(valid & (found | crossing)):
            m.d.sync += decided.channel.eq(sample.channel)
        return m

    def _flags(self, m: Module, read: Any, under_way: Signal, goes_on: Signal) -> None:
        """A flag for each channel, a word of which is at hand, and the state of the next sample where it is set.

        Args:
            m: the unit.
            read: port of the states.
            under_way: the sample's flag.
            goes_on: what it becomes.
        """
        front_end, sample, valid = self._front_end, self.i.payload, self.i.valid
        lanes, groups = front_end.lanes, front_end.groups
        flags, updated, coming = Signal(lanes), Signal(lanes), Signal(lanes)
        changes, changed = Signal(), Signal()
        m.d.comb += [
            under_way.eq(flags.bit_select(sample.lane, 1)),
            changes.eq(under_way != goes_on),
            updated.eq(Cat(Mux(sample.lane == lane, goes_on, flags[lane]) for lane in range(lanes))),
            coming.eq(updated),
        ]
        loads = valid & changes
        if groups > 1:
            # A word comes to hand with the last sample before its first.
            words = Memory(shape=unsigned(lanes), depth=groups, init=[])
            m.submodules.flags = alone(words)
            look_up, keep = words.read_port(domain="comb"), words.write_port()
            m.d.comb += [
                look_up.addr.eq(sample.next_group),
                keep.addr.eq(sample.group),
                keep.data.eq(updated),
                keep.en.eq(valid & sample.ends & (changed | changes)),
            ]
            with m.If(sample.ends):
                m.d.comb += coming.eq(look_up.data)
            loads |= valid & sample.ends
            with m.If(loads):
                m.d.sync += changed.eq(~sample.ends)
        with m.If(loads):
            m.d.sync += flags.eq(coming)
        following = Mux(sample.ends, 0, sample.lane + 1)
        m.d.comb += [read.addr.eq(sample.next_channel), read.en.eq(valid & coming.bit_select(following, 1))]
