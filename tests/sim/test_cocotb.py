"""The cocotb bench on both simulators, and that it can fail."""

import shutil

import pytest

from sim.cocotb_run import run_bench
from sim.mutation import choose_mutations, flip_in_verilog
from sim.toolchain import available
from tests.rtl.shapes import hardware

pytestmark = pytest.mark.slow

needs_icarus = pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")


@pytest.mark.parametrize("simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)])
def test_equals_golden(encoder, models, simulator):
    result = run_bench(simulator, encoder.spec, encoder.rtl_dir, encoder.adc, models)
    assert (result.blocks, result.passed, result.failed) == (3, 10, 0)


@needs_icarus
def test_a_flipped_bit_fails_every_pattern(encoder, tmp_path):
    rtl_dir = tmp_path / "rtl"
    shutil.copytree(encoder.rtl_dir, rtl_dir)
    adc = encoder.adc[:3]
    mutation = next(choose_mutations(encoder.spec, hardware(), adc, 5, seed=8))
    verilog = rtl_dir / encoder.manifest.verilog
    verilog.write_text(flip_in_verilog(verilog.read_text(), encoder.manifest.top, mutation), encoding="utf-8")
    result = run_bench("icarus", encoder.spec, rtl_dir, adc, tmp_path)
    assert (result.passed, result.failed) == (0, 10)
