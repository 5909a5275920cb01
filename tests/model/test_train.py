import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import load_checkpoint
from model.datasets import SpikeDataset, Split
from model.evaluation import decode_units, run_model
from model.training.train import EpochResult, train
from model.training.training_report import load_report
from spikecae.design import Design
from spikecae.evaluation.quality import sndr
from spikecae.front_end.adc import codes_to_units


class Stopped(Exception):
    pass


def stop_at(epoch: int) -> object:
    def progress(result: EpochResult) -> None:
        if result.epoch == epoch:
            raise Stopped

    return progress


def with_training(design: Design, **changes: object) -> Design:
    return design.model_copy(update={"training": design.training.model_copy(update=changes)})


@pytest.mark.parametrize("recipe", ["best", "paper"])
def test_training_learns_and_reports_what_it_wrote(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, recipe: str
) -> None:
    seen: list[EpochResult] = []
    report = train(with_training(tiny, recipe=recipe), tiny_spikes, tmp_path, 8, seen.append)
    assert [result.epoch for result in seen] == list(range(1, 9))
    assert seen[-1].loss < seen[0].loss / 1.5
    assert report.best_epoch == 1 + int(np.argmax([result.sndr_mean_db for result in seen]))
    assert report.test.sndr_mean_db > 7
    assert load_report(tmp_path / "metrics.json") == report
    assert not (tmp_path / "state.safetensors").exists()

    saved = load_checkpoint(tmp_path / "checkpoint.safetensors", tiny)
    outputs, indices = run_model(saved.model, saved.normalization, tiny_spikes.test.adc)
    quality = sndr(tiny_spikes.test.spikes, decode_units(outputs, saved.normalization, tiny))
    assert report.test.sndr_mean_db == pytest.approx(quality.mean_db, abs=1e-4)
    shares = np.unique(indices, return_counts=True)[1] / indices.size
    assert report.test.entropy_bits_per_index == pytest.approx(-(shares * np.log2(shares)).sum())
    assert report.test.cr_entropy == pytest.approx(2 * 16 * 16 / (4 * report.test.entropy_bits_per_index))
    assert report.test.codewords_used == len(shares)


@pytest.mark.parametrize("recipe", ["best", "paper"])
def test_interrupted_run_continues_to_the_same_result(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, recipe: str
) -> None:
    design = with_training(tiny, recipe=recipe)
    uninterrupted: list[EpochResult] = []
    whole = train(design, tiny_spikes, tmp_path / "whole", 14, uninterrupted.append)
    with pytest.raises(Stopped):
        train(design, tiny_spikes, tmp_path / "parts", 14, stop_at(12))  # type: ignore[arg-type]
    assert (tmp_path / "parts" / "state.safetensors").exists()
    assert not (tmp_path / "parts" / "checkpoint.safetensors").exists()
    resumed: list[EpochResult] = []
    parts = train(design, tiny_spikes, tmp_path / "parts", 14, resumed.append)
    assert resumed == uninterrupted[10:]
    name = "checkpoint.safetensors"
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert parts.test == whole.test


