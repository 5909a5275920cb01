"""The default design with memory macros: every stage and byte as golden's. Run by ``make regress``."""

from pathlib import Path

import pytest

from model.datasets import load_dataset
from rtl.emit import emit
from sim.stage import run_layout
from spikecae.spec import load_spec

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

BLOCKS = 8


def test_the_default_design_with_macros(neuropixels, models, tmp_path):
    spec = load_spec(Path("designs/neuropixels"))
    hardware = neuropixels.hardware.model_copy(update={"memories": "ihp-sg13g2"})
    manifest = emit(spec, hardware, tmp_path)
    found = run_layout(spec, manifest, tmp_path, load_dataset(neuropixels, None).test.adc[:BLOCKS], models)
    print(f"{manifest.macros}: {found}")
    assert (found.blocks, found.mismatches, found.left_over) == (2 * BLOCKS, 0, 0)
    assert sum(manifest.macros.values()) > 10
