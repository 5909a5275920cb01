"""A data set as two files: ``spikes.npz`` (arrays of each split) and ``data.json`` (where they come from)."""

from dataclasses import fields
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from model.data_quality import DataQuality
from model.datasets.spikes import SpikeDataset, Split
from spikecae.opening.provenance import Provenance

__all__ = ["DataSummary", "load_dataset_file", "save_dataset_file"]

SPLITS = ("train", "validation", "test")


class DataSummary(BaseModel):
    """A data set without its spikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = 2
    source: str
    provenance: Provenance
    unit: str
    train_blocks: int
    validation_blocks: int
    test_blocks: int
    spikes_per_block: int
    clipped_samples: int
    total_samples: int
    dropped_spikes: int
    quality: DataQuality


def save_dataset_file(dataset: SpikeDataset, folder: Path) -> DataSummary:
    """Write both files into ``folder``."""
    arrays = {
        f"{name}.{field.name}": array
        for name in SPLITS
        for field in fields(Split)
        if (array := getattr(getattr(dataset, name), field.name)) is not None
    }
    np.savez(folder / "spikes.npz", allow_pickle=False, **arrays)
    summary = DataSummary(
        source=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        train_blocks=len(dataset.train),
        validation_blocks=len(dataset.validation),
        test_blocks=len(dataset.test),
        spikes_per_block=dataset.test.adc.shape[1],
        clipped_samples=dataset.clipped_samples,
        total_samples=dataset.total_samples,
        dropped_spikes=dataset.dropped_spikes,
        quality=dataset.quality,
    )
    (folder / "data.json").write_text(summary.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return summary


def load_dataset_file(folder: Path) -> SpikeDataset:
    """Read what :func:`save_dataset_file` wrote.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: another version wrote it.
    """
    for name in ("data.json", "spikes.npz"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"no {folder / name}; the data stage makes it")
    try:
        summary = DataSummary.model_validate_json((folder / "data.json").read_bytes())
    except ValidationError:
        raise ValueError(
            f"{folder / 'data.json'} was written by another version; remove {folder}, and run again"
        ) from None
    with np.load(folder / "spikes.npz", allow_pickle=False) as stored:
        train, validation, test = (
            Split(**{field.name: stored[key] for field in fields(Split) if (key := f"{name}.{field.name}") in stored})
            for name in SPLITS
        )
    return SpikeDataset(
        train=train,
        validation=validation,
        test=test,
        provenance=summary.provenance,
        source=summary.source,
        unit=summary.unit,
        clipped_samples=summary.clipped_samples,
        total_samples=summary.total_samples,
        dropped_spikes=summary.dropped_spikes,
        quality=summary.quality,
    )
