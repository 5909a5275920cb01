"""Sliding window over time with zero padding at both ends of a group's samples."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SlidingWindow"]


class SlidingWindow(wiring.Component):
    """Every sample in turn with its neighbours, ``kernel`` in all; kernel 1 is a plain register.

    Groups of ``samples`` samples follow each other without a mark and do not see one another. The last
    windows of a group leave as soon as they can, whether or not the next group has begun.

    Parameters
    ----------
    element: shape of one channel's sample.
    channels: channels of a sample.
    kernel: odd width of the window.
    samples: samples in a group.

    Members
    -------
    i: In(stream of channels × element): samples.
    o: Out(stream of (channels * kernel) × element): windows, oldest sample first, each sample channel after channel. A
        window leaves one cycle after its newest sample came; one window a cycle.

    Raises
    ------
    ValueError: ``kernel`` is even.

    Cycles
    ------
    Latency: 1 cycle from a window's newest sample.
    Throughput: a window a cycle.
    """

    def __init__(self, element: object, channels: int, kernel: int, samples: int) -> None:
        if kernel % 2 == 0:
            raise ValueError(f"kernel = {kernel} must be odd")
        self._kernel = kernel
        self._samples = samples
        sample = data.ArrayLayout(element, channels)
        super().__init__(
            {
                "i": In(stream.Signature(sample)),
                "o": Out(stream.Signature(data.ArrayLayout(element, channels * kernel))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pad = self._kernel // 2
        # slot[0] is the newest sample, slot[pad] the centre of the window.
        slot = [Signal(len(self.i.payload.as_value()), name=f"slot{n}", reset_less=True) for n in range(self._kernel)]
        pending = [Signal(name=f"pending{n}") for n in range(pad)]
        centre = Signal(range(max(2, self._samples)))
        advance = Signal()
        free = ~self.o.valid | self.o.ready
        for n in range(self._kernel):
            age = n - pad
            # Where a group is shorter than the window's reach, no sample so far away is inside.
            if abs(age) >= self._samples:
                inside: object = 0
            else:
                inside = centre >= age if age > 0 else centre < self._samples + age if age < 0 else 1
            value = self.o.payload.as_value().word_select(self._kernel - 1 - n, len(slot[n]))
            m.d.comb += value.eq(Mux(inside, slot[n], 0))
        m.d.comb += self.i.ready.eq(free)
        if pad:
            arrived = Signal(range(max(2, self._samples)))
            waiting = Signal()
            m.d.comb += [
                waiting.eq(sum(pending[1:], pending[0]) != 0),
                advance.eq(free & (self.i.valid | (waiting & (arrived == 0)))),
            ]
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += arrived.eq(Mux(arrived == self._samples - 1, 0, arrived + 1))
        else:
            m.d.comb += advance.eq(free & self.i.valid)
        with m.If(advance):
            line = [self.i.valid, *pending]
            m.d.sync += self.o.valid.eq(line[pad])
            m.d.sync += [now.eq(before) for now, before in zip(pending, line, strict=False)]
            m.d.sync += [now.eq(before) for now, before in zip(slot[1:], slot, strict=False)]
            with m.If(self.i.valid):
                m.d.sync += slot[0].eq(self.i.payload)
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        if pad:
            # The first window of a group is centred at 0; each later centre is one further.
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += centre.eq(Mux(centre == self._samples - 1, 0, centre + 1))
        return m
