"""Detected spikes, their split by time, and the blocks that the encoder codes."""

import hashlib
import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.data_quality import DataQuality
from spikecae.design import Design
from spikecae.front_end.adc import units_to_codes
from spikecae.opening.provenance import Provenance

__all__ = [
    "SpikeDataset",
    "SpikeTable",
    "Split",
    "halves",
    "split_at_random",
    "split_by_time",
    "split_ends",
]

VALIDATION_FRACTION = 0.12
"""Of the training half; its latest spikes, so that validation too is a later time than training."""
LEAST_BLOCKS = 8
"""In the training and in the test split: below, simulation reaches no steady state, and no figure means anything."""


@dataclass(frozen=True)
class SpikeTable:
    """Spikes in order of time, as a reader found them.

    Attributes:
        snippets: float32 ``[E, P, D]``, recording units; P is M for a neighbourhood and 1 for a queue.
        times_s: float64 ``[E]``, the time of the peak; NaN where the file has none.
        channels: int32 ``[E, P]``, the channel of each snippet, counted from 0.
        provenance: what they are, as far as it was said.
        source: the file or generator, for reports.
        quality: what the reader found and left out.
        more: how to get more spikes, for messages.
    """

    snippets: NDArray[np.float32]
    times_s: NDArray[np.float64]
    channels: NDArray[np.int32]
    provenance: Provenance
    source: str
    quality: DataQuality = field(default_factory=DataQuality)
    more: str = "use a longer recording or a lower recording.threshold"


@dataclass(frozen=True)
class Split:
    """Blocks of M spikes of D samples.

    Attributes:
        adc: int16 ``[B, M, D]``, codes of the converter: the encoder's input.
        spikes: float32 ``[B, M, D]``, the same samples in recording units before conversion.
        times_s: float64 ``[B, M]``; NaN where the file has no times.
        channels: int32 ``[B, M]``.
        target: int16 ``[B, M, D]``, the codes that the decoder is trained towards, where they are others than ``adc``.
    """

    adc: NDArray[np.int16]
    spikes: NDArray[np.float32]
    times_s: NDArray[np.float64]
    channels: NDArray[np.int32]
    target: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        """Blocks."""
        return len(self.adc)


@dataclass(frozen=True)
class SpikeDataset:
    """A recording's spikes: one half, the first one of a split by time, trains and validates, the other tests.

    ``clipped_samples`` of ``total_samples`` lay outside the converter's range. ``dropped_spikes`` did not fill a block.
    """

    train: Split
    validation: Split
    test: Split
    provenance: Provenance
    source: str
    unit: str
    clipped_samples: int
    total_samples: int
    dropped_spikes: int
    quality: DataQuality = field(default_factory=DataQuality)

    @property
    def training_sha256(self) -> str:
        """Hash of all that training sees: codes and targets of the training and the validation split."""
        return _sha256(self.train, self.validation)

    @property
    def sha256(self) -> str:
        """Hash of codes and targets of all splits."""
        return _sha256(self.train, self.validation, self.test)


def _sha256(*splits: Split) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.adc.tobytes())
    for split in splits:
        digest.update(b"" if split.target is None else split.target.tobytes())
    return digest.hexdigest()


def halves(count: int) -> tuple[slice, slice]:
    """Of ``count`` spikes, those that train and validate, and those that test."""
    half = count // 2
    return slice(0, half), slice(half, count)


def split_by_time(table: SpikeTable, design: Design) -> SpikeDataset:
    """Split the spikes of ``table`` in order of time, then form blocks and convert them.

    Raises:
        ValueError: too few spikes, or a converter that does not fit the encoder.
    """
    count = len(table.snippets)
    first, _ = halves(count)
    return _split(table, design, np.arange(count), first.stop)


