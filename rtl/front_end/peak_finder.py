"""Threshold crossings of every channel, and the peaks that follow them."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.height import height_of, is_higher
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import counted_layout, frame_bits
from rtl.memory.sized import SizedMemory, alone
from rtl.shape.memory_use import RARE_BITS
from spikecae.front_end.front_end import FrontEnd

__all__ = ["PeakFinder", "banks_of", "peak_layout", "state_layout"]


def peak_layout(front_end: FrontEnd) -> data.StructLayout:
    """One sample's frame ``now``, whether its channel ``crossed`` with it, and the peak that was ``found``, if any."""
    return data.StructLayout(
        {
            "now": frame_bits(front_end),
            "crossed": 1,
            "found": 1,
            "time": frame_bits(front_end),
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


def banks_of(front_end: FrontEnd) -> int:
    """Memories that share the states, each of one port: even channels' and odd ones' where they follow each other round
    the frame. One of two ports holds all where these do not, or where half of the states would make no macro."""
    half, odd = divmod(front_end.channels, 2)
    return 1 if odd or half * state_layout(front_end).size <= RARE_BITS else 2


class PeakFinder(wiring.Component):
    """From a crossing on, find the largest of ``search`` samples; then wait for the refractory time.

    Of the memory of all channels' states a flag for each channel says whether there is anything in it. Where there is
    not, and no crossing, nothing is read, written or worked out. Flags change in the domain ``turning``, whose clock
    may stop while nothing asks for it.

    Parameters
    ----------
    front_end: channels, polarity, search and refractory time.

    Members
    -------
    i: In(PushStream(counted_layout(front_end))): samples; their ``x`` only where they are ``beyond`` or were expected.
    beyond: In(1): the sample at ``i`` may be above its threshold.
    threshold: In(front_end.bits): its threshold then, in codes.
    o: Out(PushStream(peak_layout(front_end))): one cycle later what each sample decided, one a cycle. A peak is found
        with the last sample of its search; ``channel`` is that of the last crossing or peak, ``time`` and ``height``
        are those of the last peak.
    expects: Out(1): the sample that comes may be of a channel that has a state.
    clock_request: Out(1): the next rising edge of ``turning`` is needed.

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
                "beyond": In(1),
                "threshold": In(front_end.bits),
                "o": Out(PushStream(peak_layout(front_end))),
                "expects": Out(1),
                "clock_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, sample, valid = self._front_end, self.i.payload, self.i.valid
        state = state_layout(front_end)
        before, after = Signal(state), Signal(state)
        above, under_way, seen = Signal(), Signal(), Signal(front_end.bits)
        m.d.comb += [
            above.eq(self.beyond & is_higher(_if(self.beyond, sample.x), self.threshold, front_end.polarity)),
            seen.eq(height_of(_if(above | under_way, sample.x), front_end.polarity)),
        ]
        crossing, larger, found, goes_on = Signal(), Signal(), Signal(), Signal()
        height, highest = Signal(front_end.bits), Signal(front_end.bits)  # of the peak, before and after the sample
        searching = sample.settled & (before.left != 0)  # what memories held at first is gone by then
        m.d.comb += [
            before.since.eq(front_end.refractory),
            crossing.eq(above & ~under_way),
            height.eq(before.lower + 1),
            larger.eq(crossing | (searching & (seen > height))),
            highest.eq(Mux(larger, seen, height)),
            after.lower.eq(highest - 1),
            after.left.eq(Mux(crossing, front_end.search - 1, Mux(searching, before.left - 1, 0))),
            found.eq((crossing | searching) & (after.left == 0)),
            goes_on.eq(above | (after.left != 0) | (after.since != front_end.refractory)),
        ]
        with m.If(larger):
            m.d.comb += after.since.eq(0)
        with m.Elif(~sample.settled | (before.since == front_end.refractory)):
            m.d.comb += after.since.eq(front_end.refractory)
        with m.Else():
            m.d.comb += after.since.eq(before.since + 1)
        reads = self._flags(m, under_way, goes_on)
        known = self._states(m, reads, valid & goes_on, after)
        with m.If(under_way):
            m.d.comb += before.eq(known)

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

    def _states(self, m: Module, reads: Value, writes: Value, after: Value) -> Value:
        """The memory of states.

        Args:
            m: the unit.
            reads: the next sample's channel has a state.
            writes: the sample's channel has one.
            after: the latter.

        Returns:
            The sample's channel's, if it has been read.
        """
        front_end, sample, banks = self._front_end, self.i.payload, banks_of(self._front_end)
        channels, bit = front_end.channels, banks.bit_length() - 1
        found = []
        for bank in range(banks):
            memory = SizedMemory(
                shape=state_layout(front_end),
                depth=max(2, channels // banks),
                init=[],
                single_port=banks > 1,
                rare=True,
            )
            m.submodules[f"states{bank}"] = alone(memory)
            write = memory.write_port()
            # Only one channel's state is read in the cycle in which it is written.
            read = memory.read_port(transparent_for=[write] if channels == 1 else [])
            m.d.comb += [
                write.addr.eq(sample.channel[bit:]),
                write.en.eq(writes & (sample.channel[:bit] == bank)),
                write.data.eq(after),
                read.addr.eq(sample.next_channel[bit:]),
                read.en.eq(reads & (sample.next_channel[:bit] == bank)),
            ]
            found.append(read.data)
        return Array(found)[sample.channel[:bit]]

    def _flags(self, m: Module, under_way: Signal, goes_on: Signal) -> Value:
        """A flag for each channel, a word of which is at hand.

        Args:
            m: the unit.
            under_way: the sample's flag.
            goes_on: what it becomes.

        Returns:
            The next sample's.
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
            look_up, keep = words.read_port(domain="comb"), words.write_port(domain="turning")
            m.d.comb += [
                look_up.addr.eq(sample.next_group),
                keep.addr.eq(sample.group),
                keep.data.eq(updated),
                keep.en.eq(valid & sample.ends & (changed | changes)),
                self.clock_request.eq(keep.en),
            ]
            with m.If(sample.ends):
                m.d.comb += coming.eq(look_up.data)
            loads |= valid & sample.ends
            with m.If(loads):
                m.d.sync += changed.eq(~sample.ends)
        with m.If(loads):
            m.d.sync += flags.eq(coming)
        m.d.comb += self.expects.eq((coming | flags).any())
        following = Mux(sample.ends, 0, sample.lane + 1)
        return valid & coming.bit_select(following, 1)


def _if(matters: Value, x: Value) -> Value:
    """x where it matters, else 0: nothing is worked out of it then."""
    return (x.as_unsigned() & matters.replicate(len(x))).as_signed()
