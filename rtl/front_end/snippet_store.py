"""Copies of snippets, and how they are sent."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory
from spikecae.front_end.front_end import FrontEnd

__all__ = ["SnippetStore", "sample_layout"]


def sample_layout(front_end: FrontEnd) -> data.StructLayout:
    """A sample, whether it ends a snippet, and whether another snippet of its event follows."""
    return data.StructLayout({"x": signed(front_end.bits), "last": 1, "more": 1})


class SnippetStore(wiring.Component):
    """Room for the snippets of one event.

    Parameters
    ----------
    front_end: snippet and neighbours.

    Members
    -------
    write: In(1): keep ``x``.
    at: In(range(front_end.spikes * front_end.samples)): where in it: snippet after snippet, sample after sample.
    x: In(signed(front_end.bits)): the sample.
    there: In(range(front_end.spikes * front_end.samples + 1)): so many of its samples have been kept.
    o: Out(stream of sample_layout(front_end)): its samples, as soon as they are there.
    sent: Out(1): with its last sample.

    Cycles
    ------
    Latency: 1 cycle from ``there`` to the sample.
    Throughput: a sample a cycle.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._size = front_end.spikes * front_end.samples
        super().__init__(
            {
                "write": In(1),
                "at": In(range(self._size)),
                "x": In(signed(front_end.bits)),
                "there": In(range(self._size + 1)),
                "o": Out(stream.Signature(sample_layout(front_end))),
                "sent": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        front_end = self._front_end
        m.submodules.samples = memory = SizedMemory(shape=signed(front_end.bits), depth=front_end.copied, init=[])
        write, read = memory.write_port(), memory.read_port()
        # Of the sample that is read next; ``ending``: none, as the last one has been.
        next_at, sample = Signal(range(self._size)), Signal(range(front_end.samples))
        spike = Signal(range(max(2, front_end.spikes)))
        ending, ends, more = Signal(), Signal(reset_less=True), Signal(reset_less=True)
        last, final = sample == front_end.samples - 1, spike == front_end.spikes - 1
        free = ~self.o.valid | self.o.ready
        m.d.comb += [
            write.addr.eq(self.at),
            write.data.eq(self.x),
            write.en.eq(self.write),
            read.addr.eq(next_at),
            read.en.eq(free & ~ending & (next_at < self.there)),
            self.o.payload.x.eq(read.data),
            self.o.payload.last.eq(ends),
            self.o.payload.more.eq(more),
            self.sent.eq(self.o.valid & self.o.ready & ending),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(read.en)
        with m.If(read.en):
            m.d.sync += [
                next_at.eq(Mux(last & final, 0, next_at + 1)),
                sample.eq(Mux(last, 0, sample + 1)),
                ends.eq(last),
                more.eq(~final),
                ending.eq(last & final),
            ]
        with m.If(read.en & last):
            m.d.sync += spike.eq(Mux(final, 0, spike + 1))
        with m.If(self.sent):
            m.d.sync += ending.eq(0)
        return m
