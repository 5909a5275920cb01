"""Double-buffered parameter registers: the next set is loaded while the active one is used."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ShadowRegisters"]


class ShadowRegisters(wiring.Component):
    """``words`` words fill the shadow; ``take`` makes them active at once.

    Parameters
    ----------
    words: words of a set.
    width: bits per word.

    Members
    -------
    i: In(stream of unsigned(width)): words, first to lowest bits. One a cycle until the shadow is full.
    full: Out(1): a whole set waits in the shadow.
    take: In(1): make it active (only while ``full``); ``active`` has it one cycle later.
    active: Out(words * width): the set in use, stationary between takes.

    Cycles
    ------
    Latency: 1 cycle from ``take`` to ``active``.
    Throughput: a word a cycle, until the shadow is full.
    """

    def __init__(self, words: int, width: int) -> None:
        self._words = words
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width))),
                "full": Out(1),
                "take": In(1),
                "active": Out(unsigned(words * width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.i.payload)
        shadow = [Signal(width, name=f"shadow{n}", reset_less=True) for n in range(self._words)]
        active = Signal(self._words * width, reset_less=True)
        at = Signal(range(max(2, self._words)))
        m.d.comb += [self.i.ready.eq(~self.full | self.take), self.active.eq(active)]
        with m.If(self.take):
            m.d.sync += [active.eq(Cat(shadow)), self.full.eq(0)]
        with m.If(self.i.valid & self.i.ready):
            with m.Switch(at):
                for n, word in enumerate(shadow):
                    with m.Case(n):
                        m.d.sync += word.eq(self.i.payload)
            m.d.sync += at.eq(at + 1)
            with m.If(at == self._words - 1):
                m.d.sync += [at.eq(0), self.full.eq(1)]
        return m
