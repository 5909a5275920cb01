"""Models that experiments train, or find trained: one folder each under ``build/experiments``, or a shipped one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.code import code_of
from flow.fingerprint import hash_json
from model.checkpoint import Checkpoint, load_checkpoint, network_hash
from model.datasets import SpikeDataset
from model.training.train import train
from model.training.training_report import TrainingReport, load_report
from spikecae.design import Design

__all__ = ["BUILD", "DESIGNS", "Trained", "shipped", "trained", "with_settings"]

DESIGNS = Path("designs")
BUILD = Path("build/experiments")

PAPER_DROPOUT = 0.2


@dataclass(frozen=True)
class Trained:
    """A model and the report of its training."""

    checkpoint: Checkpoint
    report: TrainingReport


def with_settings(
    design: Design,
    recipe: Literal["paper", "best"],
    seed: int = 0,
    spikes: int | None = None,
    codewords: int | None = None,
    features: int | None = None,
) -> Design:
    """``design`` with another recipe, M, K or N; the paper's recipe has its own dropout and z-scores."""
    changed = design.training.model_copy(update={"recipe": recipe, "seed": seed})
    normalization = design.normalization
    if recipe == "paper":
        changed = changed.model_copy(update={"dropout": PAPER_DROPOUT})
        normalization = normalization.model_copy(update={"kind": "per_sample"})
    return design.model_copy(
        update={
            "training": changed,
            "normalization": normalization,
            "block": design.block.model_copy(update={"spikes": spikes or design.block.spikes}),
            "encoder": design.encoder.model_copy(update={"features": features or design.encoder.features}),
            "codebook": design.codebook.model_copy(update={"codewords": codewords or design.codebook.codewords}),
        }
    )


def trained(design: Design, dataset: SpikeDataset, epochs: int) -> Trained:
    """The model of these settings, trained unless this code has done so before; an interrupted training continues."""
    folder = BUILD / "models" / _key(design, dataset, epochs)
    try:
        report = load_report(folder / "metrics.json")
    except FileNotFoundError:
        report = train(design, dataset, folder, epochs)
    return Trained(load_checkpoint(folder / "checkpoint.safetensors", design), report)


def shipped(design: Design) -> Trained:
    """The model that the repository ships for ``design``."""
    folder = DESIGNS / design.name
    return Trained(load_checkpoint(folder / "model.safetensors", design), load_report(folder / "training.json"))


def _key(design: Design, dataset: SpikeDataset, epochs: int) -> str:
    parts = {
        "code": code_of(train),
        "network": network_hash(design),
        "training": design.training.model_dump(exclude={"epochs"}),
        "epochs": epochs,
        "data": dataset.training_sha256,
    }
    return hash_json(parts)[:20]
