"""ADC codes to signed 8 bit: offset, gain, shift with rounding, saturation, one table entry per sample."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory import Rom

__all__ = ["Normalizer", "sample_layout"]


def sample_layout(samples: int) -> data.StructLayout:
    """A normalized sample, its place in the spike, and whether it ends a spike of the right length."""
    return data.StructLayout({"value": signed(8), "at": range(max(2, samples)), "end": 1, "fits": 1})


class Normalizer(wiring.Component):
    """``saturate((((adc - offset[t]) * gain[t]) + half) >> shift)``.

    Samples behind the last one of a spike, until its end is marked, are swallowed.

    Parameters
    ----------
    samples: samples of a spike.
    words: (offset, gain) of each sample, 16 bit each.
    shift: right shift, 0..31.

    Members
    -------
    i: ``adc`` and ``last``, which marks the end of a spike. One a cycle.
    o: samples, valid one cycle later.
    """

    def __init__(self, samples: int, words: list[int], shift: int) -> None:
        self._samples = samples
        self._shift = shift
        self._rom = Rom(words, 32)
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout({"adc": signed(16), "last": 1}))),
                "o": Out(stream.Signature(sample_layout(samples))),
            }
        )

    @property
    def rom(self) -> Rom:
        """Offsets and gains."""
        return self._rom

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rom = rom = self._rom
        at, next_at = Signal(range(max(2, self._samples))), Signal(range(max(2, self._samples)))
        fetched, accept, beyond = Signal(), Signal(), Signal()
        final = at == self._samples - 1
        m.d.comb += [
            self.i.ready.eq(fetched & (~self.o.valid | self.o.ready)),
            accept.eq(self.i.valid & self.i.ready),
            next_at.eq(Mux(accept, Mux(self.i.payload.last, 0, Mux(final, at, at + 1)), at)),
            rom.addr.eq(next_at),
            rom.en.eq(accept | ~fetched),
        ]
        m.d.sync += fetched.eq(1)
        product = Signal(signed(34), reset_less=True)
        place = Signal(self.o.payload.shape(), reset_less=True)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept):
            offset, gain = rom.data[:16].as_signed(), rom.data[16:]
            m.d.sync += [
                product.eq((self.i.payload.adc - offset) * gain),
                at.eq(next_at),
                beyond.eq(~self.i.payload.last & (final | beyond)),
                self.o.valid.eq(self.i.payload.last | ~beyond),
                place.at.eq(at),
                place.end.eq(self.i.payload.last),
                place.fits.eq(final & ~beyond),
            ]
        rounded = Signal(signed(35))
        half = 1 << (self._shift - 1) if self._shift else 0
        m.d.comb += [
            rounded.eq((product + half) >> self._shift),
            self.o.payload.eq(place),
            self.o.payload.value.eq(Mux(rounded > 127, 127, Mux(rounded < -128, -128, rounded))),
        ]
        return m
