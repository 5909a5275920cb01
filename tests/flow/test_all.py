"""The whole flow on the tiny design, as a newcomer's first ``make`` runs it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.flow.conftest import ROOT, run_flow

OUTPUTS = [
    "data/spikes.npz",
    "model/checkpoint.safetensors",
    "model/metrics.json",
    "quantize/spec.json",
    "quantize/metrics.json",
    "rtl/spike_encoder.v",
    "rtl/manifest.json",
    "sim/results.json",
    "synth/generic/report.json",
    "report.json",
    "report.html",
    "report.txt",
]


@pytest.mark.slow
def test_everything_then_nothing(tmp_path: Path) -> None:
    designs, build = tmp_path / "designs", tmp_path / "build/tiny"
    designs.mkdir()
    shutil.copy(ROOT / "designs/tiny.toml", designs)
    shutil.copytree(ROOT / "designs/tiny", designs / "tiny")
    command = ["all", "--design", "tiny", "--blocks", "16"]

    done = run_flow(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert all((build / name).is_file() for name in OUTPUTS)
    assert "shipped weights" in done.stdout
    assert "0 mismatches" in done.stdout

    results = json.loads((build / "sim/results.json").read_text())
    assert (results["blocks"], results["mismatches"]) == (16, 0)
    metrics = json.loads((build / "model/metrics.json").read_text())
    training = json.loads((designs / "tiny/training.json").read_text())
    assert metrics["weights"] == "shipped"
    assert abs(metrics["sndr_mean_db"] - training["test"]["sndr_mean_db"]) < 0.01  # the same data, made anew

    before = {path: path.stat().st_mtime_ns for path in build.rglob("*") if path.name != ".lock"}
    started = _processor_s()
    again = run_flow(tmp_path, *command)
    assert _processor_s() - started < 5
    assert again.returncode == 0, again.stderr
    assert "nothing to do: everything of tiny is up to date" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in build.rglob("*") if path.name != ".lock"} == before


def _processor_s() -> float:
    """Processor time of ended child processes: wall time would count the other tests."""
    times = os.times()
    return times.children_user + times.children_system
