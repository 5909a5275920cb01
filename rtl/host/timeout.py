"""When what waits has waited too long for another spike."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.units.count_up import count_up

__all__ = ["Timeout"]


class Timeout(wiring.Component):
    """Count cycles without a sample while something waits.

    Members
    -------
    limit: In(32): cycles; 0: never.
    waits: In(1): something does.
    restart: In(1): a sample is offered, or a spike is counted.
    flush: Out(1): it has waited for so many cycles.
    changes: Out(1): ``flush`` is another in the next cycle. The domain ``always_on`` counts meanwhile.

    Cycles
    ------
    Latency: 1 cycle from the last cycle that is counted to ``flush``.
    Throughput: a cycle is counted a cycle.
    """

    def __init__(self) -> None:
        inputs = {"limit": In(32), "waits": In(1), "restart": In(1)}
        super().__init__({**inputs, "flush": Out(1), "changes": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count, over, due, again = Signal(32), Signal(), Signal(), Signal()
        m.d.comb += [
            over.eq((self.limit != 0) & (count >= self.limit)),
            due.eq(over & self.waits),
            again.eq(self.restart | ~self.waits),
            self.changes.eq(self.flush ^ due),
        ]
        with m.If(again & (count != 0)):
            m.d.always_on += count.eq(0)
        with m.Elif((self.limit != 0) & ~over & ~again):
            count_up(m, count, "always_on")
        m.d.sync += self.flush.eq(due)
        return m
