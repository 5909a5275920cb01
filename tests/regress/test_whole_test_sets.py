"""Whole test splits through the Verilog of the shipped linear designs, stage by stage. Run by ``make regress``."""

import os
from pathlib import Path

import pytest

from experiments.sources import HC1, WAVE_CLUS, read
from rtl.emit import emit
from sim.stage import simulate
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.targets.find import macro_kit
from tests.conftest import DESIGNS

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

RECORDINGS = {"lite": WAVE_CLUS["D2 0.05"], "lite_tetrode": HC1, "lite_probe": None}
"""What each is trained on; None is the embedded recording, which is taken for those that are not at hand too."""


def at_hand(name: str | None) -> str | None:
    folder = os.environ.get("SPIKECAE_DATA")
    return name if name and folder and (Path(folder) / name).is_file() else None


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_block_is_goldens(name, models, tmp_path):
    design, spec = load_design(DESIGNS / f"{name}.toml"), load_spec(DESIGNS / name)
    test = read(at_hand(RECORDINGS[name]), design).test
    emit(
        spec,
        design.hardware,
        tmp_path / "rtl",
        kit=macro_kit(design.hardware.memories),
        block=design.block.kind,
    )
    found = simulate(spec, tmp_path / "rtl", test.adc, tmp_path / "sim", blocks=len(test), models=models)
    cycles = found.cycles_per_block
    print(
        f"{name}: {found.blocks} blocks, {found.values_compared:,} values, {found.mismatches} differ; "
        f"{cycles.numbers:g} numbers sent a block; {cycles.mean:.1f} cycles a block, {cycles.predicted} predicted"
    )
    assert (found.blocks, found.mismatches, found.left_over) == (len(test), 0, 0)
    assert cycles.numbers > 0, "some levels lie outside of their box, so that escapes are compared too"
