"""Deal a stream of parameter words out to the units they belong to."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Distributor"]


class Distributor(wiring.Component):
    """The first ``counts[0]`` words go to ``o[0]``, the next ``counts[1]`` to ``o[1]``, and round again.

    Parameters
    ----------
    width: bits per word.
    counts: words per receiver, each at least 1.
    isolate: keep each payload zero while it is not valid, so that a word moves no wires but those to its receiver.

    Members
    -------
    i: In(stream of unsigned(width)): words.
    o: Out(len(counts) × stream of unsigned(width)): one stream per receiver. No latency, one word a cycle.

    Raises
    ------
    ValueError: a receiver takes no words.

    Cycles
    ------
    Latency: 0 cycles.
    Throughput: a word a cycle.
    """

    def __init__(self, width: int, counts: list[int], isolate: bool = True) -> None:
        if not counts or min(counts) < 1:
            raise ValueError(f"every receiver must take at least one word, got {counts}")
        self._counts = counts
        self._isolate = isolate
        signature = stream.Signature(unsigned(width))
        super().__init__({"i": In(signature), "o": Out(signature).array(len(counts))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        receiver = Signal(range(max(2, len(self._counts))))
        word = Signal(range(max(2, *self._counts)))
        for o in self.o:
            m.d.comb += o.payload.eq(Mux(o.valid, self.i.payload, 0) if self._isolate else self.i.payload)
        with m.Switch(receiver):
            for number, (count, o) in enumerate(zip(self._counts, self.o, strict=True)):
                with m.Case(number):
                    m.d.comb += [o.valid.eq(self.i.valid), self.i.ready.eq(o.ready)]
                    with m.If(o.valid & o.ready):
                        m.d.sync += word.eq(word + 1)
                        with m.If(word == count - 1):
                            m.d.sync += [word.eq(0), receiver.eq((number + 1) % len(self._counts))]
        return m
