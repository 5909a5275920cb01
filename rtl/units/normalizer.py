"""ADC codes to signed 8 bit: offset, gain, shift with rounding, saturation, one table entry per sample."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.shape.images import SHIFT_BITS

__all__ = ["Normalizer", "sample_layout"]


def sample_layout(samples: int) -> data.StructLayout:
    """A normalized sample, its place in the spike, and whether it ends a spike of the right length."""
    return data.StructLayout({"value": signed(8), "at": range(max(2, samples)), "end": 1, "fits": 1})


class Normalizer(wiring.Component):
    """``saturate((((sum - offset[t]) * gain[t]) + half) >> shift)``, of so many codes that follow each other.

    Codes behind the last one of a spike, until its end is marked, are swallowed.

    Parameters
    ----------
    samples: samples of a spike.
    entries: of the table: as many, or one for all samples.
    codes: ADC codes that a sample is the sum of.

    Members
    -------
    table: Out(MemoryRead(entries, 37)): (offset, gain, shift) of each sample; 16, 16 and 5 bits.
    hold: In(1): the table is not to be read now: nothing is taken, and the entry is read again afterwards.
    i: In(stream of {adc: signed(16), last: 1}): ADC codes; ``last`` marks the end of a spike. One a cycle.
    o: Out(stream of sample_layout(samples)): samples, valid one cycle after their last code, or after a spike's end.

    Cycles
    ------
    Latency: 1 cycle.
    Throughput: a code a cycle.
    """

    def __init__(self, samples: int, entries: int, codes: int = 1) -> None:
        self._samples, self._entries, self._codes = samples, entries, codes
        super().__init__(
            {
                "table": Out(MemoryRead(entries, 32 + SHIFT_BITS)),
                "hold": In(1),
                "i": In(stream.Signature(data.StructLayout({"adc": signed(16), "last": 1}))),
                "o": Out(stream.Signature(sample_layout(samples))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at, next_at = Signal(range(max(2, self._samples))), Signal(range(max(2, self._samples)))
        fetched, accept, beyond = Signal(), Signal(), Signal()
        total, whole = self._sum(m, accept)
        last_sample = at == self._samples - 1
        final = last_sample if whole is None else last_sample & whole
        following = Mux(final, at, at + 1)
        made = accept
        if whole is not None:
            following, made = Mux(whole, following, at), accept & (whole | self.i.payload.last)
        m.d.comb += [
            self.i.ready.eq(fetched & ~self.hold & (~self.o.valid | self.o.ready)),
            accept.eq(self.i.valid & self.i.ready),
            next_at.eq(Mux(accept, Mux(self.i.payload.last, 0, following), at)),
            self.table.addr.eq(next_at if self._entries > 1 else 0),
            self.table.en.eq((accept if self._entries > 1 else 0) | ~fetched),
        ]
        m.d.sync += fetched.eq(~self.hold)
        product = Signal(signed(34 + (self._codes - 1).bit_length()), reset_less=True)
        shift = Signal(SHIFT_BITS, reset_less=True)
        place = Signal(self.o.payload.shape(), reset_less=True)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(made):
            entry = self.table.data
            offset, gain = entry[:16].as_signed(), entry[16:32]
            m.d.sync += [
                product.eq((total - offset) * gain),
                shift.eq(entry[32:]),
                at.eq(next_at),
                beyond.eq(~self.i.payload.last & (final | beyond)),
                self.o.valid.eq(self.i.payload.last | ~beyond),
                place.at.eq(at),
                place.end.eq(self.i.payload.last),
                place.fits.eq(final & ~beyond),
            ]
        kept, rounded = Signal(signed(len(product) + 1)), Signal(signed(len(product) + 1))
        m.d.comb += [
            kept.eq((product << 1).as_signed() >> shift),
            rounded.eq((kept + 1) >> 1),
            self.o.payload.eq(place),
            self.o.payload.value.eq(Mux(rounded > 127, 127, Mux(rounded < -128, -128, rounded))),
        ]
        return m

    def _sum(self, m: Module, accept: Signal) -> tuple[Value, Value | None]:
        """Sum of the codes of a sample with the one that is offered, and whether that is its last: None if each is."""
        code = self.i.payload.adc
        if self._codes == 1:
            return code, None
        before = Signal(signed(16 + (self._codes - 1).bit_length()))
        count, total = Signal(range(self._codes)), Signal.like(before)
        whole = count == self._codes - 1
        m.d.comb += total.eq(before + code)
        with m.If(accept & (whole | self.i.payload.last)):
            m.d.sync += [before.eq(0), count.eq(0)]
        with m.Elif(accept):
            m.d.sync += [before.eq(total), count.eq(count + 1)]
        return total, whole
