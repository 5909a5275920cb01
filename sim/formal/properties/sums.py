"""Accumulators: each sum is the one that integers have, so that none is ever too large for its width."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from amaranth.hdl import Array, Const, Mux, Signal, Value, signed

from rtl.shape.images import SHIFT_BITS
from rtl.shape.products import DotPlan
from rtl.units.dot_product import DotProduct
from rtl.units.projector import GroupAccumulator
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.properties.arithmetic import WIDE, rounded
from sim.formal.property import Property
from spikecae.stages import Convolution

__all__ = ["sum_properties"]

WEIGHT_BITS, BIAS_BITS = 3, 5
IDENTITY_BITS, IDENTITY_SHIFT, IDENTITY_SHIFT_BITS = 2, 3, 2
"""All that two bits can say is a shift of an identity."""
OUTPUT_BITS = 3


def _terms(plan: DotPlan) -> tuple[int, int]:
    """The smallest and the largest product of an input and a weight, tried out."""
    inputs = range(-2, 2) if plan.layer.input_signed else range(4)
    products = [value * weight for value in inputs for weight in range(-(1 << WEIGHT_BITS - 1), 1 << WEIGHT_BITS - 1)]
    return min(products), max(products)


def _plan(
    *,
    inputs: int,
    lanes: int,
    taps: int,
    identity: bool = False,
    groups: int = 1,
    samples: int = 2,
    direct: bool = False,
) -> DotPlan:
    """Two dot products of inputs of 2 bits, of a loadable chip: as wide as any weights need."""
    zeros = np.zeros(2, np.int64)
    layer = Convolution(
        name="conv",
        weight=np.zeros((2, inputs * groups, 1), np.int8),
        bias=zeros.astype(np.int32),
        weight_exponent=zeros.astype(np.int8),
        input_exponent=0,
        exponent=0,
        groups=1,
        input_signed=direct,
        relu=False,
        input_bits=2,
        output_bits=OUTPUT_BITS,
    )
    largest = (1 << IDENTITY_BITS) - 1 << IDENTITY_SHIFT if identity else 0
    return DotPlan(
        name="conv",
        layer=layer,
        groups=groups,
        group_inputs=inputs,
        outputs=2,
        samples=samples,
        period=8,
        lanes=lanes,
        taps=taps,
        weight_bits=WEIGHT_BITS,
        accumulator_bits=layer.loadable_bits(WEIGHT_BITS, BIAS_BITS, largest),
        identity_bits=IDENTITY_BITS if identity else 0,
        identity_shift=zeros if identity else None,
        requantized=not direct,
        direct=direct,
    )


def _dot_product() -> Bench:
    """Weights, biases and shifts of the identity wait in registers; two terms of an output a cycle."""
    plan = _plan(inputs=3, lanes=1, taps=2, identity=True)
    entry = BIAS_BITS + SHIFT_BITS + IDENTITY_SHIFT_BITS
    bench = Bench(DotProduct(plan, plan.group_weight_bits, (BIAS_BITS, entry), per_word=plan.outputs))
    unit, m, inside = bench.component, bench.m, bench.inside
    bench.assume(bench.stays(unit.i, unit.i.ready))
    bench.assume(bench.stays(unit.identity, unit.identity.ready))
    weights, entries = inside("weights.active"), inside("parameters.active")

    def weight(output: int, term: int) -> Value:
        return weights[(output * plan.input_steps * plan.taps + term) * WEIGHT_BITS :][:WEIGHT_BITS].as_signed()

    def product(output: int, terms: range) -> Value:
        return sum((unit.i.payload[term] * weight(output, term) for term in terms), Const(0))

    first, whole = [], []
    for output in range(plan.outputs):
        own = entries[output * entry :][:entry]
        start = own[:BIAS_BITS].as_signed() + (unit.identity.payload[output] << own[BIAS_BITS + SHIFT_BITS :])
        first.append(start + product(output, range(plan.taps)))
        whole.append(start + product(output, range(plan.inputs)))
    shape = Value.cast(first[0] + whole[0]).shape()
    so_far, sum_, expected = Signal(shape), Signal(shape), Signal(shape)
    at, term = inside("output_step"), inside("input_step")
    m.d.comb += [so_far.eq(Mux(at == 0, *first)), sum_.eq(Mux(at == 0, *whole))]
    with m.If(inside("run")):
        m.d.sync += expected.eq(sum_)
    accumulator = inside("accumulator").value[0]
    under_way = (term != 0) | (at != 0)
    bench.prove(~unit.o.valid | (accumulator == expected))
    bench.prove((term == 0) | (accumulator == so_far))
    bench.prove(~under_way | (inside("loaded") & inside("ready")))
    bench.prove((term == 0) | ~unit.o.valid)
    bench.prove(inside("step") == at * plan.input_steps + term)
    return bench


def _group_accumulator() -> Bench:
    """Three samples of two channel groups; what each group gives is any sum of two products."""
    plan = _plan(inputs=2, lanes=2, taps=2, groups=2, samples=3)
    bench = Bench(GroupAccumulator(plan, BIAS_BITS))
    unit, m, inside = bench.component, bench.m, bench.inside
    given = [unit.i.payload.value[lane] for lane in range(plan.lanes)]
    least, most = (plan.inputs * term for term in _terms(plan))
    for value in given:
        bench.assume((value >= least) & (value <= most))
    entries = bench.constant("entries", len(unit.table.data))
    bench.assume(unit.table.data == entries)
    samples, end = plan.samples, plan.groups * plan.samples - 1
    accept, fetched, came = inside("accept"), inside("fetched"), Signal(range(end + 1))
    with m.If(accept):
        m.d.sync += came.eq(Mux(came == end, 0, came + 1))
    second = came >= samples
    sample = Mux(second, came - samples, came)

    # The memory of sums, as any memory: it gives what was last written.
    write, read = inside("writes")[0], inside("reads")[0]
    written, word = Value.cast(write.data), plan.lanes * plan.accumulator_bits
    stored = Array(Signal(word, name=f"stored{n}", reset_less=True) for n in range(samples))
    with m.If(write.en):
        m.d.sync += stored[write.addr].eq(written)
    was_read = Signal(word, reset_less=True)
    with m.If(read.en):
        m.d.sync += was_read.eq(stored[read.addr])
    bench.assume(Value.cast(read.data) == was_read)

    # The sums so far, in numbers that are wide enough.
    sums = [[Signal(signed(WIDE), name=f"sum{n}_{lane}") for lane in range(plan.lanes)] for n in range(samples)]
    width = BIAS_BITS + SHIFT_BITS
    for lane in range(plan.lanes):
        entry = entries[lane * width :][:width]
        before, total = Signal(signed(WIDE)), Signal(signed(WIDE))
        so_far = Array(row[lane] for row in sums)[sample]
        m.d.comb += [
            before.eq(Mux(second, so_far, entry[:BIAS_BITS].as_signed())),
            total.eq(before + given[lane]),
        ]
        with m.If(accept):
            m.d.sync += so_far.eq(total)
        latent = rounded(m, total, entry[BIAS_BITS:], -(1 << OUTPUT_BITS - 1), (1 << OUTPUT_BITS - 1) - 1)
        bench.prove(~unit.o.valid | (unit.o.payload[lane] == latent))
        bench.prove(~(fetched & second) | (_lane(was_read, plan, lane) == so_far))
        for n in range(samples):
            kept = Mux(write.en & (write.addr == n), written, stored[n])
            now, half = sums[n][lane], 1 << BIAS_BITS - 1
            waits = Mux(second, sample <= n, came > n)
            bench.prove(~waits | (_lane(kept, plan, lane) == now))
            bench.prove(~waits | ((now >= least - half) & (now < most + half)))
    bench.prove((came <= end) & (~unit.o.valid | second))
    bench.prove(fetched | (came == 0))
    bench.prove(~fetched | ((inside("address") == sample) & (inside("first") == ~second) & (inside("last") == second)))
    following = Mux(fetched, Mux(came == end, 0, came + 1), 0)
    bench.prove(inside("ahead") == Mux(following >= samples, following - samples, following))
    bench.prove(inside("group") == (following >= samples))
    bench.prove((inside("step") == 0) & (~write.en | (write.addr < samples)))
    return bench


def _lane(words: Value, plan: DotPlan, lane: int) -> Value:
    return words[lane * plan.accumulator_bits :][: plan.accumulator_bits].as_signed()


def _direct_product() -> Bench:
    """Two terms of an output for each word of weights, used as it comes."""
    plan = _plan(inputs=3, lanes=1, taps=2, direct=True)
    bench = Bench(DotProduct(plan, plan.step_weight_bits, None))
    unit, m, inside = bench.component, bench.m, bench.inside
    bench.assume(bench.stays(unit.i, unit.i.ready))
    bench.assume(bench.stays(unit.weights, unit.weights.ready))
    inputs = [*unit.i.payload, Const(0)][: plan.inputs + 1]
    weights = [unit.weights.payload[tap * WEIGHT_BITS :][:WEIGHT_BITS].as_signed() for tap in range(plan.taps)]
    words, came = plan.steps, Signal(range(plan.steps))
    second, sum_, total = came[0], Signal(signed(WIDE)), Signal(signed(WIDE))
    first, last = (sum(inputs[n + tap] * weights[tap] for tap in range(plan.taps)) for n in (0, plan.taps))
    m.d.comb += total.eq(Mux(second, sum_ + last, first))
    taken = unit.weights.valid & unit.weights.ready
    with m.If(taken):
        m.d.sync += [came.eq(Mux(came == words - 1, 0, came + 1)), sum_.eq(total)]
    least, most = (plan.taps * term for term in _terms(plan))
    at, term = inside("output_step"), inside("input_step")
    bench.prove(~(second | unit.o.valid) | (inside("accumulator").value[0] == sum_))
    bench.prove(~second | ((sum_ >= least) & (sum_ <= most) & ~unit.o.valid))
    bench.prove((came == at * plan.input_steps + term) & ((came == 0) | unit.i.valid))
    return bench


def sum_properties() -> Iterator[Property]:
    """Of what is added up."""
    says = "an accumulator ends as the sum of bias, identity and all products, in integers that have no width"
    yield Property(
        name="arithmetic/accumulator",
        component="DotProduct",
        says=says,
        assumes="",
        bench=_dot_product,
        broken=partial(with_fault, _dot_product, "spikecae.widths", "largest + identity", "largest"),
        depth=2,
    )
    yield Property(
        name="arithmetic/accumulator, weights as they come",
        component="DotProduct",
        says=says,
        assumes="",
        bench=_direct_product,
        broken=partial(with_fault, _direct_product, "rtl.units.still_product", "number -= 1", "number -= 0"),
        depth=2,
    )
    yield Property(
        name="arithmetic/latents",
        component="GroupAccumulator",
        says="a latent is the bias and what all groups give, added up without a width, rounded by the document's "
        "formula and saturated with its sign",
        assumes="a group gives what two products can sum up to",
        bench=_group_accumulator,
        broken=partial(with_fault, _group_accumulator, "rtl.units.requantizer", "(-half, half - 1)", "(0, half - 1)"),
        depth=2,
    )
