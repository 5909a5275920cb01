"""Which samples the chip takes, and which spikes are one event's."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.packets.event_coder import TIME_BITS

__all__ = ["Intake"]


class Intake(wiring.Component):
    """No spike begins while the chip stops or flushes, and no block while settings wait; none ends before the one ahead
    of it is counted, whose channel and time its own would replace.

    In neighbourhoods an event is ``spikes`` spikes of one time, right or wrong. A spike of another time, or what
    comes after a flush, begins an event; what has begun of the one before is to be dropped first.

    A front end's events are whole, so that waiting for their ends is safe; a host might end within a spike.

    Parameters
    ----------
    spikes: of an event; 1 where spikes stand for themselves.

    Members
    -------
    offered: In(1): a sample is offered.
    taken: In(1): it is taken.
    last: In(1): it is its spike's last.
    more: In(1): behind its spike comes another of its event, which is to be waited for.
    named: In(1): channel and time of the spike that is offered leave before its samples are taken.
    time: In(TIME_BITS): of the spike that is offered (only of events).
    raw: In(1): spikes stand for themselves (only of events).
    dropped: In(1): the spike that is taken goes nowhere.
    ended: In(1): for one cycle, a spike that does not is counted, or left out.
    pending: In(1): a block has begun and waits for more spikes.
    closed: In(1): for one cycle, it is given up for a flush (only of events).
    ending: In(1): no spike may begin.
    waiting: In(1): no block may begin.
    gate: Out(1): samples may be taken.
    under_way: Out(1): some of a spike, or of an event that is to be waited for, were taken, and more are to come.
    uncounted: Out(1): a spike's last sample was taken, and ``ended`` is still to come.
    first: Out(1): the spike that is offered, or under way, is its event's first.
    cut: Out(1): give up what has begun: the spike that is offered is another event's.

    Cycles
    ------
    Latency: 0 cycles from a sample to ``gate`` and ``cut``.
    Throughput: a sample a cycle; where an event is cut, a cycle is lost once all its spikes have ``ended``.
    """

    def __init__(self, spikes: int) -> None:
        self._spikes = spikes
        inputs = ["offered", "taken", "last", "more", "named", "dropped", "ended", "pending", "ending", "waiting"]
        events = {"time": In(TIME_BITS), "raw": In(1), "closed": In(1)}
        super().__init__(
            {
                **{name: In(1) for name in inputs},
                **(events if spikes > 1 else {}),
                **{name: Out(1) for name in ("gate", "under_way", "uncounted", "first", "cut")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        other, between = Signal(), Signal()
        m.d.comb += [
            between.eq(self.uncounted | ~self.pending),
            self.gate.eq(
                (self.under_way | ~(self.ending | (self.waiting & between) | other)) & ~(self.uncounted & self.last)
            ),
            self.first.eq(1),
        ]
        with m.If(self.ended):
            m.d.sync += self.uncounted.eq(0)
        with m.If(self.named):
            m.d.sync += self.under_way.eq(1)
        with m.If(self.taken):
            m.d.sync += self.under_way.eq(~self.last | self.more)
            with m.If(self.last & ~self.dropped):
                m.d.sync += self.uncounted.eq(1)
        if self._spikes > 1:
            self._events(m, other)
        return m

    def _events(self, m: Module, other: Signal) -> None:
        """Count an event's spikes, and compare their times."""
        place, time = Signal(range(self._spikes)), Signal(TIME_BITS, reset_less=True)
        whole = place == self._spikes - 1
        m.d.comb += [
            self.first.eq(place == 0),
            other.eq(self.offered & ~self.under_way & ~self.first & (self.time != time)),
            self.cut.eq(other & ~self.uncounted),
        ]
        with m.If(self.taken & self.last & self.first):
            m.d.sync += time.eq(self.time)
        with m.If(self.raw | self.cut | self.closed):
            m.d.sync += place.eq(0)
        with m.Elif(self.taken & self.last):
            m.d.sync += place.eq(Mux(whole, 0, place + 1))
