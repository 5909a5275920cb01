"""Events to spikes: the samples around the peak, out of the circular buffer."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.circular_buffer import BufferRead, place_in_frame, place_of
from rtl.front_end.event_list import EventList, event_layout
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from rtl.front_end.snippet_store import SnippetStore
from spikecae.front_end.front_end import FrontEnd

__all__ = ["SnippetReader", "spike_layout"]


def spike_layout() -> data.StructLayout:
    """The encoder's input: a sample, whether it ends a spike, and the channel and time of the event's peak.

    ``more`` says that behind this spike comes another one of its event.
    """
    return data.StructLayout({"adc": signed(16), "last": 1, "more": 1, "channel": 16, "time": TIME_BITS})


class SnippetReader(wiring.Component):
    """Copy an event's snippets at once, as soon as their samples are there, and send them from the copy.

    A copy is not held up by the receiver: an event is sent whole, or dropped whole because the circular buffer would
    overwrite its samples too soon. There is room for one event, whose sending begins with its copy.

    Parameters
    ----------
    front_end: snippet, neighbours, size of the circular buffer, and how many events there can be.

    Members
    -------
    found: In(PushStream(event_layout(front_end))): peaks.
    now: In(TIME_BITS): the frame that the next sample belongs to.
    first: In(range(max(2, front_end.frames * front_end.groups))): where that frame begins in the circular buffer.
    buffer: Out(BufferRead(front_end)): the circular buffer.
    o: Out(stream of spike_layout()): spikes, channel after channel in the order of the neighbours.
    lost: Out(range(3)): so many events were lost in this cycle: found where there was no place, or too late to copy.
    clock_request: Out(1): the next rising edge of the clock is needed: an event is complete, or not sent yet. It is
        for the caller to ask for the edge that takes what is found.

    Cycles
    ------
    Latency: 5 cycles from an event that is complete.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "found": In(PushStream(event_layout(front_end))),
                "now": In(TIME_BITS),
                "first": In(range(max(2, front_end.frames * front_end.groups))),
                "buffer": Out(BufferRead(front_end)),
                "o": Out(stream.Signature(spike_layout())),
                "lost": Out(range(3)),
                "clock_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        spikes, samples = front_end.spikes, front_end.samples
        m.submodules.list = events = EventList(front_end)
        m.submodules.store = store = SnippetStore(front_end)
        waiting, whole, event = events.waiting, events.whole, events.waiting.event
        m.d.comb += [events.found.valid.eq(self.found.valid), events.found.payload.eq(self.found.payload)]

        # What is copied, or could be, and how long ago its peak was.
        reading, copied, ends = Signal(), Signal(), Signal(reset_less=True)
        age, can_begin, idle = Signal.like(event.time), Signal(), ~(reading | copied)
        m.d.comb += [
            age.eq(self.now - event.time),
            can_begin.eq(waiting.valid & (age >= samples - front_end.peak)),
        ]
        spike, sample = Signal(range(max(2, spikes))), Signal(range(samples))
        at, final = Signal.like(store.at), sample == samples - 1
        starts, spoils, late, look_up, reads = Signal(), Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            late.eq(age > front_end.latest),
            # What is too late does not wait, so that no event is older than its time can tell.
            starts.eq(idle & can_begin & (late | ~whole.valid)),
            spoils.eq(starts & late),
            reads.eq(reading & self.buffer.ready),
            self.buffer.en.eq(reading),
            self.clock_request.eq(can_begin | reading | copied | whole.valid | store.o.valid),
        ]
        sent = Signal(event_layout(front_end), reset_less=True)
        with m.If(starts & ~late):
            m.d.sync += [sent.channel.eq(event.channel), sent.time.eq(self.now - age)]
        source = self._source(m, event, Mux(reading, spike + 1, 0), look_up)
        depth = front_end.frames * front_end.groups
        row, base, begins, back = (
            Signal(range(max(2, depth + 1)), name=name) for name in ("row", "base", "begins", "back")
        )
        m.d.comb += [
            # The first frame is at most the whole buffer back.
            back.eq((age + front_end.peak) * front_end.groups),
            begins.eq(Mux(back > self.first, self.first + depth - back, self.first - back)),
            self.buffer.word.eq(row + source.group),
            self.buffer.lane.eq(source.lane),
        ]
        m.d.sync += copied.eq(reads)
        with m.If(starts & ~late):
            m.d.comb += look_up.eq(1)
            m.d.sync += [reading.eq(1), row.eq(begins), base.eq(begins), sample.eq(0), at.eq(0)]
        with m.If(reads):
            following = Mux(row == depth - front_end.groups, 0, row + front_end.groups)
            m.d.sync += [sample.eq(Mux(final, 0, sample + 1)), row.eq(Mux(final, base, following))]
            m.d.sync += ends.eq(final & (spike == spikes - 1))
        with m.If(reads & final):
            m.d.comb += look_up.eq(1)
            m.d.sync += spike.eq(spike + 1)
        with m.If(reads & final & (spike == spikes - 1)):
            m.d.sync += [reading.eq(0), spike.eq(0)]
        with m.If(copied):
            m.d.sync += at.eq(Mux(ends, 0, at + 1))

        done = (copied & ends) | spoils
        m.d.comb += [
            waiting.leave.eq(done),
            waiting.drop.eq(spoils),
            store.write.eq(copied),
            store.at.eq(at),
            store.x.eq(self.buffer.x),
            store.there.eq(Mux(whole.valid, Mux(whole.dropped, 0, spikes * samples), at)),
            whole.leave.eq(store.sent | (whole.valid & whole.dropped)),
            self.lost.eq((self.found.valid & events.full) + spoils),
            self.o.valid.eq(store.o.valid),
            self.o.payload.adc.eq(store.o.payload.x + front_end.zero),
            self.o.payload.last.eq(store.o.payload.last),
            self.o.payload.more.eq(store.o.payload.more),
            self.o.payload.channel.eq(sent.channel),
            self.o.payload.time.eq(sent.time),
            store.o.ready.eq(self.o.ready),
        ]
        return m

    def _source(self, m: Module, event: Any, place: Value, look_up: Signal) -> Any:
        """Lane and word in a frame of the channel that is read from; of neighbours a cycle after ``look_up``.

        Args:
            m: the unit.
            event: the event.
            place: which of its snippets, while it is looked up.
            look_up: its place is needed.
        """
        front_end = self._front_end
        if not front_end.neighbours:
            return place_of(m, front_end, event.channel)
        spikes, lanes = front_end.spikes, front_end.lanes
        rows = max(2, 1 << (spikes - 1).bit_length())
        channels = [channel for row in front_end.neighbours for channel in (*row, *[0] * (rows - spikes))]
        words = [{"lane": channel % lanes, "group": channel // lanes} for channel in channels]
        layout = place_in_frame(front_end)
        m.submodules.neighbours = memory = Memory(shape=layout, depth=len(words), init=words)
        table, row, source = memory.read_port(), Signal(range(rows)), Signal(layout)
        m.d.comb += [
            row.eq(place),
            table.addr.eq(Cat(row, event.channel)),
            table.en.eq(look_up),
            source.eq(table.data),
        ]
        return source
