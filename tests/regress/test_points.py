"""Operating points of random linear encoders, switched while they run, on both benches. Run by ``make regress``."""

import numpy as np
import pytest

from rtl.emit import emit
from sim.cocotb_run import run_bench
from sim.points import run_points
from sim.toolchain import available
from tests.linear_spec import further_point, linear_adc
from tests.sim.random_linear import draw

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]
BLOCKS = 64


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_packet_is_its_points(models, tmp_path, seed):
    """Two to four points, of encoders of every shape."""
    rng = np.random.default_rng(seed)
    drawn = draw(seed)
    first = drawn.spec(seed)
    others = [further_point(first, float(rng.uniform(0.4, 0.9)), 10 * seed + n) for n in range(rng.integers(1, 4))]
    emit(first, drawn.hardware, tmp_path, others=others)
    found = run_points((first, *others), tmp_path, linear_adc(first, BLOCKS, seed), models, seed=seed)
    assert found.mismatches == 0, f"{drawn}, {1 + len(others)} points: {found.first_mismatch}"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_the_cocotb_bench_switches_points(models, tmp_path, simulator):
    if simulator == "icarus" and not available("iverilog"):
        pytest.skip("iverilog is not installed")
    drawn = draw(4)
    first = drawn.spec(4)
    others = [further_point(first, 0.6, 5), further_point(first, 0.8, 7)]
    emit(first, drawn.hardware, tmp_path / "rtl", others=others)
    adc = linear_adc(first, 8, 3)
    result = run_bench(simulator, first, tmp_path / "rtl", adc, tmp_path, points=others)
    assert (result.passed, result.failed) == (14, 0)
