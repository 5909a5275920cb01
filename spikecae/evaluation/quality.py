"""How well spikes come back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAMPLE_BITS", "WORST", "Sndr", "sndr", "spike_decibels"]

SAMPLE_BITS = 16
"""W of the compression ratio: an uncoded sample."""
WORST = 5
"""Percent of the spikes that come back worse than what is called the worst."""


@dataclass(frozen=True)
class Sndr:
    """Signal to noise-and-distortion ratio, 20·log10(‖x‖ / ‖x − x̂‖).

    ``mean_db`` is the mean of the spikes' decibels, as the authors' code reports; ``global_db`` the ratio of all spikes
    together; ``WORST`` percent of the spikes have less than ``worst_db``. Spikes without energy have no ratio: they are
    in none of these.
    """

    mean_db: float
    global_db: float
    worst_db: float


def sndr(original: NDArray[np.floating], decoded: NDArray[np.floating]) -> Sndr:
    """SNDR of spikes ``[..., D]`` in recording units; each row of D samples is a spike.

    Raises:
        ValueError: no spike has any energy.
    """
    signal, error = _energies(original, decoded)
    heard = signal > 0
    if not heard.any():
        raise ValueError(f"all {signal.size} spikes are silent, so that there is no SNDR; use another recording")
    ratios = (_decibels(signal) - _decibels(error))[heard]
    together = _decibels(signal.sum()) - _decibels(error[heard].sum())
    return Sndr(float(ratios.mean()), float(together), float(np.percentile(ratios, WORST)))


def spike_decibels(original: NDArray[np.floating], decoded: NDArray[np.floating]) -> NDArray[np.float64]:
    """SNDR of each spike ``[..., D]``: float64 ``[...]``; NaN of a silent one."""
    signal, error = _energies(original, decoded)
    return np.where(signal > 0, _decibels(signal) - _decibels(error), np.nan)


def _energies(
    original: NDArray[np.floating], decoded: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    signal = np.square(original, dtype=np.float64).sum(-1)
    return signal, np.square(np.asarray(original, np.float64) - decoded).sum(-1)


def _decibels(energy: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    """``energy`` in dB; finite even for none, as of a perfectly decoded spike."""
    return 10 * np.log10(np.maximum(energy, np.finfo(np.float64).tiny))
