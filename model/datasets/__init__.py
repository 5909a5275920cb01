"""Spikes to train, calibrate and test with: real files, or the design's embedded recording."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.datasets.spikes import SpikeDataset, SpikeTable, Split, split_at_random, split_by_time
from model.datasets.units import scale_fault
from spikecae.design import Design
from spikecae.opening.description import Description

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["SpikeDataset", "SpikeTable", "Split", "load_dataset", "split_at_random", "split_by_time"]


def load_dataset(
    design: Design,
    source: "Path | BaseRecording | None" = None,
    split_seed: int | None = None,
    description: Description | None = None,
) -> SpikeDataset:
    """The spikes of ``source``, in blocks of the design, split by time, or at random from ``split_seed``.

    Args:
        design: says how spikes are detected, cut, converted and grouped.
        source: a file that :mod:`model.datasets.readers` has a reader for, anything that
            :mod:`model.datasets.readers.recording` opens, a SpikeInterface recording, or None for the embedded
            synthetic recording.
        split_seed: None for a split by time.
        description: what the source does not say about itself.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the source cannot be read, or does not fit the design in shape, rate, unit or size.
    """
    table = _read(design, source, description or Description())
    if fault := scale_fault(table.snippets, design, embedded=source is None):
        raise ValueError(f"{table.source}: {fault}")
    return split_by_time(table, design) if split_seed is None else split_at_random(table, design, split_seed)


def _read(design: Design, source: "Path | BaseRecording | None", description: Description) -> SpikeTable:
    from model.datasets.detection import detect_spikes
    from model.datasets.readers import read
    from model.datasets.readers.recording import detected
    from model.datasets.synthetic import embedded_name, synthetic_recording

    if source is None:
        table = detect_spikes(synthetic_recording(design), design, "synthetic", embedded_name(design))
        return replace(table, more="set a longer synthetic.duration_s or a lower recording.threshold")
    if isinstance(source, Path):
        return read(source, design, description)
    return detected(source, str(source.name or type(source).__name__), design, description)
