"""How many bits may go into packets, on average and at once: a bucket of tokens, and which blocks it lets in."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.units.count_up import count_up

__all__ = ["BURST_BITS", "MOST_RATE", "RATE_BITS", "TICK_CYCLES", "RateLimiter"]

TICK_CYCLES = 1024
"""Cycles from tokens to tokens."""
RATE_FRACTION = 24
"""A rate of 1 is a bit in ``2**RATE_FRACTION`` cycles."""
MOST_RATE = 8 << RATE_FRACTION
"""A byte a cycle, as fast as packets leave."""
RATE_BITS = MOST_RATE.bit_length()
BURST_BITS = 24
FRACTION = RATE_FRACTION - (TICK_CYCLES.bit_length() - 1)
"""Of a token: with each tick come ``rate`` parts."""


class RateLimiter(wiring.Component):
    """Tokens come with time, up to ``burst`` of them; each bit takes one. A block that finds none is dropped, from its
    first spike to its last.

    With a few tokens left, a block waits until those before it have taken theirs: the bucket owes for one block at
    most.

    Parameters
    ----------
    spikes: of a block.
    reserve: tokens that the blocks that are being coded may still take, at most.
    most_spent: largest ``spent``.

    Members
    -------
    rate: In(RATE_BITS): tokens a cycle, in 1/2**24; 0: no limit, and the bucket is full
        one cycle after there is one.
    burst: In(BURST_BITS): tokens that the bucket holds.
    spent: In(range(most_spent + 1)): bits that go into a packet in this cycle.
    between: In(1): no block has begun at the input.
    uncounted: In(1): a spike has ended, and is not counted yet: whether a block begins with the next is to be seen.
    coding: In(1): blocks are being coded.
    alone: In(1): every spike is a block.
    sample: In(1): one is taken; with ``drop`` it is to go nowhere.
    last: In(1): then, it is a spike's last.
    more: In(1): then, behind this spike comes another of its event.
    cut: In(1): the block that is being dropped ends before its last spike; only while no sample is taken.
    drop: Out(1): the spike that is offered is to be dropped.
    wait: Out(1): it is not to be taken yet.
    dropped: Out(1): for one cycle, a whole spike was dropped.
    tick: Out(1): for one cycle, tokens come at its end; the domain ``always_on`` counts the cycles between.

    Cycles
    ------
    Latency: 1 cycle from a bit to ``drop``.
    Throughput: ``most_spent`` bits a cycle.
    """

    def __init__(self, spikes: int, reserve: int, most_spent: int) -> None:
        self._spikes, self._reserve = spikes, reserve
        flags = {name: In(1) for name in ("between", "uncounted", "coding", "alone", "sample", "last", "more", "cut")}
        super().__init__(
            {
                "rate": In(RATE_BITS),
                "burst": In(BURST_BITS),
                "spent": In(range(most_spent + 1)),
                **flags,
                **{name: Out(1) for name in ("drop", "wait", "dropped", "tick")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        empty, plenty = self._bucket(m)
        first, dropping, end = Signal(), Signal(), Signal()
        place = Signal(range(max(2, self._spikes)))
        m.d.comb += [
            first.eq(self.between & ~dropping),
            self.drop.eq(dropping | (first & empty)),
            self.wait.eq(~plenty & (self.uncounted | (first & self.coding))),
            self.dropped.eq(self.sample & self.drop & self.last),
            end.eq(self.last & ~self.more & (self.alone | (place == self._spikes - 1))),
        ]
        with m.If(self.cut):
            m.d.sync += [dropping.eq(0), place.eq(0)]
        with m.Elif(self.sample & self.drop):
            m.d.sync += dropping.eq(~end)
            with m.If(self.last):
                m.d.sync += place.eq(Mux(end, 0, place + 1))
        return m

    def _bucket(self, m: Module) -> tuple[Signal, Signal]:
        """Whether there is a limit and no whole token left; and whether there is none, or more than the reserve."""
        empty, plenty = Signal(), Signal()
        width = signed(1 + BURST_BITS + FRACTION)
        held, most = Signal(width), Signal(width)
        left = Signal(signed(2 + len(held)))
        cycle, limited, counting = Signal(range(TICK_CYCLES)), Signal(), Signal()
        tokens = held >> FRACTION
        m.d.comb += [
            limited.eq(self.rate != 0),
            self.tick.eq(cycle == TICK_CYCLES - 1),
            most.eq(self.burst << FRACTION),
            left.eq(held + Mux(self.tick, self.rate, Const(0)) - (self.spent << FRACTION)),
            empty.eq(counting & (tokens <= 0)),
            plenty.eq(~counting | (tokens > self._reserve)),
        ]
        with m.If(counting != limited):
            m.d.sync += counting.eq(limited)
        with m.If(limited & ~counting):  # the bucket is filled then: without a limit its clock stands still
            m.d.sync += held.eq(most)
        with m.Elif(counting & (self.tick | (self.spent != 0))):
            m.d.sync += held.eq(Mux(left > most, most, left))
        with m.If(limited):
            count_up(m, cycle, "always_on")
        with m.Elif(cycle != 0):
            m.d.always_on += cycle.eq(0)
        return empty, plenty
