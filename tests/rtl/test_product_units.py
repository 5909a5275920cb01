"""Units of the pipeline one by one, against the golden model or plain products, with their stated cycles."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from rtl.pipeline import Pipeline
from rtl.planning import make_plan
from rtl.search.latent_bank import LatentBank
from rtl.search.score_lane import ScoreLane
from rtl.shape.plan import Plan
from rtl.stages.project import latent_words
from rtl.units.dot_product import DotProduct
from rtl.units.projector import GroupAccumulator
from rtl.units.residual_block import ResidualBlock
from spikecae.design import Design
from spikecae.golden import encode
from tests.random_spec import random_adc, random_spec
from tests.rtl.components import latency_of
from tests.rtl.shapes import blocks, entry_bits, hardware, projection
from tests.rtl.streams import Port, pack, run, unpack
from tests.rtl.test_arithmetic_units import loads

BLOCKS = 2


def walked(tap: np.ndarray, groups: int) -> list[int]:
    """A golden tap (blocks, channels, samples) as the chip walks it: group, sample, the group's channels."""
    blocks, channels, samples = tap.shape
    vectors = tap.reshape(blocks, groups, channels // groups, samples).transpose(0, 1, 3, 2)
    return [pack(vector) for vector in vectors.reshape(-1, channels // groups)]


def shape(plan: Plan) -> tuple[int, tuple[int, int], int]:
    return plan.widths.port_bits, entry_bits(plan), plan.widths.per_word


@pytest.mark.parametrize("fold", [1, 2, 4])
def test_dot_products_of_a_group(tiny: Design, fold: int) -> None:
    """Weights and biases of every group in turn; a vector every ``plan.steps`` cycles within a group."""
    plan = make_plan(random_spec(tiny, 31), hardware(fold))
    dot = blocks(plan)[0].conv
    dut = DotProduct(dot, *shape(plan))
    x = np.random.default_rng(fold).integers(0, 256, (plan.groups, dot.samples, dot.inputs))
    bias = dot.layer.bias.reshape(plan.groups, dot.outputs)
    exact = np.stack([x[g] @ dot.group_weight(g).astype(int).T + bias[g] for g in range(plan.groups)])
    weights, parameters = loads(plan, dot.name)
    sink, taken = Port(dut.o, count=plan.groups * dot.samples * dot.output_steps), []
    run(
        dut,
        [
            Port(dut.i, [pack(vector) for vector in x.reshape(-1, dot.inputs)]),
            Port(dut.weights, weights),
            Port(dut.parameters, parameters),
        ],
        [sink],
        watch=((dut.i.valid, dut.i.ready), lambda valid, ready: taken.append(valid and ready)),
    )
    bits = dot.accumulator_bits
    got = np.array([unpack(word, dot.lanes, bits, signed=True) for word in sink.got])
    got = got.reshape(plan.groups, dot.samples, -1)[:, :, : dot.outputs]
    np.testing.assert_array_equal(got, exact)
    accepted = np.flatnonzero(taken).reshape(plan.groups, dot.samples)
    first = np.array(sink.cycles).reshape(plan.groups, dot.samples, dot.output_steps)[:, :, 0]
    assert (np.diff(accepted, axis=1) == dot.steps).all()
    # A vector waits from the cycle on in which the one before was taken.
    assert (first[:, 1:] - (accepted[:, :-1] + 1) == dot.input_steps).all()


def test_sums_leave_with_the_last_group(tiny: Design) -> None:
    spec = random_spec(tiny, 32)
    plan = make_plan(spec, hardware(4))
    dot = projection(plan).product
    dut = GroupAccumulator(dot, projection(plan).bias_bits)
    parts = np.random.default_rng(1).integers(-3000, 3000, (plan.groups, dot.samples, dot.outputs))
    beats = [pack(lanes, dot.accumulator_bits) for lanes in parts.reshape(-1, dot.lanes)]
    sink, taken = Port(dut.o, count=dut.depth), []
    run(
        dut,
        [Port(dut.i, beats)],
        [sink],
        tables=[(dut.table, plan.images["latents"].words)],
        watch=((dut.i.valid, dut.i.ready), lambda valid, ready: taken.append(valid and ready)),
    )
    total = parts.sum(axis=0) + dot.layer.bias
    exact = np.clip(np.floor(total / 2.0**dot.layer.shift + 0.5), -128, 127).astype(int)
    got = [value for word in sink.got for value in unpack(word, dot.lanes, signed=True)]
    assert got == exact.ravel().tolist()
    accepted = np.flatnonzero(taken)
    assert (np.diff(accepted) == 1).all()
    assert sink.cycles == (accepted[-dut.depth :] + latency_of(GroupAccumulator)).tolist()


@pytest.mark.parametrize("samples", [16, 32, 48, 64])
@pytest.mark.parametrize(("stationary", "steps"), [("all", 1), ("none", 2)])
@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_few_sums_are_read_as_they_were_written(
    tiny: Design, samples: int, stationary: str, steps: int, pause: float
) -> None:
    """One to eight words: what is read next may be what was written last, one cycle ago or several."""
    encoder = tiny.encoder.model_copy(update={"pools": [4, 4], "features": 8})
    block = tiny.block.model_copy(update={"samples": samples})
    spec = random_spec(tiny.model_copy(update={"encoder": encoder, "block": block}), 34)
    plan = make_plan(spec, hardware(1, stationary=stationary))
    dot = replace(projection(plan).product, lanes=projection(plan).product.outputs // steps)
    dut = GroupAccumulator(dot, projection(plan).bias_bits)
    assert dut.depth == steps * samples // 16
    parts = np.random.default_rng(2).integers(-3000, 3000, (2, plan.groups, dot.samples, dot.outputs))
    beats = [pack(lanes, dot.accumulator_bits) for lanes in parts.reshape(-1, dot.lanes)]
    sink = Port(dut.o, count=2 * dut.depth, pause=pause)
    words = latent_words(dot, projection(plan).bias_bits)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink], tables=[(dut.table, words)], seed=samples)
    total = parts.sum(axis=1) + dot.layer.bias
    exact = np.clip(np.floor(total / 2.0**dot.layer.shift + 0.5), -128, 127).astype(int)
    got = [value for word in sink.got for value in unpack(word, dot.lanes, signed=True)]
    assert got == exact.ravel().tolist()


@pytest.mark.parametrize("fold", [1, 4])
def test_a_residual_block_equals_golden(tiny: Design, fold: int) -> None:
    spec = random_spec(tiny, 33)
    plan = make_plan(spec, hardware(fold))
    block = blocks(plan)[0]
    golden = encode(spec, random_adc(tiny, BLOCKS, 33))
    dut = ResidualBlock(block, *shape(plan))
    sources = [Port(dut.i, walked(golden.taps["conv"], plan.groups))]
    for number, dot in enumerate((block.reduce, block.conv, block.expand)):
        weights, parameters = loads(plan, dot.name)
        sources += [Port(dut.weights[number], weights * BLOCKS), Port(dut.parameters[number], parameters * BLOCKS)]
    expected = walked(golden.taps[block.expand.name], plan.groups)
    sink = Port(dut.o, count=len(expected))
    run(dut, sources, [sink])
    assert sink.got == expected
    within = np.array(sink.cycles).reshape(BLOCKS * plan.groups, -1)
    assert (np.diff(within[1:], axis=1) == block.reduce.period).all(), "a sample every period"


@pytest.mark.parametrize("fold", [1, 4])
def test_the_pipeline_finds_golden_indices(tiny: Design, fold: int) -> None:
    spec = random_spec(tiny, 34)
    plan = make_plan(spec, hardware(fold))
    golden = encode(spec, random_adc(tiny, BLOCKS, 34))
    dut = Pipeline(plan)
    samples = golden.taps["normalize"].transpose(0, 2, 1)
    beats = [pack(vector) for block in samples for _ in range(plan.groups) for vector in block]
    tables = plan.images
    sink = Port(dut.o, count=golden.indices.size)
    names = ("weights", "parameters", "latents", "codebook")
    run(dut, [Port(dut.i, beats)], [sink], tables=[(getattr(dut, name), tables[name].words) for name in names])
    assert sink.got == golden.indices.ravel().tolist()
    ends = np.array(sink.cycles).reshape(BLOCKS, -1)[:, -1]
    assert ends[1] - ends[0] <= plan.cycles_per_block


@pytest.mark.parametrize("fold", [1, 16])
def test_the_bank_gives_rows_of_sub_vectors(tiny: Design, fold: int) -> None:
    spec = random_spec(tiny, 35)
    plan = make_plan(spec, hardware(fold))
    dot = projection(plan).product
    y = np.random.default_rng(fold).integers(-128, 128, (dot.outputs, dot.samples))
    dut = LatentBank(plan.quantizer.search, spec.quantizer.table, dot.outputs, dot.samples, dot.lanes)
    beats = [pack(lanes) for lanes in y.T.reshape(-1, dot.lanes)]

    async def script(ctx):
        for beat in beats:
            ctx.set(Value.cast(dut.i.payload), beat)
            ctx.set(dut.i.valid, 1)
            assert ctx.get(dut.i.ready)
            assert not ctx.get(dut.full)
            await ctx.tick().repeat(latency_of(LatentBank))
        ctx.set(dut.i.valid, 0)
        assert ctx.get(dut.full)
        for row, parts in enumerate(dut.rows):
            ctx.set(dut.row, row)
            for lane, part in enumerate(parts):
                assert [ctx.get(dut.vectors[lane][n]) for n in range(dot.samples)] == y[part].tolist()
        ctx.set(dut.done, 1)
        await ctx.tick()
        ctx.set(dut.done, 0)
        assert not ctx.get(dut.full)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(script)
    simulator.run()


def test_a_lane_keeps_the_first_smallest_score(tiny: Design) -> None:
    """Codewords one after the other, chunk after chunk, as the search walks them."""
    spec = random_spec(tiny, 36)
    plan = make_plan(spec, hardware(16)).quantizer.search
    book = spec.quantizer.codebooks[0]
    words, bias = book.words.astype(int), book.bias.astype(int)
    words[9], bias[9] = words[4], bias[4]
    y = words[4]
    scores = bias - 2 * words @ y
    best = int(scores.argmin())
    dut = ScoreLane(plan, 1, 4)

    async def script(ctx):
        ctx.set(Value.cast(dut.vector), pack(y))
        ctx.set(dut.run, 1)
        for k, word in enumerate(words):
            ctx.set(Value.cast(dut.word), pack(word))
            ctx.set(dut.bias, int(bias[k]))
            ctx.set(dut.k, k)
            for chunk in range(plan.chunks):
                ctx.set(dut.chunk, chunk)
                ctx.set(dut.last_chunk, chunk == plan.chunks - 1)
                await ctx.tick()
        ctx.set(dut.run, 0)
        await ctx.tick().repeat(latency_of(ScoreLane) - 1)
        assert ctx.get(dut.indices[0]) == best

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(script)
    simulator.run()
