"""Raw mode: un-encoded snippets as bytes, to collect the spikes that an encoder is trained on."""

from amaranth.hdl import Array, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.packets.event_coder import EVENT_BITS

__all__ = ["RawPath"]

EVENT_BYTES = EVENT_BITS // 8


class RawPath(wiring.Component):
    """Samples to bytes, the high byte first; before each spike its channel and time, if wanted.

    Parameters
    ----------
    samples: samples of a spike.

    Members
    -------
    i: In(stream of {adc: signed(16), last: 1}): as for :class:`rtl.units.normalizer.Normalizer`. One every two cycles.
    user: In(EVENT_BITS): channel (low) and time of the spike whose sample is offered.
    sidecar: In(1): send them.
    o: Out(stream of unsigned(8)): bytes.
    spike_end: Out(1): for one cycle, a spike of the right length has left.
    wrong_end: Out(1): for one cycle, one of the wrong length has, whose bytes are to be discarded.

    Cycles
    ------
    Latency: 0 cycles to a sample's first byte.
    Throughput: a sample every 2 cycles; 6 more before a spike with a sidecar, 1 more behind each spike.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"adc": signed(16), "last": 1}))),
                "user": In(EVENT_BITS),
                "sidecar": In(1),
                "o": Out(stream.Signature(unsigned(8))),
                "spike_end": Out(1),
                "wrong_end": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at, low, beyond = Signal(range(max(2, self._samples))), Signal(), Signal()
        place, named = Signal(range(EVENT_BYTES)), Signal()
        final = at == self._samples - 1
        word = self.i.payload.adc.as_unsigned()
        channel, time = self.user[:16], self.user[16:]
        event = Array([channel[8:], channel[:8], *(time[bit : bit + 8] for bit in (24, 16, 8, 0))])
        naming = Signal()
        m.d.comb += [
            naming.eq(self.sidecar & ~named),
            # A pause behind every spike: its last byte is counted before the next one's first.
            self.o.valid.eq(self.i.valid & ~beyond & ~self.spike_end & ~self.wrong_end),
            self.o.payload.eq(Mux(naming, event[place], Mux(low, word[:8], word[8:]))),
            self.i.ready.eq(Mux(beyond, 1, low & ~naming & self.o.valid & self.o.ready)),
        ]
        with m.If(self.o.valid & self.o.ready):
            with m.If(naming):
                m.d.sync += [place.eq(place + 1), named.eq(place == EVENT_BYTES - 1)]
            with m.Else():
                m.d.sync += low.eq(~low)
        with m.If(self.i.valid & self.i.ready):
            right = final & ~beyond
            m.d.sync += [
                at.eq(Mux(self.i.payload.last, 0, Mux(final, at, at + 1))),
                beyond.eq(~self.i.payload.last & (final | beyond)),
                self.spike_end.eq(self.i.payload.last & right),
                self.wrong_end.eq(self.i.payload.last & ~right),
            ]
            with m.If(self.i.payload.last):
                m.d.sync += [named.eq(0), place.eq(0)]
        with m.Else():
            m.d.sync += [self.spike_end.eq(0), self.wrong_end.eq(0)]
        return m
