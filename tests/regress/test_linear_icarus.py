"""Random linear encoders in four-state simulation: bytes and stages as in Verilator. Run by ``make regress``."""

import shutil

import numpy as np
import pytest

from rtl.emit import emit
from sim.cocotb_run import run_bench
from sim.emitted import load_manifest
from sim.mutation import choose_mutations, flip_in_verilog
from sim.toolchain import available
from spikecae.golden import encode
from tests.linear_spec import linear_adc
from tests.sim.random_linear import draw

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed"),
]

SEEDS = (1, 3, 13)
"""Loaded, a map of the block in 12 bits; loaded, of each spike, with classes; built in, with classes."""
OFFERED, TAKEN = 64, 3


@pytest.fixture(scope="module", params=SEEDS)
def made(request, tmp_path_factory):
    """A spec, its Verilog, and the blocks with most levels outside of their boxes among some."""
    drawn, rtl_dir = draw(request.param), tmp_path_factory.mktemp("rtl")
    spec = drawn.spec(request.param)
    emit(spec, drawn.hardware, rtl_dir)
    adc, symbols = linear_adc(spec, OFFERED, request.param), spec.symbols
    reserved = sorted(set(symbols.escaped_by) - {-1})
    escaped = (encode(spec, adc).indices[:, reserved] == np.array(symbols.sizes)[reserved] - 1).sum(axis=1)
    chosen = np.argsort(-escaped, kind="stable")[:TAKEN]
    assert escaped[chosen].min() > 0
    print(f"{drawn}: {escaped[chosen].sum()} groups escaped")
    return spec, rtl_dir, adc[chosen]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_equals_golden(made, simulator, models):
    spec, rtl_dir, adc = made
    result = run_bench(simulator, spec, rtl_dir, adc, models)
    assert (result.blocks, result.passed, result.failed) == (TAKEN, 10, 0)


def test_a_flipped_bit_fails_every_pattern(made, tmp_path):
    spec, rtl_dir, adc = made
    manifest = load_manifest(rtl_dir)
    if manifest.parameters == "ram":
        pytest.skip("parameters are not in the text")
    mutation = next(choose_mutations(spec, draw(SEEDS[-1]).hardware, adc, 5, seed=8))
    for name in ("manifest.json", manifest.verilog):
        shutil.copy(rtl_dir / name, tmp_path)
    verilog = tmp_path / manifest.verilog
    verilog.write_text(flip_in_verilog(verilog.read_text(), manifest.top, mutation), encoding="utf-8")
    result = run_bench("icarus", spec, tmp_path, adc, tmp_path)
    assert (result.passed, result.failed) == (0, 10)
