"""Events from their crossing on, by how much of their snippets has been copied."""

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.event_list import event_layout
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from rtl.memory.sized import alone
from spikecae.front_end.front_end import FrontEnd

__all__ = ["EventStages", "crossing_layout", "delay_layout"]


def crossing_layout(front_end: FrontEnd) -> data.StructLayout:
    """An event in a list: its channel, and the last bits of the frame of its crossing."""
    return data.StructLayout({"channel": range(max(2, front_end.channels)), "time": front_end.parts.age_bits})


def delay_layout(front_end: FrontEnd) -> data.StructLayout:
    """By how many frames a channel's peak was later than its crossing."""
    return data.StructLayout({"channel": range(max(2, front_end.channels)), "delay": range(front_end.search)})


class EventStages(wiring.Component):
    """Events in the order of their crossings, each in a place of its own until it has been sent.

    A stage has those of which as many parts have been copied. All events go through all of them in the same order, so
    that each is told by a pointer to its first event. A peak belongs to the first event that has none yet, as long as
    that is of its channel: if not, its crossing found no place.

    Of times the list keeps as many bits as tell events apart from the first one, whose time is known: one that crosses
    later than that finds no place either.

    Parameters
    ----------
    front_end: channels, number of places, parts of a snippet.

    Members
    -------
    crossed: In(PushStream(crossing_layout(front_end))): crossings, with the last bits of their frame.
    peaked: In(PushStream(delay_layout(front_end))): peaks, later than their crossings.
    now: In(TIME_BITS): the frame that the next sample belongs to.
    lost: Out(1): for one cycle, a crossing found no place.
    waits: Out(1): of some event not all has been copied.
    changes: Out(1): the next rising edge of the clock is needed, although nothing is asked for.
    stage: In(range(len(front_end.parts.ends))): parts that have been copied of the event that is looked at.
    valid: Out(1): there is one, the first of these.
    place: Out(range(front_end.queue)): where it lies.
    event: Out(crossing_layout(front_end)): itself.
    delay: Out(range(front_end.search)): of its peak, as soon as that is known.
    leave: In(1): it has gone on to the next stage; only if there is one.
    whole_valid: Out(1): of some event all has been copied.
    whole_place: Out(range(front_end.queue)): where the first of these lies.
    whole: Out(event_layout(front_end)): itself, and the frame of its peak, from the second cycle on in which it is the
        first of all.
    whole_delay: Out(range(front_end.search)): of its peak.
    sent: In(1): it has been sent; only if there is one.

    Cycles
    ------
    Latency: 1 cycle from ``crossed`` to the first stage, and from ``leave`` to what follows.
    Throughput: an event a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        place, delay = range(front_end.queue), range(front_end.search)
        super().__init__(
            {
                "crossed": In(PushStream(crossing_layout(front_end))),
                "peaked": In(PushStream(delay_layout(front_end))),
                "now": In(TIME_BITS),
                "lost": Out(1),
                "waits": Out(1),
                "changes": Out(1),
                "stage": In(range(len(front_end.parts.ends))),
                "valid": Out(1),
                "place": Out(place),
                "event": Out(crossing_layout(front_end)),
                "delay": Out(delay),
                "leave": In(1),
                "whole_valid": Out(1),
                "whole_place": Out(place),
                "whole": Out(event_layout(front_end)),
                "whole_delay": Out(delay),
                "sent": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        depth, crossed, peaked = front_end.queue, self.crossed, self.peaked
        # Events lie one behind the other, from ``gone`` to ``tail``. ``turn`` changes behind the last place.
        pointer = data.StructLayout({"place": range(depth), "turn": 1})
        tail, sought, gone = Signal(pointer), Signal(pointer), Signal(pointer)
        firsts = [Signal(pointer, name=f"first{stage}") for stage in range(len(front_end.parts.ends))]
        first, behind = Signal(pointer), Signal(pointer)
        m.d.comb += [first.eq(Array(firsts)[self.stage]), behind.eq(Array([tail, *firsts[:-1]])[self.stage])]

        m.submodules.crossings = crossings = Memory(shape=crossing_layout(front_end), depth=depth, init=[])
        delays = Memory(shape=range(front_end.search), depth=depth, init=[])
        m.submodules.delays = alone(delays)
        keep, kept = crossings.write_port(), delays.write_port()
        looked_at, oldest, seeks = (crossings.read_port(domain="comb") for _ in range(3))
        delay, delay_of_whole = delays.read_port(domain="comb"), delays.read_port(domain="comb")

        there, full, enters, belongs = Signal(), Signal(), Signal(), Signal()
        age = Signal(front_end.parts.age_bits)
        time, since, apart = Signal(TIME_BITS), Signal(TIME_BITS), Signal(front_end.parts.age_bits)
        m.d.comb += [
            there.eq(tail != gone),
            full.eq((tail.place == gone.place) & there),
            since.eq(self.now - time),
            age.eq(self.now - crossed.payload.time),
            enters.eq(crossed.valid & ~full & ~(there & since[front_end.parts.age_bits :].any())),
            self.lost.eq(crossed.valid & ~enters),
            keep.addr.eq(tail.place),
            keep.data.eq(crossed.payload),
            keep.en.eq(enters),
            seeks.addr.eq(sought.place),
            belongs.eq(peaked.valid & (sought != tail) & (seeks.data.channel == peaked.payload.channel)),
            kept.addr.eq(sought.place),
            kept.data.eq(peaked.payload.delay),
            kept.en.eq(belongs),
        ]
        for moves, moved in (
            (enters, tail),
            (belongs, sought),
            *((self.leave & (self.stage == stage), one) for stage, one in enumerate(firsts)),
            (self.sent, gone),
        ):
            with m.If(moves):
                m.d.sync += moved.eq(_after(moved, depth))

        m.d.comb += [
            looked_at.addr.eq(first.place),
            delay.addr.eq(first.place),
            self.valid.eq(first != behind),
            self.place.eq(first.place),
            self.event.eq(looked_at.data),
            self.delay.eq(delay.data),
            self.waits.eq(tail != firsts[-1]),
            oldest.addr.eq(gone.place),
            delay_of_whole.addr.eq(gone.place),
            apart.eq(oldest.data.time - time),
            self.changes.eq(there & (apart != 0)),
            self.whole_valid.eq(gone != firsts[-1]),
            self.whole_place.eq(gone.place),
            self.whole.channel.eq(oldest.data.channel),
            self.whole.time.eq(time + delay_of_whole.data),
            self.whole_delay.eq(delay_of_whole.data),
        ]
        with m.If(enters & ~there):
            m.d.sync += time.eq(self.now - age)
        with m.Elif(self.changes):
            m.d.sync += time.eq(time + apart)
        return m


def _after(pointer: Signal, depth: int) -> Value:
    last = pointer.place == depth - 1
    return Mux(last, ~pointer.turn << len(pointer.place), Value.cast(pointer) + 1)
