"""Spikes that are not aligned to their peak, as a poor detector leaves them (the paper's Fig. 10)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset, Split
from spikecae.design import Design
from spikecae.front_end.adc import units_to_codes

__all__ = ["misaligned", "shifted"]


def misaligned(dataset: SpikeDataset, design: Design, jitter: int, denoise: bool, seed: int) -> SpikeDataset:
    """``dataset`` with every spike moved by -``jitter`` to ``jitter`` samples, all equally likely; the contacts of a
    neighbourhood move together, since their event is detected once.

    With ``denoise`` the codec is trained towards, and measured against, the spikes as they were before; without, what
    it is given. All three splits are moved.

    Raises:
        ValueError: the jitter is negative or as long as the snippets.
    """
    if not 0 <= jitter < design.block.samples:
        raise ValueError(
            f"jitter must be 0 to {design.block.samples - 1} samples in snippets of {design.block.samples}: {jitter}"
        )
    random = np.random.default_rng(seed)

    def move(split: Split) -> Split:
        blocks, snippets = split.spikes.shape[:2]
        events = 1 if design.block.kind == "neighbourhood" else snippets
        shifts = random.integers(-jitter, jitter + 1, (blocks, events))
        spikes = shifted(split.spikes, np.broadcast_to(shifts, (blocks, snippets)))
        codes, _ = units_to_codes(spikes, design.adc)
        return replace(split, adc=codes, target=split.adc) if denoise else replace(split, adc=codes, spikes=spikes)

    return replace(
        dataset,
        train=move(dataset.train),
        validation=move(dataset.validation),
        test=move(dataset.test),
        source=f"{dataset.source}, jitter {jitter} (seed {seed})",
    )


def shifted(spikes: NDArray[np.float32], shifts: NDArray[np.integer]) -> NDArray[np.float32]:
    """``spikes`` ``[..., D]`` each ``shifts`` ``[...]`` samples later; what was beyond the edge is its reflection."""
    samples = spikes.shape[-1]
    places = np.abs(np.arange(samples) - shifts[..., None])
    places = np.where(places < samples, places, 2 * (samples - 1) - places)
    return np.take_along_axis(spikes, places, axis=-1)
