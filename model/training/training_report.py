"""What a training run reports: ``metrics.json`` beside the checkpoint, ``training.json`` beside shipped weights."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spikecae.files import write_text
from spikecae.opening.provenance import Provenance
from spikecae.records import read_record

__all__ = ["Quality", "TrainingReport", "load_report", "save_report"]


class Quality(BaseModel):
    """Quality and rate of the float model, decoder weights rounded as stored, on one split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: int
    sndr_mean_db: float
    sndr_global_db: float
    entropy_bits_per_index: float
    bits_per_spike: float
    cr_entropy: float
    codewords_used: int


class TrainingReport(BaseModel):
    """One training run. ``best_epoch`` was picked on the validation split, counted from 1.

    The decoder's products were trained in ``decoder_precision``; all else, and every evaluation, in float32.
    ``train_wall_s`` covers the epochs and the evaluation, with whatever else the machine was doing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    design: str
    network_sha256: str
    data: str
    data_sha256: str
    provenance: Provenance
    unit: str
    clipped_samples: int
    total_samples: int
    recipe: Literal["paper", "best"]
    seed: int
    epochs: int
    best_epoch: int
    train_blocks: int
    codewords: int
    validation: Quality
    test: Quality
    train_wall_s: float
    threads: int
    device: str = "cpu"
    decoder_precision: Literal["float32", "bfloat16"] = "float32"
    torch_version: str
    repeat_with: str


def save_report(path: Path, report: TrainingReport) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    write_text(path, report.model_dump_json(indent=2) + "\n")


def load_report(path: Path) -> TrainingReport:
    """Read a report.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a training report.
    """
    return read_record(path, TrainingReport, "training report", "make it with the train stage")