def test_the_best_epoch_on_validation_is_kept(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    """At a learning rate so high that quality goes up and down."""
    best_epochs = []
    for seed in range(3):
        seen: list[EpochResult] = []
        report = train(
            with_training(tiny, recipe="paper", learning_rate=0.03, seed=seed), tiny_spikes, tmp_path, 6, seen.append
        )
        quality = [result.sndr_mean_db for result in seen]
        best_epochs.append(report.best_epoch)
        assert report.best_epoch == 1 + int(np.argmax(quality))
        assert report.validation.sndr_mean_db == pytest.approx(max(quality), abs=0.01)
    assert set(best_epochs) != {6}


@pytest.mark.parametrize("recipe", ["best", "paper"])
def test_a_start_is_gone_on_from_and_kept_where_nothing_is_better(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, recipe: str
) -> None:
    design = with_training(tiny, recipe=recipe)
    first = train(design, tiny_spikes, tmp_path / "first", 8)
    start = tmp_path / "first" / "checkpoint.safetensors"
    anew = train(design, tiny_spikes, tmp_path / "anew", 1)
    further = train(design, tiny_spikes, tmp_path / "further", 1, start=start)
    assert further.repeat_with.endswith(" EPOCHS=1 FROM_SHIPPED=1")
    assert further.validation.sndr_mean_db > first.validation.sndr_mean_db - 0.01 > anew.validation.sndr_mean_db + 1
    harm = train(with_training(design, learning_rate=0.5), tiny_spikes, tmp_path / "harm", 1, start=start)
    assert harm.best_epoch == 0
    kept = load_checkpoint(tmp_path / "harm" / "checkpoint.safetensors", design)
    for name, weights in load_checkpoint(start, design).model.state_dict().items():
        assert torch.equal(kept.model.state_dict()[name], weights)
    other = tiny.model_copy(update={"codebook": tiny.codebook.model_copy(update={"codewords": 8})})
    with pytest.raises(ValueError, match="trained for design 'tiny' with other adc, block, encoder, codebook"):
        train(other, tiny_spikes, tmp_path / "other", 1, start=start)


def test_a_state_of_other_settings_is_ignored(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(tiny, tiny_spikes, tmp_path, 12, stop_at(10))  # type: ignore[arg-type]
    seen: list[int] = []
    train(with_training(tiny, seed=5), tiny_spikes, tmp_path, 2, lambda result: seen.append(result.epoch))
    assert seen == [1, 2]


def test_seed_decides(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> bytes:
        train(with_training(tiny, seed=seed), tiny_spikes, tmp_path / name, 1)
        return (tmp_path / name / "checkpoint.safetensors").read_bytes()

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)


def test_validation_and_test_are_not_fitted(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    """Silencing both must leave every weight after one epoch as it is."""

    def first_weights(name: str, spikes: SpikeDataset) -> dict[str, torch.Tensor]:
        train(tiny, spikes, tmp_path / name, 1)
        return load_checkpoint(tmp_path / name / "checkpoint.safetensors", tiny).model.state_dict()

    def silent(split: object) -> object:
        return type(split)(**{**vars(split), "adc": np.zeros_like(split.adc)})  # type: ignore[attr-defined]

    muted = SpikeDataset(
        **{**vars(tiny_spikes), "validation": silent(tiny_spikes.validation), "test": silent(tiny_spikes.test)}
    )
    original, changed = first_weights("a", tiny_spikes), first_weights("b", muted)
    assert all(torch.equal(original[name], changed[name]) for name in original)


def test_a_report_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(ValueError, match=r"metrics\.json: no training report of this version"):
        load_report(path)


@pytest.mark.parametrize(("recipe", "expected"), [("best", "bfloat16"), ("paper", "float32")])
def test_only_the_best_recipe_halves_precision(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, expected: str
) -> None:
    monkeypatch.setattr("model.training.train.has_bfloat16", lambda device: True)
    report = train(with_training(tiny, recipe=recipe), tiny_spikes, tmp_path, 1)
    assert (report.decoder_precision, report.device) == (expected, "cpu")


def test_halved_precision_learns_as_well(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quality = {}
    for half in (False, True):
        monkeypatch.setattr("model.training.train.has_bfloat16", lambda device, half=half: half)
        quality[half] = train(tiny, tiny_spikes, tmp_path / str(half), 8).test.sndr_mean_db
    assert quality[True] != quality[False]
    assert quality[True] == pytest.approx(quality[False], abs=0.5)


def test_training_is_towards_the_target(tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path) -> None:
    """Spikes whose targets are half as high come out half as high, in blocks formed anew every epoch too."""

    def halved(split: Split) -> Split:
        target = (split.adc // 2).astype(np.int16)
        return replace(split, target=target, spikes=codes_to_units(target.astype(np.float64), tiny.adc))

    names = ("train", "validation", "test")
    queue = tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": "queue"})})
    dataset = replace(tiny_spikes, **{name: halved(getattr(tiny_spikes, name)) for name in names})
    for design in (tiny, queue):
        assert train(design, dataset, tmp_path, 8).test.sndr_mean_db > 4  # 0.4 if they came out as high as they went in
