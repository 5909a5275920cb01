"""Test spikes in groups, by channel or by shape, and how well those of each come back."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flow.report.measure import Decoded
from spikecae.design import Design
from spikecae.evaluation.measures import LEAST_OF_GROUP, amplitude_errors, groups_of
from spikecae.evaluation.result import OfGroup

__all__ = ["Grouped", "grouped"]

SHAPES = 6
"""Clusters, where channels tell too few spikes apart."""
FEWEST = 3
"""Groups: a best one, a worst one, and one between."""
SEED, STARTS = 0, 4


@dataclass(frozen=True)
class Grouped:
    """Spikes in groups.

    Attributes:
        by: what tells the groups apart.
        members: by name of a group, which rows of ``original`` and ``decoded`` are of it.
        original: float32 ``[n, P, D]``, recording units; a row an event: P is M of a neighbourhood and 1 of a queue.
        decoded: float64, the same.
        figures: of each group of 20 events or more, the worst first.
    """

    by: Literal["channel", "shape"]
    members: dict[str, NDArray[np.intp]]
    original: NDArray[np.float32]
    decoded: NDArray[np.float64]
    figures: list[OfGroup]


def grouped(design: Design, decoded: Decoded) -> Grouped:
    """By the channel of the peak; where fewer than three channels have spikes enough, by shape: clusters of the spikes
    as recorded, the most frequent one first. No sorting says which unit each is of."""
    near = design.block.kind == "neighbourhood"
    shape = (-1, design.block.spikes if near else 1, design.block.samples)
    original, back = decoded.original.reshape(shape), decoded.decoded.reshape(shape)
    channels = decoded.channels.reshape(shape[:2])
    heard = original.any(axis=(1, 2))
    original, back, channels = original[heard], back[heard], channels[heard]
    rows = np.arange(len(original))
    place = rows, np.abs(original[:, :, design.recording.peak]).argmax(axis=1)
    peaks = amplitude_errors(original[place][:, design.recording.peak], back[place][:, design.recording.peak])
    known, number = np.unique(channels[place], return_inverse=True)
    names = [f"channel {channel}" for channel in known]
    by_channel = int((np.bincount(number) >= LEAST_OF_GROUP).sum()) >= FEWEST
    if not by_channel:
        number = _shapes(original.reshape(len(original), -1))
        names = [f"shape {n + 1}" for n in range(int(number.max(initial=-1)) + 1)]
    return Grouped(
        by="channel" if by_channel else "shape",
        members={name: np.flatnonzero(number == n) for n, name in enumerate(names)},
        original=original,
        decoded=back,
        figures=groups_of(names, number, original, back.astype(np.float32), peaks),
    )


def _shapes(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    """Cluster of each vector ``[n, W]``, the largest one 0."""
    from sklearn.cluster import KMeans

    count = max(1, min(SHAPES, len(vectors) // LEAST_OF_GROUP))
    found = KMeans(count, n_init=STARTS, random_state=SEED).fit_predict(vectors)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    numbers: NDArray[np.intp] = np.argsort(order)[found]
    return numbers
