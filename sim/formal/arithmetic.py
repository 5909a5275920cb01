"""Rounding, against its rule in ``docs/arithmetic.md``, written anew."""

from collections.abc import Iterator
from functools import partial

from amaranth.hdl import Const, Mux, Signal, signed

from rtl.units.requantizer import Requantizer
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.property import Property

__all__ = ["arithmetic_properties"]

WIDE = 48
"""Bits in which nothing of these overflows."""


def _requantizer() -> Bench:
    """``sat(rshift_round(relu(acc), shift))``, section Rounding and saturation."""
    bits, output_bits = 12, 4
    bench = Bench(Requantizer(1, 1, bits, output_bits))
    unit, m = bench.component, bench.m
    accumulator, rounded = Signal(signed(WIDE)), Signal(signed(WIDE))
    shift, expected = Signal(5), Signal(output_bits)
    m.d.comb += [
        accumulator.eq(Mux(unit.i.payload.value[0] < 0, 0, unit.i.payload.value[0])),
        shift.eq(unit.i.payload.shift[0]),
        rounded.eq(Mux(shift == 0, accumulator, (accumulator + ((Const(1, WIDE) << shift) >> 1)) >> shift)),
        expected.eq(Mux(rounded > (1 << output_bits) - 1, (1 << output_bits) - 1, rounded)),
    ]
    bench.prove(bench.inside("step") == 0)
    taken = bench.seen & bench.past(unit.i.valid & unit.i.ready)
    bench.prove(~taken | (unit.o.valid & (unit.o.payload[0] == bench.past(expected))))
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
