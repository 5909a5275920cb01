"""Raw mode: un-encoded snippets as bytes, to collect the spikes that an encoder is trained on."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RawPath"]


class RawPath(wiring.Component):
    """Samples to bytes, the high byte first.

    Parameters
    ----------
    samples: samples of a spike.

    Members
    -------
    i: ``adc`` and ``last``, as for :class:`rtl.normalizer.Normalizer`. One every two cycles.
    o: bytes.
    spike_end, wrong_end: for one cycle, a spike of the right length has left, or one of the wrong length has,
        whose bytes are to be discarded.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"adc": signed(16), "last": 1}))),
                "o": Out(stream.Signature(unsigned(8))),
                "spike_end": Out(1),
                "wrong_end": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at, low, beyond = Signal(range(max(2, self._samples))), Signal(), Signal()
        final = at == self._samples - 1
        word = self.i.payload.adc.as_unsigned()
        m.d.comb += [
            # A pause behind every spike: its last byte is counted before the next one's first.
            self.o.valid.eq(self.i.valid & ~beyond & ~self.spike_end & ~self.wrong_end),
            self.o.payload.eq(Mux(low, word[:8], word[8:])),
            self.i.ready.eq(Mux(beyond, 1, low & self.o.ready)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += low.eq(~low)
        with m.If(self.i.valid & self.i.ready):
            right = final & ~beyond
            m.d.sync += [
                at.eq(Mux(self.i.payload.last, 0, Mux(final, at, at + 1))),
                beyond.eq(~self.i.payload.last & (final | beyond)),
                self.spike_end.eq(self.i.payload.last & right),
                self.wrong_end.eq(self.i.payload.last & ~right),
            ]
        with m.Else():
            m.d.sync += [self.spike_end.eq(0), self.wrong_end.eq(0)]
        return m
