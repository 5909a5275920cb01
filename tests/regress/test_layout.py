"""Verilog for a layout in four-state simulation, and of the default design. Run by ``make regress``."""

import shutil
from pathlib import Path

import pytest

from model.datasets import load_dataset
from rtl.emit import emit
from sim.cocotb_run import run_bench
from sim.stage import run_layout
from sim.toolchain import available
from spikecae.spec import load_spec
from synth.targets.find import macro_kit
from tests.sim.test_layout import layout, text_of

__all__ = ["layout"]

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

BLOCKS = 8


def test_the_default_design_with_macros(neuropixels, models, tmp_path):
    spec = load_spec(Path("designs/neuropixels"))
    hardware = neuropixels.hardware.model_copy(update={"memories": "ihp-sg13g2"})
    manifest = emit(spec, hardware, tmp_path, kit=macro_kit(hardware.memories), block=neuropixels.block.kind)
    found = run_layout(spec, manifest, tmp_path, load_dataset(neuropixels, None).test.adc[:BLOCKS], models)
    print(f"{manifest.macros}: {found}")
    assert (found.blocks, found.mismatches, found.left_over) == (2 * BLOCKS, 0, 0)
    assert sum(manifest.macros.values()) > 10


@pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed")
def test_cocotb_bench_on_icarus(layout, models, tmp_path):
    """Memories begin with unknown bits there, and none reaches a tap or a byte."""
    (tmp_path / layout.manifest.verilog).write_text(text_of(layout))
    for name in ("manifest.json", "load.json"):
        shutil.copy(layout.rtl_dir / name, tmp_path)
    result = run_bench("icarus", layout.spec, tmp_path, layout.adc, models, blocks=1)
    assert (result.passed, result.failed) == (10, 0)
