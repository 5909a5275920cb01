"""A design file that was edited does not give the old chip."""

import shutil
from pathlib import Path

import pytest

from flow.fingerprint import hash_path
from tests.flow.conftest import ROOT, Flow, run_flow

EDITS = [
    ("encoder.groups", "groups = 4", "groups = 8", "make train DESIGN=tiny, then make quantize DESIGN=tiny"),
    ("adc.lsb", "lsb = 2.34375", "lsb = 1.5", "make train DESIGN=tiny, then make quantize DESIGN=tiny"),
    (
        "quantization.weight_bits",
        "[hardware]",
        "[quantization]\nweight_bits = 4\n\n[hardware]",
        ": make quantize DESIGN",
    ),
]


def edit(folder: Path, before: str, after: str) -> None:
    toml = folder / "designs/tiny.toml"
    text = toml.read_text()
    assert text.count(before) == 1
    toml.write_text(text.replace(before, after))


@pytest.mark.parametrize("stage", ["rtl", "sim", "synth", "place", "power", "codec", "report"])
def test_every_stage_of_a_spec_refuses_one_of_an_older_design(flow: Flow, workspace: Path, stage: str) -> None:
    edit(workspace, "kernel = 3", "kernel = 5")
    done = flow(stage)
    assert done.returncode == 1
    assert "build/tiny/quantize/spec.json is not of designs/tiny.toml as it is now" in done.stderr
    assert "encoder.kernel: the spec was made with 3, the design has 5" in done.stderr
    assert "make train DESIGN=tiny, then make quantize DESIGN=tiny" in done.stderr
    assert not (workspace / "build/tiny/rtl").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("key", "before", "after", "remedy"), EDITS)
def test_a_spec_made_here_is_compared_in_all_that_made_it(
    flow: Flow, workspace: Path, key: str, before: str, after: str, remedy: str
) -> None:
    """Also in what leaves no trace in its shape."""
    assert flow("rtl").returncode == 0
    verilog = hash_path(workspace / "build/tiny/rtl/spike_encoder.v")
    edit(workspace, before, after)
    done = flow("rtl")
    assert done.returncode == 1
    assert f"{key}: the spec was made with" in done.stderr
    assert remedy in done.stderr
    assert hash_path(workspace / "build/tiny/rtl/spike_encoder.v") == verilog


@pytest.mark.slow
def test_the_remedy_is_one(flow: Flow, workspace: Path) -> None:
    edit(workspace, "codewords = 16", "codewords = 8")
    assert "codebook.codewords: the spec was made with 16, the design has 8" in flow("rtl").stderr
    for command in (["train", "--epochs", "1"], ["quantize"], ["rtl"]):
        done = flow(*command)
        assert done.returncode == 0, done.stderr


def test_a_shipped_spec_is_compared_by_its_shape(tmp_path: Path) -> None:
    (tmp_path / "designs").mkdir()
    shutil.copy(ROOT / "designs/tiny.toml", tmp_path / "designs")
    shutil.copytree(ROOT / "designs/tiny", tmp_path / "designs/tiny")
    edit(tmp_path, "features = 4", "features = 8")
    done = run_flow(tmp_path, "rtl", "--design", "tiny")
    assert done.returncode == 1
    assert "designs/tiny/spec.json is not of designs/tiny.toml as it is now" in done.stderr
    assert "encoder.features: the spec was made with 4, the design has 8" in done.stderr


@pytest.mark.slow
def test_a_report_is_of_the_hardware_that_the_design_has(flow: Flow, workspace: Path) -> None:
    for command in (["rtl"], ["sim", "--blocks", "8"], ["synth"]):
        assert flow(*command).returncode == 0
    edit(workspace, "fold = 2", "fold = 4")
    done = flow("report")
    assert done.returncode == 1
    assert "build/tiny/rtl is not of designs/tiny.toml as it is now" in done.stderr
    assert "hardware.fold: made with 2, the design has 4" in done.stderr
    assert "make it anew: make DESIGN=tiny" in done.stderr


@pytest.mark.journey
def test_a_report_is_of_one_set_of_spikes(flow: Flow, workspace: Path) -> None:
    """Also where both are called the same."""
    for command in (["rtl"], ["synth"]):
        assert flow(*command).returncode == 0
    edit(workspace, "duration_s = 20.0", "duration_s = 16.0")
    assert "setting synthetic changed" in flow("sim", "--blocks", "8").stdout
    done = flow("report")
    assert done.returncode == 1
    assert "build/tiny/quantize was made from other spikes than build/tiny/data holds now" in done.stderr
    assert "run: make DESIGN=tiny" in done.stderr
