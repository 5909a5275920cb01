"""One event out of the peaks that it has on close channels."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.front_end.event_list import event_layout
from rtl.front_end.peak_finder import peak_layout
from rtl.front_end.push_stream import PushStream
from rtl.front_end.sample_counter import TIME_BITS
from spikecae.front_end.front_end import FrontEnd

__all__ = ["EventArbiter"]


class EventArbiter(wiring.Component):
    """Hold each peak until no larger one can come near it.

    A peak near one that is at least as large, and not later than it found, is dropped. A larger one takes the place of
    the first it beats, and all others that it beats are dropped. Events leave in the order of their places, one a
    sample: a place that was given up is left in the same way, without an event.

    Parameters
    ----------
    front_end: close channels, refractory time, and number of places.

    Members
    -------
    i: In(PushStream(peak_layout(front_end))): what each sample decided. Always taken.
    o: Out(PushStream(event_layout(front_end))): events, at the earliest three cycles after the sample that lets one go.
        It is offered for one cycle only.
    lost: Out(1): for one cycle, a peak found no place.

    Raises
    ------
    ValueError: the front end knows no close channels.

    Cycles
    ------
    Latency: 3 cycles at least from the sample that lets an event go.
    Throughput: a sample a cycle, an event a sample.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        if not front_end.close:
            raise ValueError("an arbiter needs close channels, this front end makes queues")
        self._front_end = front_end
        super().__init__(
            {
                "i": In(PushStream(peak_layout(front_end))),
                "o": Out(PushStream(event_layout(front_end))),
                "lost": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        channel = self.i.payload.channel.shape()
        span = data.StructLayout({"first": channel, "last": channel})
        rows = [{"first": first, "last": last} for first, last in front_end.close]
        m.submodules.close = close = Memory(shape=span, depth=max(2, len(rows)), init=rows)
        near = close.read_port()
        valid, peak, given = Signal(), Signal(self.i.payload.shape(), reset_less=True), self.i.payload
        m.d.comb += [near.addr.eq(given.channel), near.en.eq(self.i.valid & given.found)]
        m.d.sync += valid.eq(self.i.valid)
        with m.If(self.i.valid):
            m.d.sync += peak.found.eq(given.found)
        with m.If(self.i.valid & (peak.now != given.now)):
            m.d.sync += peak.now.eq(given.now)
        with m.If(self.i.valid & given.found):
            m.d.sync += [peak.time.eq(given.time), peak.channel.eq(given.channel), peak.height.eq(given.height)]

        place = data.StructLayout({"channel": channel, "time": TIME_BITS, "height": front_end.bits})
        events = [Signal(place, name=f"event{n}", reset_less=True) for n in range(front_end.pending)]
        taken = [Signal(name=f"taken{n}") for n in range(front_end.pending)]
        live = [Signal(name=f"live{n}") for n in range(front_end.pending)]
        rival, rival_before, joins, leaves, beaten = [], Signal(len(events) + 1), Signal(), Signal(), Signal()
        as_large = 0
        for n, event in enumerate(events):
            apart = Signal(TIME_BITS, name=f"apart{n}")
            here = Signal(name=f"rival{n}")
            m.d.comb += [
                apart.eq(peak.time - event.time + front_end.refractory),
                here.eq(
                    live[n]
                    & (event.channel >= near.data.first)
                    & (event.channel <= near.data.last)
                    & (apart <= 2 * front_end.refractory)
                ),
                rival_before[n + 1].eq(rival_before[n] | here),
            ]
            as_large |= here & (event.height >= peak.height)
            rival.append(here)
        any_rival = rival_before[len(events)]
        age = Signal(TIME_BITS)
        m.d.comb += [
            beaten.eq(as_large),
            joins.eq(valid & peak.found & ~beaten),
            age.eq(peak.now - events[0].time),
            leaves.eq(valid & taken[0] & (~live[0] | (age > front_end.rival_time))),
        ]

        updated = []
        for n, event in enumerate(events):
            empty = ~taken[n] & taken[n - 1] if n else ~taken[0]
            enters, now = Signal(name=f"enters{n}"), Signal(place, name=f"updated{n}")
            m.d.comb += [
                enters.eq(joins & Mux(any_rival, rival[n] & ~rival_before[n], empty)),
                now.channel.eq(Mux(enters, peak.channel, event.channel)),
                now.time.eq(Mux(enters, peak.time, event.time)),
                now.height.eq(Mux(enters, peak.height, event.height)),
            ]
            updated.append((now, taken[n] | enters, enters | (live[n] & ~(joins & rival[n]))))
        with m.If(joins | leaves):
            for n, (event, now) in enumerate(zip(events, updated, strict=True)):
                after = updated[n + 1] if n + 1 < len(updated) else (now[0], 0, 0)
                m.d.sync += [
                    event.eq(Mux(leaves, after[0].as_value(), now[0].as_value())),
                    taken[n].eq(Mux(leaves, after[1], now[1])),
                    live[n].eq(Mux(leaves, after[2], now[2])),
                ]
        left = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(left)
        m.d.sync += [
            self.lost.eq(joins & ~any_rival & taken[-1]),
            self.o.valid.eq(leaves & live[0]),
        ]
        with m.If(leaves):
            m.d.sync += [left.channel.eq(events[0].channel), left.time.eq(events[0].time)]
        return m
