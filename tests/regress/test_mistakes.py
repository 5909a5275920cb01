"""Mistakes that people make, each put into the generator: the benches refuse every chip, and say at first sight which
stage is wrong where a stage is. Run by ``make regress``."""

from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.host.load import load_writes, offsets_of
from rtl.manifest import Manifest
from rtl.planning import make_plan
from sim.grade.blocks import blocks_of_all_kinds
from sim.grade.chip import PRESET, Subject
from sim.grade.mistakes import MISTAKES, Mistake, made
from sim.grade.random_parameters import with_random_parameters
from sim.grade.verdicts import Verdict, examine
from sim.verilate import build_library
from spikecae.design import Design
from spikecae.golden import encode
from tests.random_spec import random_spec

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

SEED = 3


def judged(
    tiny: Design, manifest: Manifest, folder: Path, models: Path, shown: dict[str, object] | None = None
) -> tuple[Verdict, dict[str, object]]:
    """What the benches say of the chip in a folder, and what it shows."""
    spec = with_random_parameters(random_spec(tiny, SEED), tiny.hardware, SEED)
    adc = blocks_of_all_kinds(spec, 24, SEED)
    its = manifest.model_copy(update={"spec_hash": spec.hash})
    plan = make_plan(spec, tiny.hardware)
    subject = Subject(spec, its, load_writes(plan), offsets_of(plan), adc, encode(spec, adc))
    library = build_library(folder / manifest.verilog, manifest, models, registers=PRESET)
    return examine(library, [subject], 0, shown)


@pytest.fixture(scope="module")
def shown(tiny: Design, models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the chip without a mistake shows."""
    folder = tmp_path_factory.mktemp("right")
    verdict, seen = judged(tiny, emit(random_spec(tiny, SEED), tiny.hardware, folder), folder, models)
    assert verdict.bench is None, verdict.message
    return seen


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_benches_notice(
    tiny: Design, models: Path, shown: dict[str, object], mistake: Mistake, tmp_path: Path
) -> None:
    with made(mistake):
        manifest = emit(random_spec(tiny, SEED), tiny.hardware, tmp_path)
    verdict, _ = judged(tiny, manifest, tmp_path, models, shown)
    print(f"{mistake.name}: {verdict.bench}: {verdict.message}")
    assert verdict.bench is not None
    assert mistake.stage is None or f"stage {mistake.stage}," in verdict.message
