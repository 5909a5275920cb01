"""A build folder goes on with its own recording; another one takes no training's place unasked."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from flow.fingerprint import hash_path
from flow.layout import Layout
from flow.origin import (
    EMBEDDED,
    NOTHING_ASKED,
    Asked,
    Origin,
    Recording,
    Trained,
    load_origin,
    resolve,
    save_origin,
    training_held,
)
from flow.runner import StageError
from flow.stages.data import Opening
from flow.stages.train import plan_train
from tests.flow.conftest import ROOT, run_flow


@pytest.fixture(scope="module")
def trained_on_a(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with shipped weights, two recordings, and a training on one of them; not to be changed."""
    folder = tmp_path_factory.mktemp("origin")
    (folder / "designs").mkdir()
    shutil.copy(ROOT / "designs/tiny.toml", folder / "designs")
    shutil.copytree(ROOT / "designs/tiny", folder / "designs/tiny")
    shape = np.sin(np.arange(16) / 3) * np.exp(-np.arange(16) / 6)
    for seed, name in enumerate(("a.npy", "b.npy")):
        rng = np.random.default_rng(seed)
        spikes = rng.normal(0, 8, (120, 2, 16)) + shape * rng.uniform(60, 200, (120, 2, 1))
        np.save(folder / name, spikes.astype(np.int16))
    done = run_flow(folder, "train", "--design", "tiny", "--data", "a.npy", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def checkout(trained_on_a: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_on_a, tmp_path / "checkout", symlinks=True))


def flow(folder: Path, stage: str, *arguments: str):
    return run_flow(folder, stage, "--design", "tiny", *arguments)


def weights(folder: Path) -> str:
    return hash_path(folder / "build/tiny/model/checkpoint.safetensors")


def source(folder: Path, build: str = "tiny") -> str:
    return json.loads((folder / f"build/{build}/data/data.json").read_text())["source"]


@pytest.mark.slow
def test_plain_make_goes_on_with_the_recording_and_its_weights(checkout: Path) -> None:
    """It is what the report stage advises."""
    before = weights(checkout)
    done = flow(checkout, "report")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("run: make DESIGN=tiny")
    done = flow(checkout, "all", "--blocks", "8")
    assert done.returncode == 0, done.stderr
    assert "data      going on with a.npy, which build/tiny is of" in done.stdout
    assert "train     going on with the training on a.npy that build/tiny holds" in done.stdout
    assert weights(checkout) == before
    assert source(checkout) == "a.npy"
    report = json.loads((checkout / "build/tiny/report.json").read_text())
    assert (report["data"]["source"], report["weights"]["training"]["data"]) == ("a.npy", "a.npy")
    assert report["weights"]["origin"] == "trained"
    text = " ".join(done.stdout.replace("│", " ").split())
    assert "trained here on a.npy (provenance unknown), 1 epoch" in text
    assert "nothing to do: everything of tiny is up to date" in flow(checkout, "all", "--blocks", "8").stdout


@pytest.mark.parametrize("stage", ["train", "quantize", "sim", "power", "all"])
def test_another_recording_takes_no_trainings_place(checkout: Path, stage: str) -> None:
    before = hash_path(checkout / "build/tiny/model"), hash_path(checkout / "build/tiny/data")
    options = ["--epochs", "2"] if stage in ("train", "quantize", "all") else []
    options += ["--target", "ihp-sg13g2"] if stage == "power" and os.environ.get("PDK_ROOT") else []
    if stage == "power" and not options:
        pytest.skip("no process kit: set PDK_ROOT")
    done = flow(checkout, stage, "--data", "b.npy", *options)
    assert done.returncode == 1
    assert "build/tiny holds weights trained on a.npy; b.npy would take their place" in done.stderr
    for remedy in ("BUILD=name (build/tiny@name)", "REPLACE=1", "make clean DESIGN=tiny"):
        assert remedy in done.stderr
    assert (hash_path(checkout / "build/tiny/model"), hash_path(checkout / "build/tiny/data")) == before


@pytest.mark.slow
def test_a_training_is_given_up_where_that_is_said(checkout: Path) -> None:
    done = flow(checkout, "quantize", "--data", "b.npy", "--epochs", "2", "--replace")
    assert done.returncode == 0, done.stderr
    training = json.loads((checkout / "build/tiny/model/training.json").read_text())
    assert (training["data"], training["epochs"]) == ("b.npy", 2)
    assert json.loads((checkout / "build/tiny/quantize/metrics.json").read_text())["data"] == "b.npy"
    done = flow(checkout, "quantize", "--replace")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((checkout / "build/tiny/model/metrics.json").read_text())
    assert (metrics["weights"], metrics["data"]) == ("shipped", "embedded recording (seed 4)")


def test_epochs_are_never_ignored(checkout: Path) -> None:
    done = flow(checkout, "quantize", "--epochs", "2")
    assert done.returncode == 0, done.stderr
    training = json.loads((checkout / "build/tiny/model/training.json").read_text())
    assert (training["data"], training["epochs"]) == ("a.npy", 2)
    before = weights(checkout)
    assert flow(checkout, "quantize", "--data", "./a.npy").returncode == 0
    assert weights(checkout) == before, "the same recording, and no other epochs asked for"


@pytest.mark.slow
def test_training_from_shipped_weights_goes_on_so(checkout: Path) -> None:
    """What an interrupted or a later command does not say anew holds on."""
    done = flow(checkout, "train", "--data", "b.npy", "--epochs", "1", "--from-shipped", "--build", "own")
    assert done.returncode == 0, done.stderr
    report = checkout / "build/tiny@own/model/training.json"
    assert json.loads(report.read_bytes())["repeat_with"] == "make train DESIGN=tiny DATA=b.npy EPOCHS=1 FROM_SHIPPED=1"
    before = report.read_bytes()
    done = flow(checkout, "quantize", "--data", "b.npy", "--build", "own")
    assert done.returncode == 0, done.stderr
    assert report.read_bytes() == before


