"""The comparison must notice what it is there to notice."""

from dataclasses import replace

import numpy as np
import pytest

from rtl.planning import make_plan
from rtl.shape.plan import Plan
from sim.batch import BatchSimulator
from sim.compare import compare
from sim.mutation import choose_mutations, flip_in_spec, flip_in_verilog, run_mutation
from sim.verilate import build_library
from spikecae import golden
from spikecae.arithmetic import rshift_round
from spikecae.golden import products
from tests.rtl.shapes import hardware

FLIPS = 20
BLOCKS = 8


@pytest.fixture(scope="module")
def blocks(encoder):
    adc = encoder.adc[:BLOCKS]
    return adc, golden.encode(encoder.spec, adc)


@pytest.fixture(scope="module")
def mutations(tiny, encoder, blocks):
    return list(choose_mutations(encoder.spec, tiny.hardware, blocks[0], FLIPS, seed=4))


@pytest.fixture(scope="module")
def plan(tiny, loadable) -> Plan:
    return make_plan(loadable.spec, tiny.hardware)


def test_every_flipped_weight_bit_is_noticed_at_its_stage(loaded, plan, blocks, mutations):
    for mutation in mutations:
        result = run_mutation(loaded, plan, mutation, *blocks)
        assert result.mismatches["payload"] > 0
        assert result.first.stage == mutation.stage
    assert len({(m.memory, m.word, m.bit) for m in mutations}) == FLIPS
    assert len({m.stage for m in mutations}) >= 6


def test_a_flipped_chip_does_what_the_flipped_spec_says(loaded, plan, encoder, blocks, mutations):
    """The bit flipped in the memory is the weight's, not just any that matters."""
    for mutation in mutations:
        spec = flip_in_spec(encoder.spec, mutation.stage, mutation.weight, mutation.weight_bit)
        flipped = golden.encode(spec, blocks[0])
        assert flipped.payloads != blocks[1].payloads
        assert run_mutation(loaded, plan, mutation, blocks[0], flipped).first is None


def test_flips_leave_no_trace(loaded, plan, encoder, blocks, mutations):
    run_mutation(loaded, plan, mutations[0], *blocks)
    loaded.feed(blocks[0])
    loaded.run(BLOCKS)
    assert compare(encoder.manifest, blocks[1], loaded.take_taps(BLOCKS), loaded.payloads).first is None


def test_a_bit_flipped_in_the_text_of_the_verilog_is_noticed(encoder, blocks, models, tmp_path):
    original = (encoder.rtl_dir / encoder.manifest.verilog).read_text(encoding="utf-8")
    mutation = next(choose_mutations(encoder.spec, hardware(), blocks[0], 1, seed=4))
    text = flip_in_verilog(original, encoder.manifest.top, mutation)
    assert sum(a != b for a, b in zip(original, text, strict=True)) == 1
    verilog = tmp_path / "spike_encoder.v"
    verilog.write_text(text, encoding="utf-8")
    with BatchSimulator(build_library(verilog, encoder.manifest, models), encoder.manifest) as mutant:
        mutant.feed(blocks[0])
        mutant.run(BLOCKS)
        result = compare(encoder.manifest, blocks[1], mutant.take_taps(BLOCKS), mutant.payloads)
    assert result.mismatches["payload"] > 0
    assert result.first.stage == mutation.stage


def test_a_memory_that_is_not_in_the_text_cannot_be_flipped(mutations):
    with pytest.raises(ValueError, match="no word"):
        flip_in_verilog("module x; endmodule", "spike_encoder", replace(mutations[0], word=3))


def truncate(scaled):
    return np.floor(scaled - 0.5)


def half_down(scaled):
    return np.ceil(scaled - 1)


def half_even(scaled):
    return np.rint(scaled - 0.5)


@pytest.mark.parametrize("rule", [truncate, half_down, half_even])
def test_another_rounding_rule_is_noticed(simulator, encoder, blocks, monkeypatch, rule):
    """Golden's accumulators come with the half added that makes rounding down round half up."""
    monkeypatch.setattr(products, "requantize", lambda x, limits, out: np.clip(rule(x), *limits, out=out))
    altered = golden.encode(encoder.spec, blocks[0])
    simulator.feed(blocks[0])
    simulator.run(BLOCKS)
    assert compare(encoder.manifest, altered, simulator.take_taps(BLOCKS), simulator.payloads).first is not None


def test_the_rules_above_differ_from_the_real_one_only_in_rounding():
    values, steps = np.arange(-64, 64)[:, None], np.arange(5)
    real, scaled = rshift_round(values, steps), values / 2.0**steps + 0.5
    for rule in (truncate, half_down, half_even):
        assert np.array_equal(rule(scaled)[:, 0], values[:, 0])
        assert np.abs(rule(scaled) - real).max() == 1


def test_where_no_bit_matters_none_is_chosen(encoder, monkeypatch):
    monkeypatch.setattr("sim.mutation.encode", lambda spec, adc: encoder.golden)
    with pytest.raises(ValueError, match="only 0 of 1 bits were found that change 12 blocks; give more blocks"):
        list(choose_mutations(encoder.spec, hardware(), encoder.adc, 1, seed=1))
