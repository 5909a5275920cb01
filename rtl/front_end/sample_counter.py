"""Multiplexed ADC codes to samples that know their channel, word and time."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.units.count_up import count_up
from spikecae.front_end.front_end import FrontEnd

__all__ = ["DITHER_BITS", "TIME_BITS", "SampleCounter", "coming_layout", "counted_layout", "frame_bits"]

TIME_BITS = 32
DITHER_BITS = 8
"""Bits of a sample's frame that spread its magnitude."""
COMING = ("x", "channel", "lane", "group", "ends", "turn", "settled")
"""What is known of a sample at first."""


def frame_bits(front_end: FrontEnd) -> int:
    """Bits of a frame's number that go with samples and peaks: its last ones are enough where snippets are copied in
    parts, as what is listed is no older."""
    return max(DITHER_BITS, front_end.parts.age_bits) if front_end.in_parts else TIME_BITS


def counted_layout(front_end: FrontEnd) -> data.StructLayout:
    """A sample.

    ``lane`` and ``group`` are its place among the words of its frame; ``ends`` says that it is its word's last, and
    ``next_group`` and ``next_channel`` what comes then. ``begins``: it is its frame's first. ``turn``: it moves its
    channel's noise estimate, which is at its start (``fresh``), moves fast (``coarse``), or is to be relied upon
    (``settled``).
    """
    channel, group = range(max(2, front_end.channels)), range(max(2, front_end.groups))
    return data.StructLayout(
        {
            "x": signed(front_end.bits),
            "channel": channel,
            "lane": range(max(2, front_end.lanes)),
            "group": group,
            "ends": 1,
            "begins": 1,
            "next_channel": channel,
            "next_group": group,
            "time": frame_bits(front_end),
            "turn": 1,
            "fresh": 1,
            "coarse": 1,
            "settled": 1,
        }
    )


def coming_layout(front_end: FrontEnd) -> data.StructLayout:
    """What is known of a sample in the cycle in which it comes."""
    return data.StructLayout({name: field.shape for name, field in counted_layout(front_end) if name in COMING})


class SampleCounter(wiring.Component):
    """``saturate(adc - zero)``, with the channel and the frame that it belongs to. What is the same for a word or a
    frame is clocked with its first sample only.

    Parameters
    ----------
    front_end: channels, converter, turns and settling time.

    Members
    -------
    i: In(stream of signed(16)): codes, channel after channel, frame after frame. Always taken.
    coming: Out(PushStream(coming_layout(front_end))): samples, in the same cycle.
    wanted: In(1): ``x`` of the sample that comes is needed at ``o``, where it stays what it was else.
    o: Out(PushStream(counted_layout(front_end))): samples, one cycle later, one a cycle.
    now: Out(TIME_BITS): the frame that the next sample of ``i`` belongs to, modulo 2**32.
    first: Out(range(max(2, front_end.frames * front_end.groups))): where that frame begins in the circular buffer.

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
                "coming": Out(PushStream(coming_layout(front_end))),
                "wanted": In(1),
                "o": Out(PushStream(counted_layout(front_end))),
                "now": Out(TIME_BITS),
                "first": Out(range(max(2, front_end.frames * front_end.groups))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, coming = self._front_end, self.coming.payload
        channel, lane, group = coming.channel, Signal.like(coming.lane), Signal.like(coming.group)
        longest = max(front_end.turns, front_end.settling_turns)
        turn, frame = Signal(range(longest)), Signal(range(front_end.settling_turns))
        rounds = Signal(front_end.noise_shift + 2)  # stops at the settling time
        final, begins, last_turn, last_frame = Signal(), Signal(), Signal(), Signal()
        x, ends = Signal(signed(17)), coming.ends
        low, high = -(1 << (front_end.bits - 1)), (1 << (front_end.bits - 1)) - 1
        m.d.comb += [
            self.i.ready.eq(1),
            x.eq(self.i.payload - front_end.zero),
            final.eq(channel == front_end.channels - 1),
            ends.eq(final | (lane == front_end.lanes - 1)),
            begins.eq(channel == 0),
            self.coming.valid.eq(self.i.valid),
            coming.x.eq(Mux(x > high, high, Mux(x < low, low, x))),
            coming.lane.eq(lane),
            coming.group.eq(group),
            coming.turn.eq(turn == 0),
            coming.settled.eq(rounds[-1]),
            last_turn.eq(turn == Mux(rounds[-1], front_end.turns, front_end.settling_turns) - 1),
            last_frame.eq(frame == front_end.settling_turns - 1),
        ]
        counted, told = Signal(self.o.payload.shape(), reset_less=True), Signal.like(channel)
        if front_end.lanes & (front_end.lanes - 1) == 0:
            places = front_end.lanes.bit_length() - 1
            m.d.comb += [channel.eq(Cat(lane[:places], group)), told.eq(Cat(counted.lane[:places], counted.group))]
        else:
            following = Signal.like(channel)
            m.d.comb += channel.eq(following)
            with m.If(self.i.valid):
                m.d.sync += [told.eq(channel), following.eq(Mux(final, 0, channel + 1))]
        m.d.comb += [
            self.o.payload.eq(counted),
            self.o.payload.channel.eq(told),
            self.o.payload.next_channel.eq(channel),
            self.o.payload.next_group.eq(group),
        ]
        m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += [
                counted.lane.eq(lane),
                counted.ends.eq(ends),
                counted.begins.eq(begins),
                counted.turn.eq(coming.turn),
                lane.eq(Mux(ends, 0, lane + 1)),
                turn.eq(Mux(last_turn, 0, turn + 1)),
            ]
        with m.If(self.i.valid & self.wanted):
            m.d.sync += counted.x.eq(coming.x)
        with m.If(self.i.valid & ends):
            m.d.sync += group.eq(Mux(final, 0, group + 1))
        with m.If(self.i.valid & (lane == 0)):
            m.d.sync += counted.group.eq(group)
        with m.If(self.i.valid & begins):
            m.d.sync += [
                counted.time.eq(self.now),
                counted.fresh.eq(rounds == 0),
                counted.coarse.eq(rounds < 1 << front_end.noise_shift),
                counted.settled.eq(rounds[-1]),
            ]
        with m.If(self.i.valid & final):
            count_up(m, self.now)
            last = (front_end.frames - 1) * front_end.groups
            m.d.sync += self.first.eq(Mux(self.first == last, 0, self.first + front_end.groups))
            m.d.sync += frame.eq(Mux(last_frame, 0, frame + 1))
        with m.If(self.i.valid & final & last_frame & ~rounds[-1]):
            m.d.sync += rounds.eq(rounds + 1)
        return m
