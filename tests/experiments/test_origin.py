import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from experiments import fig11, origin, training
from experiments.catalogue import CATALOGUE
from experiments.code import code_of
from experiments.origin import experiment_code
from experiments.outcome import data_of
from flow.code import code_hashes
from flow.layout import SOURCES
from model.datasets import load_dataset
from spikecae.design import Design

ROOT = Path(__file__).parents[2]
DESIGNS = "neuropixels", "wave_clus", "hc1", "tiny"


@pytest.fixture
def designs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one design, in the place of the shipped ones."""
    shutil.copytree(ROOT / "designs/wave_clus", tmp_path / "wave_clus")
    shutil.copy(ROOT / "designs/wave_clus.toml", tmp_path)
    monkeypatch.setattr(origin, "DESIGNS", tmp_path)
    return tmp_path


def test_another_design_is_other_code(designs: Path) -> None:
    toml, weights = designs / "wave_clus.toml", designs / "wave_clus/model.safetensors"
    before = experiment_code(fig11.EXPERIMENT)
    toml.write_text(f"# a comment\n{toml.read_text()}")
    assert experiment_code(fig11.EXPERIMENT) == before
    toml.write_text(toml.read_text().replace("codewords = 128", "codewords = 64"))
    changed = experiment_code(fig11.EXPERIMENT)
    assert changed != before
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert experiment_code(fig11.EXPERIMENT) not in (before, changed)


def test_what_is_said_and_shown_is_not_what_is_run() -> None:
    experiment = CATALOGUE["packets"]
    other = replace(experiment, remarks=("Something else.",), figure=None, title="P", configurations=lambda: [])
    assert experiment_code(other) == experiment_code(experiment)
    files = code_hashes(ROOT / "experiments/packets.py", SOURCES, "run")
    assert {"spikecae/golden/model.py", "experiments/packets.py", "model/datasets/detection.py"} <= files.keys()
    assert not {"experiments/plots.py", "experiments/result.py", "experiments/document.py"} & files.keys()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_design_that_an_experiment_names_is_declared(name: str) -> None:
    source = (ROOT / f"experiments/{name}.py").read_text(encoding="utf-8")
    named = {design for design in DESIGNS if re.search(rf'"{design}(\.toml)?"', source)}
    assert named <= set(CATALOGUE[name].designs)
    assert CATALOGUE[name].designs


def test_data_are_told_apart_by_all_their_splits(tiny: Design) -> None:
    dataset = load_dataset(tiny)
    ((source, sha256),) = data_of(dataset).items()
    assert source == dataset.source
    assert data_of(dataset, dataset) == {source: sha256}
    for split in ("train", "validation", "test"):
        part = getattr(dataset, split)
        adc = part.adc.copy()
        adc[-1, -1, -1] += 1
        assert replace(dataset, **{split: replace(part, adc=adc)}).sha256 != sha256
        assert replace(dataset, **{split: replace(part, target=part.adc)}).sha256 != sha256


def test_a_model_trained_by_other_code_is_not_taken(
    tiny: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "BUILD", tmp_path)
    dataset = load_dataset(tiny)
    for code in ("first", "second"):
        monkeypatch.setattr(training, "code_of", lambda _, code=code: code)
        training.trained(tiny, dataset, 1)
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_code_is_that_of_a_function_whatever_is_wrapped_around_it() -> None:
    assert code_of(training.shipped) != code_of(training.trained)
    assert code_of(CATALOGUE["packets"].run.__globals__["coded"]) != code_of(CATALOGUE["packets"].run)
