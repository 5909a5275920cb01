import json
import re
import shutil

import numpy as np
import pytest

from sim.mutation import choose_mutations, flip_in_verilog
from sim.results import SimulationResults
from sim.stage import CHUNK, SimulationError, simulate
from spikecae.golden import encode
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware

BLOCKS = CHUNK + 8


@pytest.fixture(scope="module")
def adc(tiny):
    return random_adc(tiny, BLOCKS, seed=9)


def test_a_sound_encoder_is_proven(encoder, adc, models, tmp_path):
    steps = []
    results = simulate(encoder.spec, encoder.rtl_dir, adc, tmp_path, models=models, progress=lambda *s: steps.append(s))
    assert SimulationResults.model_validate_json((tmp_path / "results.json").read_text()) == results
    assert results.faults == []
    assert (results.blocks, results.mismatches, results.left_over) == (BLOCKS, 0, 0)
    full, paused = (encode(encoder.spec, part) for part in (adc, adc[: results.paused_blocks]))
    values = sum(tap.size for run in (full, paused) for tap in run.taps.values())
    assert results.values_compared == values + sum(len(frame) for run in (full, paused) for frame in run.payloads)
    cycles = results.cycles_per_block
    # 4 groups of 16 samples, 2 cycles each
    assert cycles.predicted == 4 * 16 * 2
    assert cycles.minimum <= cycles.mean <= cycles.maximum
    assert abs(cycles.mean - 128) < 1
    assert 0 < results.latency_cycles.measured <= results.latency_cycles.predicted
    assert results.lint_warnings == {}
    assert ("blocks", BLOCKS, BLOCKS) in steps
    assert "0 mismatches" in str(results)


def test_blocks_bounds_what_is_run(encoder, adc, models, tmp_path):
    assert simulate(encoder.spec, encoder.rtl_dir, adc, tmp_path, blocks=16, models=models).blocks == 16


def test_a_flipped_bit_is_reported_and_fails(encoder, adc, models, tmp_path):
    rtl_dir = tmp_path / "rtl"
    shutil.copytree(encoder.rtl_dir, rtl_dir)
    # The same bit as in the mutation test, so that the mutant is compiled once.
    mutation = next(choose_mutations(encoder.spec, hardware(), encoder.adc[:8], 20, seed=4))
    verilog = rtl_dir / "spike_encoder.v"
    verilog.write_text(flip_in_verilog(verilog.read_text(), "spike_encoder", mutation), encoding="utf-8")
    with pytest.raises(SimulationError, match=f"the first: stage {mutation.stage}, block"):
        simulate(encoder.spec, rtl_dir, np.concatenate([encoder.adc, adc]), tmp_path / "sim", models=models)
    results = json.loads((tmp_path / "sim" / "results.json").read_text())
    assert results["mismatches"] > 0
    assert results["first_mismatch"]["stage"] == mutation.stage


@pytest.mark.slow
def test_a_wrong_prediction_fails(encoder, adc, models, tmp_path):
    rtl_dir = tmp_path / "rtl"
    shutil.copytree(encoder.rtl_dir, rtl_dir)
    manifest = encoder.manifest.model_copy(update={"cycles_per_block": 140})
    (rtl_dir / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    with pytest.raises(SimulationError, match=r"128\.\d cycles per block were measured, 140 predicted: -8\.\d %"):
        simulate(encoder.spec, rtl_dir, adc, tmp_path / "sim", models=models)


@pytest.mark.regress
def test_waves(encoder, adc, models, tmp_path):
    results = simulate(encoder.spec, encoder.rtl_dir, adc[:8], tmp_path, waves=True, models=models)
    assert results.waves == "waves.vcd"
    text = (tmp_path / "waves.vcd").read_text()
    assert "$var wire 1" in text
    assert " m_axis_tdata " in text
    assert " requantizer " in text
    last = int(re.findall(r"^#(\d+)$", text, re.M)[-1])
    assert last > 10 * 2 * encoder.manifest.cycles_per_block


def test_another_specs_verilog_is_refused(encoder, tiny, adc, models, tmp_path):
    with pytest.raises(ValueError, match="run the rtl stage anew"):
        simulate(random_spec(tiny, 77), encoder.rtl_dir, adc, tmp_path, models=models)
    assert list(tmp_path.iterdir()) == []


def test_missing_and_broken_manifests(encoder, adc, models, tmp_path):
    with pytest.raises(FileNotFoundError, match="run the rtl stage"):
        simulate(encoder.spec, tmp_path, adc, tmp_path, models=models)
    (tmp_path / "manifest.json").write_text('{"schema_version": 0}')
    with pytest.raises(ValueError, match="no manifest of this version"):
        simulate(encoder.spec, tmp_path, adc, tmp_path, models=models)


def test_too_few_blocks(encoder, adc, models, tmp_path):
    with pytest.raises(ValueError, match="7 blocks are too few"):
        simulate(encoder.spec, encoder.rtl_dir, adc[:7], tmp_path, models=models)
