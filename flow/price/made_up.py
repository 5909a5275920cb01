"""Spikes made up in a moment, of the size and noise that a design says its recording has."""

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset, Split
from spikecae.design import Design
from spikecae.front_end.adc import units_to_codes

__all__ = ["made_up_spikes"]

UNITS = 8
WIDTH_S, RECOVERY_S = 1.5e-4, 4e-4
"""Of a spike's peak, and of the swing behind it."""
RECOVERY = 0.4
"""Height of that, of the peak's."""
NEIGHBOUR = 0.5
"""What a neighbouring contact sees of a spike, on average."""
SEED = 0


def made_up_spikes(design: Design, blocks: int) -> SpikeDataset:
    """So many blocks to train with, and a quarter of that to validate; they say nothing about quality.

    Amplitudes and noise are those of ``design.synthetic``, in recording units.
    """
    rng = np.random.default_rng(SEED)
    train, validation = (_split(design, count, rng) for count in (blocks, max(8, blocks // 4)))
    return SpikeDataset(
        train=train,
        validation=validation,
        test=validation,
        provenance="synthetic",
        source="made-up spikes",
        unit=design.recording.unit,
        clipped_samples=0,
        total_samples=train.adc.size + validation.adc.size,
        dropped_spikes=0,
    )


def _split(design: Design, blocks: int, rng: np.random.Generator) -> Split:
    block, recording, made = design.block, design.recording, design.synthetic
    shape = (blocks, block.spikes)
    scale = np.interp(rng.integers(0, UNITS, shape), [0, UNITS - 1], made.amplitude)
    sign = 1.0 if recording.polarity == "positive" else -1.0
    if block.kind == "neighbourhood":
        scale = scale[:, :1] * NEIGHBOUR ** rng.exponential(1.0, shape)
    time = (np.arange(block.samples) - recording.peak) / recording.sampling_rate_hz
    time = time - rng.uniform(-0.5, 0.5, (blocks, 1, 1)) / recording.sampling_rate_hz
    width = rng.uniform(0.7, 1.4, (blocks, 1, 1))
    spike = np.exp(-((time / (width * WIDTH_S)) ** 2))
    spike = spike - RECOVERY * np.exp(-(((time - 2 * RECOVERY_S) / (width * RECOVERY_S)) ** 2))
    spikes = (sign * scale[..., None] * spike + _noise(design, shape, rng)).astype(np.float32)
    codes, _ = units_to_codes(spikes, design.adc)
    return Split(codes, spikes, np.full(shape, np.nan), np.zeros(shape, np.int32))


def _noise(design: Design, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """As wide as the recording's band: white noise, averaged over the samples that the band leaves alike."""
    alike = max(1, int(design.recording.sampling_rate_hz / 2 / design.recording.band_hz[1]))
    white = rng.normal(0.0, design.synthetic.noise, (*shape, design.block.samples + alike - 1))
    windows = np.lib.stride_tricks.sliding_window_view(white, alike, axis=-1)
    return np.asarray(windows.sum(axis=-1) / np.sqrt(alike))
