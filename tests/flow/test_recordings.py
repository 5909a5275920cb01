"""Recordings on the command line: what is said of them is kept, what is wrong is told before any work."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.flow.conftest import ROOT, Flow, run_flow
from tests.recordings import codes, column, recorded, traces, write_spikeglx
from tests.synth.small_library import small_library

pytestmark = pytest.mark.slow


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout with the tiny design and its shipped weights, and nothing built."""
    (tmp_path / "designs").mkdir()
    shutil.copy(ROOT / "designs/tiny.toml", tmp_path / "designs")
    shutil.copytree(ROOT / "designs/tiny", tmp_path / "designs/tiny")
    return tmp_path


def train(folder: Path, *arguments: str, design: str = "tiny"):
    return run_flow(folder, "train", "--design", design, "--epochs", "1", *arguments)


def test_what_is_found_and_said_is_in_data_json(fresh: Path) -> None:
    uv = traces(seconds=4.0)
    uv[:, 5] = 0
    uv[100_000, 2] = np.nan
    recorded(uv).save(folder=fresh / "mine", verbose=False, progress_bar=False)
    done = train(fresh, "--data", "mine")
    assert done.returncode == 0, done.stderr
    assert "left out: channel 5 (never varies)" in done.stdout
    assert "channel 2: not a number at 3.3333 s" in done.stdout
    assert "(provenance unknown)" in done.stdout
    data = json.loads((fresh / "build/tiny/data/data.json").read_text())
    assert (data["schema_version"], data["provenance"]) == (2, "unknown")
    assert data["quality"]["left_out"] == [{"what": "channel 5", "reason": "never varies"}]
    assert data["quality"]["bad_samples"] == {"not a number": 1}
    assert "nothing to do" in train(fresh, "--data", "mine").stdout
    done = train(fresh, "--data", "mine", "--provenance", "real")
    assert "setting description changed" in done.stdout
    training = json.loads((fresh / "build/tiny/model/training.json").read_text())
    assert training["provenance"] == "real"
    assert training["repeat_with"] == "make train DESIGN=tiny DATA=mine EPOCHS=1"


def test_a_stream_and_a_description_are_taken(fresh: Path) -> None:
    write_spikeglx(fresh / "run", traces(seconds=4.0))
    write_spikeglx(fresh / "run", traces(seconds=4.0, seed=1), device="imec1")
    done = train(fresh, "--data", "run")
    assert done.returncode == 1
    assert "say which one as STREAM: 'imec0.ap' (30000 Hz)" in done.stderr
    assert train(fresh, "--data", "run", "--stream", "imec1.ap").returncode == 0
    (fresh / "a.bin").write_bytes(codes(traces(seconds=4.0), 0.195).tobytes())
    said = {"sampling_rate_hz": 3e4, "channels": 8, "dtype": "int16", "gain": 0.195, "contacts_um": column(8)}
    (fresh / "said.json").write_text(json.dumps(said))
    done = train(fresh, "--data", "a.bin", "--raw", "said.json", "--replace")
    assert done.returncode == 0, done.stderr
    assert "provenance unknown" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--provenance", "real"], "RAW, STREAM and PROVENANCE are about the recording given as DATA, and none is"),
        (["--data", "designs", "--provenance", "fake"], "PROVENANCE=fake is none of real, semi-synthetic"),
        (["--data", "designs", "--raw", "gone.toml"], "no description of a recording at gone.toml"),
        (["--data", "empty"], "empty: the folder is empty"),
    ],
)
def test_refused_before_any_work(fresh: Path, arguments: list[str], message: str) -> None:
    (fresh / "empty").mkdir()
    done = train(fresh, *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (fresh / "build/tiny/data").exists()
    assert not (fresh / "build/tiny/model").exists()


def test_how_many_blocks_there_are_is_told_before_the_work(fresh: Path) -> None:
    np.save(fresh / "few.npy", np.random.default_rng(0).normal(0, 30, (40, 2, 16)).astype(np.int16))
    asked = ["sim", "--design", "tiny", "--data", "few.npy"]
    done = run_flow(fresh, *asked, "--blocks", "21")
    assert (done.returncode, (fresh / "build/tiny/rtl").exists()) == (1, False)
    assert done.stderr == "error: BLOCKS=21: the test split has 20 blocks; ask for no more, or for BLOCKS=all\n"
    done = run_flow(fresh, *asked)
    assert done.returncode == 0, done.stderr
    told = done.stdout.index("the test split has 20 blocks: all of them are simulated")
    assert told < done.stdout.index("rtl  ")
    assert "20 blocks, " in done.stdout


def test_power_is_told_before_synthesis_that_there_are_too_few_blocks(flow: Flow, workspace: Path) -> None:
    cells = workspace / "cells.lib"
    cells.write_text(small_library())
    done = flow("power", "--target", str(cells), "--blocks", "100000")
    assert done.returncode == 1
    assert "100006 blocks are needed to measure 100000, got 458; measure fewer (BLOCKS=)" in done.stderr
    assert not (workspace / "build/tiny/rtl").exists()


def test_a_data_set_of_another_version_is_refused(flow: Flow, workspace: Path) -> None:
    file = workspace / "build/tiny/data/data.json"
    file.write_text(file.read_text().replace('"schema_version": 2', '"schema_version": 1'))
    done = flow("quantize")
    assert done.returncode == 1
    assert "build/tiny/data/data.json was written by another version; remove build/tiny/data" in done.stderr


@pytest.mark.journey
def test_a_wide_neighbourhood_after_one_epoch_gets_its_report(fresh: Path) -> None:
    """So few bits a spike that PCA has no point to compare with."""
    text = (fresh / "designs/tiny.toml").read_text()
    wide = text.replace('name = "tiny"', 'name = "wide"').replace("spikes = 2", "spikes = 16")
    (fresh / "designs/wide.toml").write_text(wide)
    done = run_flow(fresh, "all", "--design", "wide", "--epochs", "1", "--blocks", "8")
    assert done.returncode == 0, done.stderr
    report = json.loads((fresh / "build/wide/report.json").read_text())
    assert report["baseline"]["sndr_mean_db"] is None
    assert "lie outside what PCA's steps give" in report["baseline"]["not_available"]
    assert "not available: " in done.stdout
