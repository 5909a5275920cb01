"""Spikes to train, calibrate and test with: real files, or the design's embedded recording."""

from pathlib import Path
from typing import TYPE_CHECKING

from model.datasets.spikes import SpikeDataset, SpikeTable, Split, split_at_random, split_by_time
from spikecae.design import Design

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["SpikeDataset", "SpikeTable", "Split", "load_dataset", "split_at_random", "split_by_time"]


def load_dataset(
    design: Design, source: "Path | BaseRecording | None" = None, split_seed: int | None = None
) -> SpikeDataset:
    """The spikes of ``source``, in blocks of the design, split by time, or at random from ``split_seed``.

    Args:
        design: says how spikes are detected, cut, converted and grouped.
        source: a ``.mat`` file (see :mod:`model.datasets.matlab`), anything SpikeInterface opens, a SpikeInterface
            recording, or None for the embedded synthetic recording.
        split_seed: None for a split by time.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the source cannot be read or does not fit the design.
    """
    from model.datasets.detection import detect_spikes
    from model.datasets.matlab import read_matlab
    from model.datasets.recording import open_recording
    from model.datasets.synthetic import synthetic_recording

    if source is None:
        name = f"embedded recording (seed {design.synthetic.seed})"
        table = detect_spikes(synthetic_recording(design), design, "synthetic", name)
    elif not isinstance(source, Path):
        table = detect_spikes(source, design, "real", str(source.name or type(source).__name__))
    elif not source.exists():
        raise FileNotFoundError(f"no recording at {source}; check the path given as data")
    elif source.suffix == ".mat":
        table = read_matlab(source, design)
    else:
        table = detect_spikes(open_recording(source), design, "real", source.name)
    return split_by_time(table, design) if split_seed is None else split_at_random(table, design, split_seed)
