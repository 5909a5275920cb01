"""Events between their peak and their last sample that is sent, where snippets are copied at once."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from spikecae.front_end.front_end import FrontEnd

__all__ = ["EventList", "EventPlace", "event_layout", "listed_layout"]


def event_layout(front_end: FrontEnd) -> data.StructLayout:
    """Where and when an event has its peak."""
    return data.StructLayout({"channel": range(max(2, front_end.channels)), "time": TIME_BITS})


def listed_layout(front_end: FrontEnd) -> data.StructLayout:
    """The same in a list: of the time as many bits as tell how long ago it is."""
    return data.StructLayout(
        {"channel": range(max(2, front_end.channels)), "time": min(TIME_BITS, front_end.oldest.bit_length())}
    )


class EventPlace(wiring.Signature):
    """The first event of those that have come equally far.

    Parameters
    ----------
    front_end: channels, and how many events there can be.

    Members
    -------
    valid: Out(1): there is one.
    place: Out(range(front_end.queue)): where it lies.
    event: Out(listed_layout(front_end)): itself; the next that comes there, if there is none.
    dropped: Out(1): it is to be forgotten.
    leave: In(1): it goes on; only if there is one.
    drop: In(1): and is to be forgotten.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "place": Out(range(front_end.queue)),
                "event": Out(listed_layout(front_end)),
                "dropped": Out(1),
                "leave": In(1),
                "drop": In(1),
            }
        )


class EventList(wiring.Component):
    """Events in the order in which they were found, each in a place of its own until it has been sent.

    Parameters
    ----------
    front_end: channels, and how many events there can be.

    Members
    -------
    found: In(PushStream(event_layout(front_end))): events.
    full: Out(1): none has a place.
    waiting: Out(EventPlace(front_end)): of which nothing has been copied.
    whole: Out(EventPlace(front_end)): of which all has; what it is, nobody needs to know any more.

    Cycles
    ------
    Latency: 1 cycle from ``found`` to ``waiting``, and from ``leave`` to what follows.
    Throughput: an event a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        first = Out(EventPlace(front_end))
        found = In(PushStream(event_layout(front_end)))
        super().__init__({"found": found, "full": Out(1), "waiting": first, "whole": first})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        depth = front_end.queue
        m.submodules.events = memory = Memory(shape=listed_layout(front_end), depth=depth, init=[])
        keep = memory.write_port()
        tail, taken, dropped = Signal(range(depth)), Signal(range(depth + 1)), Signal(depth)
        enters = Signal()
        m.d.comb += [
            self.full.eq(taken == depth),
            enters.eq(self.found.valid & ~self.full),
            keep.addr.eq(tail),
            keep.data.channel.eq(self.found.payload.channel),
            keep.data.time.eq(self.found.payload.time),
            keep.en.eq(enters),
        ]
        with m.If(enters != self.whole.leave):
            m.d.sync += taken.eq(Mux(enters, taken + 1, taken - 1))
        with m.If(enters):
            m.d.sync += [tail.eq(_after(tail, depth)), dropped.bit_select(tail, 1).eq(0)]

        comes, counts = enters, {name: Signal(range(depth + 1), name=f"count_{name}") for name in ("waiting", "whole")}
        for name, count in counts.items():
            first = getattr(self, name)
            m.d.comb += [first.valid.eq(count != 0), first.dropped.eq(dropped.bit_select(first.place, 1))]
            if name != "whole":
                look_up = memory.read_port(domain="comb")
                m.d.comb += [look_up.addr.eq(first.place), first.event.eq(look_up.data)]
            with m.If(comes != first.leave):
                m.d.sync += count.eq(Mux(comes, count + 1, count - 1))
            with m.If(first.leave):
                m.d.sync += first.place.eq(_after(first.place, depth))
            with m.If(first.leave & first.drop):
                m.d.sync += dropped.bit_select(first.place, 1).eq(1)
            comes = first.leave
        return m


def _after(place: Signal, depth: int) -> Mux:
    return Mux(place == depth - 1, 0, place + 1)
