"""Where spikes are in band-passed samples, and how large the noise is."""

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Recording
from spikecae.design.recording import MEDIAN_OF_NORMAL

__all__ = ["find_peaks", "noise_deviation"]

AT_A_TIME = 1 << 14
"""Candidates whose surroundings are looked at together."""


def noise_deviation(traces: NDArray[np.floating]) -> NDArray[np.float32]:
    """Noise of each channel of ``traces`` ``[T, C]``: median(|x|) / 0.6745 (Quiroga et al. 2004)."""
    return np.asarray(np.median(np.abs(traces), axis=0) / MEDIAN_OF_NORMAL, np.float32)


def find_peaks(
    traces: NDArray[np.floating], threshold: NDArray[np.floating], close: NDArray[np.bool_], recording: Recording
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Samples and channels of the spikes in ``traces`` ``[T, C]``, in order of time.

    A spike lies beyond its channel's ``threshold`` and is the largest within the refractory time, of its channel and
    of all channels that are ``close`` ``[C, C]`` to it.
    """
    match recording.polarity:
        case "negative":
            height = -traces
        case "positive":
            height = traces
        case "both":
            height = np.abs(traces)
    reach = max(1, round(recording.refractory_ms * recording.sampling_rate_hz / 1000))
    beyond = height > threshold
    beyond[1:] &= height[1:] >= height[:-1]
    beyond[:-1] &= height[:-1] >= height[1:]
    channels, samples = np.nonzero(beyond.T)
    order = np.lexsort((channels, samples))
    samples, channels = samples[order], channels[order]
    near = _padded(close)
    kept = [
        rows[_largest(height, samples[rows], channels[rows], near, reach)]
        for rows in np.split(np.arange(len(samples)), range(AT_A_TIME, len(samples), AT_A_TIME))
    ]
    keep = np.concatenate(kept)
    return samples[keep], channels[keep]


def _padded(close: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each channel those close to it, itself first and in place of those that others have more: ``[C, K]``."""
    own = np.arange(len(close))
    others = close & ~np.eye(len(close), dtype=bool)
    near = np.repeat(own[:, None], 1 + int(others.sum(axis=1).max(initial=0)), axis=1)
    for channel in own:
        found = np.flatnonzero(others[channel])
        near[channel, 1 : 1 + len(found)] = found
    return near


def _largest(
    height: NDArray[np.floating],
    samples: NDArray[np.intp],
    channels: NDArray[np.intp],
    near: NDArray[np.intp],
    reach: int,
) -> NDArray[np.intp]:
    """Which of the candidates nothing within ``reach`` of them exceeds, looked for channel by channel."""
    left = np.arange(len(samples))
    window = np.arange(-reach, reach + 1)
    for other in range(near.shape[1]):
        place = (samples[left, None] + window).clip(0, len(height) - 1)
        where = near[channels[left], other]
        around = height[place, where[:, None]].max(axis=1, initial=-np.inf)
        left = left[height[samples[left], channels[left]] >= around]
    return left
