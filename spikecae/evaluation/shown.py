"""What the page of an evaluation shows beside the figures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUANTILES", "Shown", "chosen_blocks"]

QUANTILES = (0.02, 0.1, 0.5, 0.9, 0.98)
"""Blocks are shown at these places of the SNDR's distribution, so that neither good nor bad ones are picked out."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Arrays.

    Attributes:
        decibels: ``[n]``, SNDR of each spike.
        pca_decibels: of each spike that PCA was measured on, at equal bits; empty without PCA.
        amplitude_errors: of each peak, percent.
        original, decoded: ``[5, M, D]``, blocks at ``QUANTILES``.
        of_blocks: their mean SNDR, dB.
        peak: index of the peak.
    """

    decibels: NDArray[np.float64]
    pca_decibels: NDArray[np.float64]
    amplitude_errors: NDArray[np.float64]
    original: NDArray[np.float32]
    decoded: NDArray[np.float32]
    of_blocks: list[float]
    peak: int


def chosen_blocks(decibels: NDArray[np.float64]) -> NDArray[np.intp]:
    """Numbers of the blocks at ``QUANTILES`` of the mean of ``decibels`` ``[B, M]``."""
    heard = np.flatnonzero(np.isfinite(decibels).any(axis=1))
    order = heard[np.argsort(np.nanmean(decibels[heard], axis=1), kind="stable")]
    return np.asarray(order[np.rint(np.array(QUANTILES) * (len(order) - 1)).astype(int)])
