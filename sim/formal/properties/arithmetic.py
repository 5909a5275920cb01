"""Rounding, against its rule in ``docs/arithmetic.md``, written anew."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from amaranth.hdl import Const, Mux, Signal, Value, signed

from rtl.units.normalizer import Normalizer
from rtl.units.requantizer import Requantizer
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.property import Property

__all__ = ["arithmetic_properties", "rounded"]

WIDE = 48
"""Bits in which nothing of these overflows."""


def rounded(m: Any, value: Value, shift: Value, low: int, high: int) -> Signal:
    """``sat(rshift_round(value, shift))``, section Rounding and saturation; for saturation to ``low`` .. ``high``."""
    wide, result = Signal(signed(WIDE)), Signal(signed(WIDE))
    half = (Const(1, WIDE - 1) << shift)[:WIDE] >> 1
    m.d.comb += [
        wide.eq(Mux(shift == 0, value, (value + half) >> shift)),
        result.eq(Mux(wide > high, high, Mux(wide < low, low, wide))),
    ]
    return result


def _requantizer() -> Bench:
    """With ``relu(acc)``, the larger of it and 0."""
    bits, output_bits = 12, 4
    bench = Bench(Requantizer(1, 1, bits, output_bits))
    unit, m = bench.component, bench.m
    given = unit.i.payload.value[0]
    accumulator, expected = Signal(signed(bits)), Signal(output_bits)
    m.d.comb += [
        accumulator.eq(Mux(given < 0, 0, given)),
        expected.eq(rounded(m, accumulator, unit.i.payload.shift[0], 0, (1 << output_bits) - 1)),
    ]
    bench.prove(bench.inside("step") == 0)
    taken = bench.seen & bench.past(unit.i.valid & unit.i.ready)
    bench.prove(~taken | (unit.o.valid & (unit.o.payload[0] == bench.past(expected))))
    return bench


def _normalizer() -> Bench:
    """``sat_s8(rshift_round((adc - offset) * gain, shift))``, section Input."""
    bench = Bench(Normalizer(16, 1))
    unit, m = bench.component, bench.m
    entry, product, shift = unit.table.data, Signal(signed(WIDE)), Signal(5)
    with m.If(unit.i.valid & unit.i.ready):
        m.d.sync += product.eq((unit.i.payload.adc - entry[:16].as_signed()) * entry[16:32])
        m.d.sync += shift.eq(entry[32:])
    kept = (bench.inside("product") == product) & (bench.inside("shift") == shift)
    bench.prove(~unit.o.valid | (kept & (unit.o.payload.value == rounded(m, product, shift, -128, 127))))
    return bench


def arithmetic_properties() -> Iterator[Property]:
    """Of what is computed."""
    yield Property(
        name="arithmetic/requantizer",
        component="Requantizer",
        says="what a requantizer makes of an accumulator and a shift is what the document's formula does",
        assumes="",
        bench=_requantizer,
        broken=partial(with_fault, _requantizer, "rtl.units.requantizer", "(kept + 1) >> 1", "kept >> 1"),
        depth=2,
    )
    yield Property(
        name="arithmetic/normalizer",
        component="Normalizer",
        says="what a normalizer makes of a code, its offset, gain and shift is what the document's formula does",
        assumes="",
        bench=_normalizer,
        broken=partial(with_fault, _normalizer, "rtl.units.normalizer", "rounded > 127, 127", "rounded > 128, 127"),
        depth=2,
    )
