import os
from pathlib import Path

import pytest

from model.checkpoint import load_checkpoint
from model.datasets import SpikeDataset, load_dataset
from model.evaluation import Evaluation, evaluate
from model.families import FAMILIES
from model.linear.fitting_report import load_fitting_report
from model.training.training_report import TrainingReport, load_report
from spikecae.design import Design, load_design

DESIGNS = Path(__file__).parents[2] / "designs"
DIFFICULT2, HC1 = "wave_clus/spikes_C_Difficult2_noise005.mat", "hc1/d533101.mat"
REAL = {"wave_clus": DIFFICULT2, "hc1": HC1, "lite": DIFFICULT2, "lite_tetrode": HC1}


def shipped(design: Design, spikes: SpikeDataset) -> tuple[Evaluation, TrainingReport]:
    folder = DESIGNS / design.name
    checkpoint = load_checkpoint(folder / "model.safetensors", design)
    return evaluate(checkpoint.model, checkpoint.normalization, spikes.test, design), load_report(
        folder / "training.json"
    )


def real(name: str) -> tuple[Design, SpikeDataset]:
    folder = os.environ.get("SPIKECAE_DATA")
    if not folder or not (Path(folder) / REAL[name]).is_file():
        pytest.skip(f"SPIKECAE_DATA has no {REAL[name]}")
    design = load_design(DESIGNS / f"{name}.toml")
    return design, load_dataset(design, Path(folder) / REAL[name])


def agree(found: Evaluation, report: TrainingReport) -> None:
    assert found.sndr.mean_db == pytest.approx(report.test.sndr_mean_db, abs=0.01)
    assert found.sndr.global_db == pytest.approx(report.test.sndr_global_db, abs=0.01)
    assert found.cr_entropy == pytest.approx(report.test.cr_entropy, rel=1e-3)


@pytest.mark.parametrize("name", sorted(path.stem for path in DESIGNS.glob("*.toml")))
def test_weights_are_small_and_belong_to_their_design(name: str) -> None:
    path, design = DESIGNS / name / "model.safetensors", load_design(DESIGNS / f"{name}.toml")
    assert path.stat().st_size <= 2_000_000
    FAMILIES.of(design).off_chip(design, path)
    FAMILIES.of(design).load_training(DESIGNS / name / "training.json")


def test_tiny_does_what_its_report_says(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    agree(*shipped(tiny, tiny_spikes))


def test_wave_clus_reaches_its_floor() -> None:
    found, report = shipped(*real("wave_clus"))
    agree(found, report)
    assert found.sndr.mean_db >= 15.3
    assert 35 <= found.cr_entropy <= 40
    assert found.codewords_used >= 0.9 * 128


def test_hc1_reaches_its_floor() -> None:
    found, report = shipped(*real("hc1"))
    agree(found, report)
    assert found.sndr.mean_db >= 8.0
    assert found.cr_entropy >= 30


@pytest.mark.parametrize(
    ("name", "mean", "worst", "cr"), [("lite", 22.8, 20.0, 38.5), ("lite_tetrode", 13.9, 9.5, 30.0)]
)
def test_linear_designs_reach_their_floor(name: str, mean: float, worst: float, cr: float) -> None:
    design, spikes = real(name)
    found = FAMILIES.of(design).measure(design, DESIGNS / name / "model.safetensors", spikes, "shipped")
    report = load_fitting_report(DESIGNS / name / "training.json")
    assert report.data_sha256 == spikes.training_sha256
    assert found.model_dump()["sndr_worst_db"] == pytest.approx(report.test.sndr_worst_db, abs=0.01)
    assert found.sndr_mean_db == pytest.approx(report.test.sndr_mean_db, abs=0.01)
    assert report.test.sndr_mean_db >= mean
    assert report.test.sndr_worst_db >= worst
    assert report.test.cr_huffman >= cr