def split_ends(table: SpikeTable, design: Design, first: int, last: int) -> SpikeDataset:
    """As :func:`split_by_time`, but only the ``first`` spikes train and validate, and only the ``last`` test.

    Raises:
        ValueError: there are not as many spikes, or as for a split by time.
    """
    count = len(table.snippets)
    if first + last > count:
        raise ValueError(
            f"{table.source}: first + last must be at most the {count} spikes that there are: {first + last}"
        )
    return _split(table, design, np.concatenate([np.arange(first), np.arange(count - last, count)]), first)


def split_at_random(table: SpikeTable, design: Design, seed: int) -> SpikeDataset:
    """As :func:`split_by_time`, but each half is drawn from the whole recording, as the paper does it.

    Training then knows the spikes of all times, so that drift does not count. Blocks keep the order of time.
    """
    count = len(table.snippets)
    first, _ = halves(count)
    return _split(table, design, np.random.default_rng(seed).permutation(count), first.stop)


def _split(table: SpikeTable, design: Design, order: NDArray[np.intp], half: int) -> SpikeDataset:
    """The spikes of ``order`` up to ``half`` train and validate."""
    count = len(order)
    validation = half - _held_out(half)
    splits = []
    clipped = total = kept = silent = 0
    for name, start, stop in (("train", 0, validation), ("validation", validation, half), ("test", half, count)):
        chosen = np.sort(order[start:stop])
        groups = chosen[_group(table.channels[chosen], design)]
        needed = 1 if name == "validation" else LEAST_BLOCKS
        if len(groups) < needed:
            near = design.block.kind == "neighbourhood"
            what, of_these = ("events", "events") if near else ("spikes", "spikes of one channel")
            raise ValueError(
                f"{table.source}: {count} {what} leave {len(groups)} blocks of {design.block.spikes} spikes to the "
                f"{name} split, and {needed} are needed, which {_fewest(1 if near else design.block.spikes)} "
                f"{of_these} give; {table.more}"
            )
        shape = (len(groups), design.block.spikes)
        spikes = np.ascontiguousarray(table.snippets[groups].reshape(*shape, design.block.samples))
        codes, over = units_to_codes(spikes, design.adc)
        times = np.broadcast_to(table.times_s[groups], shape) if groups.shape[1] == 1 else table.times_s[groups]
        splits.append(Split(codes, spikes, np.array(times), table.channels[groups].reshape(shape)))
        clipped += over
        total += codes.size
        kept += groups.size
        silent += int(np.count_nonzero(~spikes.any(axis=-1)))
    return SpikeDataset(
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        provenance=table.provenance,
        source=table.source,
        unit=design.recording.unit,
        clipped_samples=clipped,
        total_samples=total,
        dropped_spikes=count - kept,
        quality=table.quality.model_copy(update={"silent_spikes": silent}),
    )


def _held_out(half: int) -> int:
    """Spikes that validate, of those that train and validate."""
    return max(1, round(half * VALIDATION_FRACTION))


def _fewest(width: int) -> int:
    """Spikes of one channel, ``width`` a block, of which halves have the blocks that are needed."""

    def enough(count: int) -> bool:
        half = halves(count)[0].stop
        held_out = _held_out(half)
        return half - held_out >= LEAST_BLOCKS * width and held_out >= width

    return next(count for count in itertools.count(2 * LEAST_BLOCKS * width) if enough(count))


def _group(channels: NDArray[np.int32], design: Design) -> NDArray[np.intp]:
    """Which spikes form each block: indices ``[B, 1]`` (a neighbourhood is a block) or ``[B, M]`` (a queue)."""
    if design.block.kind == "neighbourhood":
        return np.arange(len(channels))[:, None]
    size = design.block.spikes
    blocks = [np.empty((0, size), np.intp)]
    for channel in np.unique(channels):
        (own,) = np.nonzero(channels[:, 0] == channel)
        blocks.append(own[: len(own) // size * size].reshape(-1, size))
    groups = np.concatenate(blocks)
    return groups[np.argsort(groups[:, -1], kind="stable")]
