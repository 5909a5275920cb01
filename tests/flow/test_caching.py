"""Stages run when the content of what they depend on has changed, and only then."""

import os
import time
from pathlib import Path

import pytest

from flow.fingerprint import hash_path
from tests.flow.conftest import Flow


def test_second_run_does_nothing(flow: Flow, workspace: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (workspace / "build").rglob("*.json")}
    done = flow("quantize")
    assert done.returncode == 0, done.stderr
    assert "nothing to do: quantize of tiny is up to date" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in (workspace / "build").rglob("*.json")} == before


def test_touching_without_changing_does_nothing(flow: Flow, workspace: Path) -> None:
    later = time.time() + 100
    for path in [workspace / "designs/tiny.toml", *(workspace / "build").rglob("*.*")]:
        os.utime(path, (later, later))
    assert "nothing to do: train" in flow("train", "--epochs", "1").stdout
    assert "nothing to do: quantize" in flow("quantize").stdout


def test_a_comment_in_the_design_changes_nothing(flow: Flow, workspace: Path) -> None:
    toml = workspace / "designs/tiny.toml"
    toml.write_text("# a comment\n" + toml.read_text())
    assert "nothing to do: train" in flow("train", "--epochs", "1").stdout


@pytest.mark.slow
def test_only_stages_that_depend_on_a_setting_run_again(flow: Flow, workspace: Path) -> None:
    assert flow("rtl").returncode == 0
    toml = workspace / "designs/tiny.toml"
    assert "fold = 2" in toml.read_text()
    toml.write_text(toml.read_text().replace("fold = 2", "fold = 4"))
    assert "nothing to do: train" in flow("train", "--epochs", "1").stdout
    done = flow("rtl")
    assert "setting hardware changed" in done.stdout
    assert "at fold 4" in done.stdout


@pytest.mark.slow
def test_changed_weights_are_quantized_anew(flow: Flow, workspace: Path) -> None:
    spec = workspace / "build/tiny/quantize/spec.npz"
    before = hash_path(spec)
    assert flow("train", "--epochs", "2").returncode == 0
    done = flow("quantize")
    assert "input weights changed" in done.stdout
    assert hash_path(spec) != before


@pytest.mark.slow
def test_a_deleted_or_edited_output_is_made_anew(flow: Flow, workspace: Path) -> None:
    spec = workspace / "build/tiny/quantize/spec.json"
    original = spec.read_bytes()
    spec.unlink()
    assert "spec.json is missing" in flow("quantize").stdout
    assert spec.read_bytes() == original
    spec.write_bytes(original + b"\n")
    assert "spec.json was changed by hand" in flow("quantize").stdout
    assert spec.read_bytes() == original


def test_the_shipped_spec_is_enough_for_rtl(flow: Flow, workspace: Path) -> None:
    shipped = workspace / "designs/tiny"
    (workspace / "build/tiny/quantize").rename(shipped)
    (workspace / "build").rename(workspace / "gone")
    done = flow("rtl")
    assert done.returncode == 0, done.stderr
    assert "designs/tiny/spec.json" in done.stdout
    assert sorted(path.name for path in (workspace / "build/tiny/rtl").iterdir()) == [
        "librelane.json",
        "load.json",
        "manifest.json",
        "registers.h",
        "registers.json",
        "spike_encoder.f",
        "spike_encoder.sdc",
        "spike_encoder.v",
        "spike_encoder.vlt",
    ]


def test_an_exchange_cut_short_is_undone(flow: Flow, workspace: Path) -> None:
    """As if the machine had stopped between the two renames that put new outputs in place."""
    made = workspace / "build/tiny/quantize"
    made.rename(made.with_name(".quantize.old"))
    assert "nothing to do: quantize" in flow("quantize").stdout
    assert (made / "spec.json").is_file()
