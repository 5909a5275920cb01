"""Events to spikes, part by part: samples that come are copied to their event's room before they are overwritten."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.front_end.circular_buffer import BufferRead, place_of
from rtl.front_end.event_stages import EventStages, crossing_layout, delay_layout
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from rtl.front_end.snippet_reader import spike_layout
from rtl.memory.sized import SizedMemory
from spikecae.front_end.front_end import FrontEnd

__all__ = ["PartReader"]


class PartReader(wiring.Component):
    """Copy the parts of snippets as soon as their samples are there, and send each event from its copy.

    Each event has a room of a snippet's size. The first sample of those that can belong to it lies first, and what
    does not fit lies over what was first, which the event's peak, known by then, has left behind. In each frame stages
    are gone through, one after the other, until none has a part to copy. Circular buffer and rooms are so large that no
    sample is overwritten, whatever the receiver does: what is lost is crossings that find no place.

    Parameters
    ----------
    front_end: snippet, size of the circular buffer, and how many events there can be.

    Members
    -------
    crossed: In(PushStream(crossing_layout(front_end))): crossings, with the last bits of their frame.
    peaked: In(PushStream(delay_layout(front_end))): their peaks.
    begins: In(1): the first sample of a frame has come in this cycle.
    now: In(TIME_BITS): the frame that the next sample belongs to.
    first: In(range(max(2, front_end.frames * front_end.groups))): where that frame begins in the circular buffer.
    buffer: Out(BufferRead(front_end)): the circular buffer.
    o: Out(stream of spike_layout()): spikes.
    lost: Out(1): for one cycle, a crossing found no place.
    clock_request: Out(1): the next rising edge of the clock is needed. It is for the caller to ask for the edges that
        take crossings and peaks.

    Cycles
    ------
    Latency: 4 cycles from the last sample of an event that is copied.
    Throughput: a sample a cycle where none is copied.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "crossed": In(PushStream(crossing_layout(front_end))),
                "peaked": In(PushStream(delay_layout(front_end))),
                "begins": In(1),
                "now": In(TIME_BITS),
                "first": In(range(max(2, front_end.frames * front_end.groups))),
                "buffer": Out(BufferRead(front_end)),
                "o": Out(stream.Signature(spike_layout())),
                "lost": Out(1),
                "clock_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end, samples, parts = self._front_end, self._front_end.samples, self._front_end.parts.ends
        m.submodules.list = events = EventStages(front_end)
        m.submodules.samples = store = SizedMemory(
            shape=signed(front_end.bits), depth=front_end.queue * samples, init=[], single_port=True
        )
        write, read = store.write_port(), store.read_port()
        wiring.connect(m, wiring.flipped(self.crossed), events.crossed)
        wiring.connect(m, wiring.flipped(self.peaked), events.peaked)

        looks, again, reading, copied = Signal(), Signal(), Signal(), Signal()
        stage, last_part = Signal(range(len(parts))), Signal()
        age, due, ready = Signal(front_end.parts.age_bits), Signal(front_end.parts.age_bits), Signal()
        begin, at, at_copied, end = (Signal(range(samples), name=name) for name in ("begin", "at", "at_copied", "end"))
        row, starts, reads, final = Signal.like(self.first), Signal(), Signal(), Signal()
        idle = ~(reading | copied)
        m.d.comb += [
            events.now.eq(self.now),
            events.stage.eq(stage),
            last_part.eq(stage == len(parts) - 1),
            age.eq(self.now - events.event.time),
            begin.eq(Array([0, *parts[:-1]])[stage]),
            # A part is there when its last sample's frame is over: that of the crossing is number ``peak``.
            due.eq(Mux(last_part, samples + events.delay, Array(parts)[stage]) - front_end.peak),
            end.eq(Mux(last_part, _before(events.delay, samples), Array(parts)[stage] - 1)),
            ready.eq(events.valid & (age >= due)),
            starts.eq(looks & idle & ready),
            reads.eq(reading & self.buffer.ready),
            final.eq(at == end),
        ]
        with m.If(looks & idle & ~ready):
            m.d.sync += stage.eq(Mux(last_part, 0, stage + 1))
            with m.If(last_part):
                m.d.sync += [looks.eq(again), again.eq(0)]
        comes = self.begins & (events.waits | self.crossed.valid)
        with m.If(comes):
            m.d.sync += looks.eq(1)
            with m.If(looks):
                m.d.sync += again.eq(1)

        depth, groups = front_end.frames * front_end.groups, front_end.groups
        back, source = Signal(range(2 * depth)), place_of(m, front_end, events.event.channel)
        m.d.comb += [
            back.eq((age + front_end.peak - begin) * groups),
            self.buffer.word.eq(row + source.group),
            self.buffer.lane.eq(source.lane),
            self.buffer.en.eq(reading),
        ]
        m.d.sync += copied.eq(reads)
        with m.If(starts):
            m.d.sync += [
                reading.eq(1),
                at.eq(begin),
                row.eq(Mux(back > self.first, self.first + depth - back, self.first - back)),
            ]
        with m.If(reads):
            m.d.sync += [
                reading.eq(~final),
                at.eq(Mux(at == samples - 1, 0, at + 1)),
                at_copied.eq(at),
                row.eq(Mux(row == depth - groups, 0, row + groups)),
            ]
        m.d.comb += [
            events.leave.eq(copied & ~reading),
            write.addr.eq(events.place * samples + at_copied),
            write.data.eq(self.buffer.x),
            write.en.eq(copied),
        ]

        # Sending: of the sample that is read next, and whether it is not the event's first.
        next_at, inside, ending = Signal(range(samples)), Signal(), Signal()
        read_at, following, free = Signal(range(samples)), Signal(range(samples)), ~self.o.valid | self.o.ready
        m.d.comb += [
            read_at.eq(Mux(inside, next_at, events.whole_delay)),
            following.eq(Mux(read_at == samples - 1, 0, read_at + 1)),
            read.addr.eq(events.whole_place * samples + read_at),
            read.en.eq(free & events.whole_valid & ~ending & ~copied),
            events.sent.eq(self.o.valid & self.o.ready & ending),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(read.en)
        with m.If(read.en):
            m.d.sync += [
                next_at.eq(following),
                inside.eq(following != events.whole_delay),
                ending.eq(following == events.whole_delay),
            ]
        with m.If(events.sent):
            m.d.sync += ending.eq(0)
        m.d.comb += [
            self.o.payload.adc.eq(read.data + front_end.zero),
            self.o.payload.last.eq(ending),
            self.o.payload.channel.eq(events.whole.channel),
            self.o.payload.time.eq(events.whole.time),
            self.lost.eq(events.lost),
            self.clock_request.eq(
                comes | looks | reading | copied | events.whole_valid | self.o.valid | events.changes
            ),
        ]
        return m


def _before(delay: Signal, samples: int) -> Mux:
    """Where an event's last sample lies, which is before its first one."""
    return Mux(delay == 0, samples - 1, delay - 1)
