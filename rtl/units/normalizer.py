"""ADC codes to signed 8 bit: offset, gain, shift with rounding, saturation, one table entry per sample."""

from amaranth.hdl import Module, Mux, Signal, signed
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
    o: Out(stream of sample_layout(samples)): samples, valid one cycle after their last code, or after a spike's end;
        one later where a sample is the sum of several codes.

    Cycles
    ------
    Latency: 1 cycle, 2 where a sample is the sum of several codes.
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
        given = self._summed(m)
        last = given.payload.last
        final = (at == self._samples - 1) & given.payload.whole
        m.d.comb += [
            given.ready.eq(fetched & ~self.hold & (~self.o.valid | self.o.ready)),
            accept.eq(given.valid & given.ready),
            next_at.eq(Mux(accept, Mux(last, 0, Mux(final, at, at + 1)), at)),
            self.table.addr.eq(next_at if self._entries > 1 else 0),
            self.table.en.eq((accept if self._entries > 1 else 0) | ~fetched),
        ]
        m.d.sync += fetched.eq(~self.hold)
        product = Signal(signed(34 + (self._codes - 1).bit_length()), reset_less=True)
        shift = Signal(SHIFT_BITS, reset_less=True)
        place = Signal(self.o.payload.shape(), reset_less=True)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept):
            entry = self.table.data
            offset, gain = entry[:16].as_signed(), entry[16:32]
            m.d.sync += [
                product.eq((given.payload.total - offset) * gain),
                shift.eq(entry[32:]),
                at.eq(next_at),
                beyond.eq(~last & (final | beyond)),
                self.o.valid.eq(last | ~beyond),
                place.at.eq(at),
                place.end.eq(last),
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

    def _summed(self, m: Module) -> stream.Interface:
        """Sums of the codes of each sample, and whether they are ``whole``, not cut short by the spike's end.

        Sums of several codes come from a register, so that the multiplier sees none that is not finished.
        """
        total = signed(16 + (self._codes - 1).bit_length())
        sums = stream.Signature(data.StructLayout({"total": total, "last": 1, "whole": 1})).create(path=("sum",))
        code, last = self.i.payload.adc, self.i.payload.last
        if self._codes == 1:
            m.d.comb += [
                sums.payload.total.eq(code),
                sums.payload.last.eq(last),
                sums.payload.whole.eq(1),
                sums.valid.eq(self.i.valid),
                self.i.ready.eq(sums.ready),
            ]
            return sums
        before, now, count = Signal(total, reset_less=True), Signal(total), Signal(range(self._codes))
        accept, whole, ends = Signal(), Signal(), Signal()
        held = Signal(sums.payload.shape(), reset_less=True)
        m.d.comb += [
            self.i.ready.eq(~sums.valid | sums.ready),
            accept.eq(self.i.valid & self.i.ready),
            now.eq(Mux(count == 0, 0, before) + code),
            whole.eq(count == self._codes - 1),
            ends.eq(accept & (whole | last)),
            sums.payload.eq(held),
        ]
        with m.If(ends):
            m.d.sync += [sums.valid.eq(1), held.total.eq(now), held.last.eq(last), held.whole.eq(whole), count.eq(0)]
        with m.Elif(accept):
            m.d.sync += [sums.valid.eq(0), before.eq(now), count.eq(count + 1)]
        with m.Elif(sums.ready):
            m.d.sync += sums.valid.eq(0)
        return sums
