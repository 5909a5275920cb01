"""Small seeded recordings with planted, often overlapping spikes, as ADC codes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spikecae.front_end.band_pass import band_pass_of
from spikecae.front_end.front_end import FrontEnd, turns_for

SHAPE = np.array([0.1, 0.4, 0.8, 1.0, 0.8, 0.4, 0.1, -0.3, -0.2])

RATE_HZ = 30000.0
BAND = band_pass_of({"low": 300.0, "high": 6000.0}, 1, RATE_HZ)
"""A filter for :func:`front_end`, in front of which :func:`wide_band` may come."""


def front_end(channels: int, spikes: int = 0, **changes: object) -> FrontEnd:
    """A small detector: neighbourhoods of ``spikes`` channels, or a queue if 0."""
    tables: dict[str, object] = {}
    if spikes:
        first = [min(max(channel - spikes // 2, 0), channels - spikes) for channel in range(channels)]
        tables["neighbours"] = tuple(tuple(range(low, low + spikes)) for low in first)
        tables["close"] = tuple((max(0, c - 3), min(channels - 1, c + 3)) for c in range(channels))
    shape = {"samples": 17, "peak": 5, "polarity": "negative", "frames": 120, "bits": 10}
    search = {"gain": 119, "search": 5, "refractory": 8, "noise_shift": 5, "turns": turns_for(channels, 7)}
    return FrontEnd(**{"channels": channels, **shape, **search, **tables, **changes})  # type: ignore[arg-type]


def in_parts(queue: int) -> FrontEnd:
    """A queue of 64 channels whose snippets are copied in parts, with no larger buffer than that needs."""
    roomy = front_end(64, samples=30, peak=9, search=5, frames=1024, queue=queue)
    assert roomy.in_parts
    return replace(roomy, frames=roomy.frames_needed)


def recording(made_for: FrontEnd, frames: int, every: int, seed: int) -> NDArray[np.int64]:
    """Codes ``[T, C]``: noise of 4 codes, and a spike of 50 to 400 every ``every`` frames on average; some clip.

    A spike is seen on three channels either side, ever smaller.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 4, (frames, made_for.channels))
    sign = {"negative": [-1], "positive": [1], "both": [-1, 1]}[made_for.polarity]
    for _ in range(frames // every):
        at, peak = rng.integers(0, frames - len(SHAPE)), rng.integers(0, made_for.channels)
        height = rng.uniform(50, 400) * rng.choice(sign)
        for channel in range(made_for.channels):
            x[at : at + len(SHAPE), channel] += height * SHAPE * max(0, 1 - abs(channel - peak) / 4)
    half = 1 << (made_for.bits - 1)
    codes: NDArray[np.int64] = np.floor(x + 0.5).astype(np.int64).clip(-half, half - 1) + made_for.zero
    return codes


def wide_band(made_for: FrontEnd, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same with an offset, a slow drift of a third of the range, and 50 Hz."""
    time, channel = np.arange(len(codes))[:, None] / RATE_HZ, np.arange(made_for.channels)
    third = (1 << made_for.bits) / 6
    drift = (
        third * np.sin(2 * np.pi * 3 * time + channel) - third / 4 + 20 * np.sin(2 * np.pi * 50 * time + 2 * channel)
    )
    added: NDArray[np.int64] = codes + np.rint(drift).astype(np.int64)
    return added.clip(made_for.minimum, made_for.maximum)
