"""Events to spikes: the samples around the peak, out of the circular buffer."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.circular_buffer import BufferRead
from rtl.front_end.event_arbiter import event_layout
from rtl.front_end.sample_counter import TIME_BITS
from spikecae.front_end.front_end import FrontEnd

__all__ = ["SnippetReader", "spike_layout"]


def spike_layout() -> data.StructLayout:
    """The encoder's input: a sample, whether it ends a spike, and the channel and time of the event's peak.

    ``more`` says that behind this spike comes another one of its event.
    """
    return data.StructLayout({"adc": signed(16), "last": 1, "more": 1, "channel": 16, "time": TIME_BITS})


class SnippetReader(wiring.Component):
    """Copy an event's snippets into a buffer of their own as soon as they are complete, and send them from there.

    A copy, once begun, is not held up by the receiver: an event is sent whole, or dropped whole because the
    circular buffer would overwrite its samples too soon.

    Parameters
    ----------
    front_end: snippet, neighbours, and size of the circular buffer.

    Members
    -------
    events: In(stream of event_layout(front_end)): peaks. The next is taken when the last spike of the one before was
        sent.
    now: In(TIME_BITS): the frame that the next sample belongs to.
    first: In(range(max(2, front_end.frames * front_end.groups))): where that frame begins in the circular buffer.
    buffer: Out(BufferRead(front_end)): the circular buffer.
    o: Out(stream of spike_layout()): spikes, channel after channel in the order of the neighbours. The first sample
        leaves four cycles after the event is there and complete; then one a cycle, but for those in which the circular
        buffer is written.
    lost: Out(1): for one cycle, an event was dropped.
    clock_request: Out(1): the next rising edge of the clock is needed: an event is complete, or not sent yet.

    Cycles
    ------
    Latency: 4 cycles from an event that is complete.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        super().__init__(
            {
                "events": In(stream.Signature(event_layout(front_end))),
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
        front_end = self._front_end
        spikes, samples = front_end.spikes, front_end.samples
        event = self.events.payload
        age, sent = Signal(TIME_BITS), Signal(event.shape(), reset_less=True)
        spike, sample = Signal(range(max(2, spikes))), Signal(range(samples))
        reading, reads, copied, ends = Signal(), Signal(), Signal(), Signal(reset_less=True)
        depth = front_end.frames * front_end.groups
        names = ("row", "base", "begins", "back")
        row, base, begins, back = (Signal(range(max(2, depth + 1)), name=name) for name in names)
        complete, final = self.events.valid & (age >= samples - front_end.peak), sample == samples - 1
        m.submodules.copy = copy = fifo.SyncFIFOBuffered(width=front_end.bits + 1, depth=spikes * samples)

        look_up = Signal()
        lanes, groups = front_end.lanes, front_end.groups
        place_in_frame = data.StructLayout({"lane": self.buffer.lane.shape(), "group": range(max(2, groups))})
        source = Signal(place_in_frame)
        if front_end.neighbours:
            rows = max(2, 1 << (spikes - 1).bit_length())
            channels = [channel for row in front_end.neighbours for channel in (*row, *[0] * (rows - spikes))]
            words = [{"lane": channel % lanes, "group": channel // lanes} for channel in channels]
            m.submodules.neighbours = memory = Memory(shape=place_in_frame, depth=len(words), init=words)
            table = memory.read_port()
            place = Signal(range(rows))
            m.d.comb += [
                place.eq(Mux(reading, spike + 1, 0)),
                table.addr.eq(Cat(place, event.channel)),
                table.en.eq(look_up),
                source.eq(table.data),
            ]
        else:
            factor, shift = _quotient(lanes, front_end.channels)
            group = (event.channel * factor) >> shift
            m.d.comb += [source.group.eq(group), source.lane.eq(event.channel - source.group * lanes)]

        m.d.comb += [
            age.eq(self.now - event.time),
            self.buffer.word.eq(row + source.group),
            self.buffer.lane.eq(source.lane),
            self.buffer.en.eq(reading),
            reads.eq(reading & self.buffer.ready),
            # The event's first frame is at most the whole buffer back.
            back.eq((age[: len(back)] + front_end.peak) * groups),
            begins.eq(Mux(back > self.first, self.first + depth - back, self.first - back)),
            copy.w_data.eq(Cat(self.buffer.x, ends)),
            copy.w_en.eq(copied),
            self.clock_request.eq(complete | reading | copied | (copy.level != 0)),
        ]
        m.d.sync += copied.eq(reads)
        with m.If(reads):
            following = Mux(row == depth - groups, 0, row + groups)
            m.d.sync += [ends.eq(final), sample.eq(Mux(final, 0, sample + 1)), row.eq(Mux(final, base, following))]
        with m.If(reads & final):
            m.d.sync += spike.eq(spike + 1)
            m.d.comb += look_up.eq(1)
        with m.If(reads & final & (spike == spikes - 1)):
            m.d.comb += self.events.ready.eq(1)
            m.d.sync += [reading.eq(0), spike.eq(0)]
        with m.If(~reading & complete):
            with m.If(age > front_end.latest):
                m.d.comb += [self.lost.eq(1), self.events.ready.eq(1)]
            with m.Elif(~copied & (copy.level == 0)):
                m.d.comb += look_up.eq(1)
                m.d.sync += [reading.eq(1), sent.eq(event), row.eq(begins), base.eq(begins)]

        behind = Signal(range(max(2, spikes)))
        with m.If(self.o.valid & self.o.ready & self.o.payload.last):
            m.d.sync += behind.eq(Mux(self.o.payload.more, behind + 1, 0))
        m.d.comb += [
            self.o.valid.eq(copy.r_rdy),
            self.o.payload.adc.eq(copy.r_data[:-1].as_signed() + front_end.zero),
            self.o.payload.last.eq(copy.r_data[-1]),
            self.o.payload.channel.eq(sent.channel),
            self.o.payload.time.eq(sent.time),
            self.o.payload.more.eq(behind != spikes - 1),
            copy.r_en.eq(self.o.ready),
        ]
        return m


def _quotient(divisor: int, below: int) -> tuple[int, int]:
    """Factor and shift that divide all numbers below a bound."""
    for shift in range(24):
        factor = -(-(1 << shift) // divisor)
        if all(number * factor >> shift == number // divisor for number in range(below)):
            return factor, shift
    raise ValueError(f"no factor divides numbers below {below} by {divisor}")
