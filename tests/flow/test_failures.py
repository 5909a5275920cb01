"""Bad inputs end in a message that names them, a non-zero exit status, and the older outputs as they were."""

import fcntl
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from flow.fingerprint import hash_path
from tests.flow.conftest import ROOT, Flow, run_flow


@pytest.fixture
def outputs(workspace: Path) -> Path:
    return workspace / "build/tiny"


def assert_fails(done, *words: str) -> None:
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def content(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hash_path(p) for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def test_truncated_checkpoint(flow: Flow, outputs: Path) -> None:
    checkpoint = outputs / "model/checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    before = content(outputs)
    assert_fails(flow("quantize"), "build/tiny/model/checkpoint.safetensors", "truncated or corrupt", "train stage")
    assert content(outputs) == before


def test_contradictory_design(flow: Flow, workspace: Path, outputs: Path) -> None:
    toml = workspace / "designs/tiny.toml"
    toml.write_text(toml.read_text().replace("groups = 4", "groups = 7").replace("fold = 2", "folds = 2"))
    before = content(outputs)
    for stage in ("train", "rtl"):
        done = flow(stage)
        assert_fails(done, "designs/tiny.toml", "encoder.groups = 7", "does not divide encoder.channels = 16")
        assert "hardware.folds = 2: unknown key" in done.stderr
    assert content(outputs) == before


def test_recording_with_too_few_channels(flow: Flow, workspace: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "designs/hc1.toml", workspace / "designs")
    rng = np.random.default_rng(0)
    savemat(tmp_path / "three.mat", {"ec_spikes": rng.normal(size=(3, 40, 100)), "ec_st": np.arange(100.0)})
    done = run_flow(workspace, "train", "--design", "hc1", "--data", str(tmp_path / "three.mat"))
    assert_fails(done, "three.mat", "3 channels", "4")
    assert not (workspace / "build/hc1/data").exists()


def test_cells_that_are_not_there(flow: Flow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    assert_fails(
        flow("synth", "--target", "sky130"), "export PDK_ROOT=", "sky130_fd_sc_hd", "generic and gates need no"
    )
    (tmp_path / "page.lib").write_text("<html>")
    assert_fails(flow("synth", "--target", str(tmp_path / "page.lib")), "page.lib is no Liberty library", "process kit")


def test_missing_recording(flow: Flow, outputs: Path) -> None:
    before = content(outputs)
    assert_fails(flow("all", "--data", "nowhere.mat"), "nowhere.mat", "DATA")
    assert content(outputs) == before


def test_unknown_design_lists_those_there_are(workspace: Path) -> None:
    assert_fails(run_flow(workspace, "rtl", "--design", "tinny"), "no design 'tinny'", "tiny")


def test_no_spec_says_how_to_make_one(flow: Flow, outputs: Path) -> None:
    shutil.rmtree(outputs)
    assert_fails(flow("rtl"), "designs/tiny/spec.json", "make quantize DESIGN=tiny")


def test_corrupt_spec(flow: Flow, outputs: Path) -> None:
    assert flow("rtl").returncode == 0
    spec = outputs / "quantize/spec.npz"
    spec.write_bytes(spec.read_bytes()[:200])
    before = content(outputs)
    assert_fails(flow("rtl"), "build/tiny/quantize/spec.npz", "corrupt")
    assert content(outputs) == before


def test_missing_compiler(flow: Flow, workspace: Path, outputs: Path) -> None:
    """A PATH on which there is no g++."""
    folder = workspace / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    assert flow("rtl").returncode == 0
    before = content(outputs)
    assert_fails(flow("sim", PATH=str(folder)), "g++", "apt-get install g++")
    assert content(outputs) == before


def test_doctor_names_what_is_missing(workspace: Path) -> None:
    (workspace / "bin").mkdir()
    done = run_flow(workspace, "doctor", PATH=str(workspace / "bin"))
    assert done.returncode == 1
    assert "apt-get install g++" in done.stdout
    assert "✗" in done.stdout


def test_two_runs_on_one_design_do_not_mix(flow: Flow, outputs: Path) -> None:
    with open(outputs / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_fails(flow("quantize"), "build/tiny is in use by another run")
    assert flow("quantize").returncode == 0


def test_traceback_on_request(flow: Flow) -> None:
    assert "Traceback" in flow("all", "--data", "nowhere.mat", SPIKECAE_DEBUG="1").stderr


def test_help_tells_every_stage() -> None:
    done = run_flow(ROOT, "--help")
    assert done.returncode == 0
    for stage in ("train", "quantize", "rtl", "sim", "synth", "codec", "report", "all", "doctor", "clean"):
        assert stage in done.stdout
