"""Several recordings as one data set."""

from collections.abc import Sequence

import numpy as np

from model.data_quality import DataQuality
from model.datasets.spikes import SpikeDataset, SpikeTable, Split, split_by_time
from spikecae.design import Design
from spikecae.opening.provenance import least_real

__all__ = ["pooled"]


def pooled(tables: Sequence[SpikeTable], design: Design) -> SpikeDataset:
    """Each of ``tables`` split by time, then the splits put together; channels are numbered on from table to table.

    Blocks never mix recordings. The provenance is that of the least real table; of the quality only silent spikes are
    kept, since channels and times of several recordings do not go together.

    Raises:
        ValueError: there are no tables, or one of them leaves a split empty.
    """
    if not tables:
        raise ValueError("no recordings to pool; give at least one")
    parts = [split_by_time(table, design) for table in tables]
    offsets = np.cumsum([0, *(int(table.channels.max()) + 1 for table in tables)])
    return SpikeDataset(
        train=_joined([part.train for part in parts], offsets),
        validation=_joined([part.validation for part in parts], offsets),
        test=_joined([part.test for part in parts], offsets),
        provenance=least_real(part.provenance for part in parts),
        source=" + ".join(part.source for part in parts),
        unit=design.recording.unit,
        clipped_samples=sum(part.clipped_samples for part in parts),
        total_samples=sum(part.total_samples for part in parts),
        dropped_spikes=sum(part.dropped_spikes for part in parts),
        quality=DataQuality(silent_spikes=sum(part.quality.silent_spikes for part in parts)),
    )


def _joined(splits: Sequence[Split], offsets: np.ndarray) -> Split:
    moved = [
        Split(split.adc, split.spikes, split.times_s, (split.channels + offset).astype(np.int32))
        for split, offset in zip(splits, offsets, strict=False)
    ]
    names = ("adc", "spikes", "times_s", "channels")
    return Split(**{name: np.concatenate([getattr(split, name) for split in moved]) for name in names})
