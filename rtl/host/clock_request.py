"""When the chip needs its clock: while something moves, and until all that follows from it has come to rest."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["REASONS", "ClockRequest"]

REASONS = ("sample", "access", "coding", "sending", "supervising", "timeout", "overrun")
"""Why the clock runs; what these lead to is done within the time that it goes on after them."""


class ClockRequest(wiring.Component):
    """Ask for rising edges.

    Parameters
    ----------
    settling: cycles, at least 1, after which nothing changes any more once no reason is left.

    Members
    -------
    sample: In(1): one is offered.
    access: In(1): one to a register or a parameter is offered, under way, or its answer waits.
    coding: In(1): blocks are under way.
    sending: In(1): a packet is.
    supervising: In(1): parameters are checked, or about to be, or the chip stops.
    timeout: In(1): a timeout begins or ends.
    overrun: In(1): a lost event is to be counted.
    tokens: In(1): they come with the next edge; nothing follows from it.
    needed: Out(1): the next rising edge is. Without one, everything stays as it is.

    Cycles
    ------
    Latency: 0 cycles, so that the very next edge is there.
    Throughput: an edge a cycle; it asks for ``settling`` more after the last reason.
    """

    def __init__(self, settling: int) -> None:
        self._settling = settling
        super().__init__({**{name: In(1) for name in (*REASONS, "tokens")}, "needed": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        working, rested = Signal(), Signal(range(self._settling + 1))
        at_rest = rested == self._settling
        m.d.comb += [
            working.eq(Cat(getattr(self, name) for name in REASONS).any()),
            self.needed.eq(working | self.tokens | ~at_rest),
        ]
        with m.If(working):
            m.d.sync += rested.eq(0)
        with m.Elif(~at_rest):
            m.d.sync += rested.eq(rested + 1)
        return m