def test_a_beginning_that_cannot_be_is_refused(tmp_path: Path) -> None:
    shutil.copy(ROOT / "designs/tiny.toml", tmp_path)
    with pytest.raises(ValueError, match=r"FROM_SHIPPED=1: no weights come with design 'tiny' \(.*\); leave it out"):
        plan_train(Layout("tiny", tmp_path / "tiny.toml"), None, from_shipped=True)
    with pytest.raises(ValueError, match=r"FROM_SHIPPED=1: an encoder of kind 'linear' is fitted anew, .*leave it out"):
        plan_train(Layout("lite", ROOT / "designs/lite.toml"), None, from_shipped=True)


@pytest.mark.slow
def test_several_recordings_live_side_by_side(checkout: Path) -> None:
    before = weights(checkout)
    done = flow(checkout, "quantize", "--build", "b", "--data", "b.npy", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert (source(checkout), source(checkout, "tiny@b")) == ("a.npy", "b.npy")
    assert weights(checkout) == before
    done = flow(checkout, "report", "--build", "b")
    assert done.stderr.strip().endswith("run: make DESIGN=tiny BUILD=b")
    done = flow(checkout, "sim", "--build", "b", "--blocks", "8")
    assert done.returncode == 0, done.stderr
    assert (checkout / "build/tiny@b/sim/results.json").is_file()


@pytest.mark.slow
def test_a_recording_that_is_gone_does_not_take_its_spikes_along(checkout: Path) -> None:
    before = weights(checkout)
    (checkout / "a.npy").unlink()
    done = flow(checkout, "quantize", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    done = flow(checkout, "all", "--blocks", "8")
    assert done.returncode == 0, done.stderr
    assert "a.npy is not there any more; taking the spikes in build/tiny/data" in done.stdout
    assert weights(checkout) == before


@pytest.mark.slow
def test_spikes_of_an_older_design_are_cut_anew(checkout: Path) -> None:
    """A stage works on the data at hand, as long as they are what the design asks for."""
    toml = checkout / "designs/tiny.toml"
    toml.write_text(toml.read_text().replace("lsb = 2.34375", "lsb = 3.0"))
    assert "setting adc changed" in flow(checkout, "train", "--epochs", "1").stdout
    toml.write_text(toml.read_text().replace("threshold = 5.0", "threshold = 6.0"))
    done = flow(checkout, "quantize")
    assert "data      setting recording changed" in done.stdout
    assert source(checkout) == "a.npy"


A, B = Recording(data=Path("a")), Recording(data=Path("b"))


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A build folder with a training on ``a``."""
    monkeypatch.chdir(tmp_path)
    found = Layout("x", Path("designs/x.toml"))
    save_origin(found, Origin(design_file=found.toml, recording=A, trained=Trained(recording=A, epochs=7)))
    found.model.mkdir()
    (found.model / "metrics.json").write_text('{"weights": "trained", "data": "a"}')
    return found


def test_what_is_not_said_anew_holds_on(layout: Layout) -> None:
    stream = A.model_copy(update={"stream": "s", "raw": Path("r.toml")})
    save_origin(layout, Origin(design_file=layout.toml, recording=stream, trained=Trained(recording=stream, epochs=7)))
    assert resolve(layout, NOTHING_ASKED) == stream
    assert resolve(layout, Asked(Path("../").resolve().joinpath(Path.cwd().name, "a"))).stream == "s"
    assert resolve(layout, Asked(opening=Opening(provenance="real"))).provenance == "real"
    with pytest.raises(StageError, match=r"trained on a \(stream s\); a \(stream t\) would take"):
        resolve(layout, Asked(opening=Opening(stream="t")))
    assert resolve(layout, Asked(replace=True)) == EMBEDDED


def test_an_interrupted_training_counts(layout: Layout) -> None:
    shutil.rmtree(layout.model)
    assert resolve(layout, Asked(Path("b"))) == B
    (layout.build / ".model.new").mkdir()
    (layout.build / ".model.new/state.safetensors").touch()
    assert training_held(layout, load_origin(layout)) == Trained(recording=A, epochs=7)
    with pytest.raises(StageError, match="b would take their place"):
        resolve(layout, Asked(Path("b")))


def test_shipped_weights_hold_nothing(layout: Layout) -> None:
    (layout.model / "metrics.json").write_text('{"weights": "shipped", "data": "a"}')
    assert resolve(layout, Asked(Path("b"))) == B
    assert resolve(layout, NOTHING_ASKED) == A


@pytest.mark.parametrize(("named", "recording"), [("a", A), ("embedded recording (seed 4)", EMBEDDED)])
def test_a_training_of_before_is_known_by_its_name(layout: Layout, named: str, recording: Recording) -> None:
    layout.origin.unlink()
    (layout.model / "metrics.json").write_text(json.dumps({"weights": "trained", "data": named}))
    assert resolve(layout, NOTHING_ASKED) == recording
    with pytest.raises(StageError, match="b would take their place"):
        resolve(layout, Asked(Path("b")))


def test_a_folder_is_of_one_design_file(layout: Layout) -> None:
    other = Path("x.toml")
    other.touch()
    save_origin(layout, Origin(design_file=other))
    with pytest.raises(StageError, match=r"build/x is of x\.toml, not of designs/x\.toml"):
        load_origin(layout)
