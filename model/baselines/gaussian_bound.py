"""Rate and distortion of the Gaussian source with the spikes' covariance: reverse water-filling.

Of all sources with one covariance the Gaussian is the hardest to code, so this bounds from below what a coder that
knows only the covariance can need; spikes of few shapes are easier, and a coder that learns the shapes may do better.
Cover and Thomas, Elements of Information Theory, section 10.3.3.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.baselines.vectors import first_half
from model.datasets.spikes import SpikeDataset
from spikecae.design import Design

__all__ = ["gaussian_bound", "water_fill"]


def water_fill(variances: NDArray[np.float64], bits: float) -> float:
    """Least distortion (sum over components) of independent Gaussians of ``variances`` at ``bits`` in all.

    Raises:
        ValueError: ``bits`` is negative, or a variance is.
    """
    if bits < 0 or (variances < 0).any():
        raise ValueError(f"bits and variances must not be negative, got {bits:g} and {variances.min():g}")
    ordered = np.sort(variances[variances > 0])[::-1]
    if not len(ordered):
        return 0.0
    # With the n largest components active, bits = Σ ½·log2(variance / level): the level of the largest n that holds.
    active = np.arange(1, len(ordered) + 1)
    levels = 2 ** ((np.cumsum(np.log2(ordered)) - 2 * bits) / active)
    count = int(np.flatnonzero(levels <= ordered)[-1]) + 1 if bits else 1
    level = float(levels[count - 1])
    return float(np.minimum(ordered, level).sum())


def gaussian_bound(design: Design, dataset: SpikeDataset, bits_per_spike: Sequence[float]) -> list[float]:
    """Global SNDR in dB at each rate, from the mean and covariance of the first half."""
    vectors = first_half(dataset, design)
    mean = vectors.mean(0)
    variances = np.linalg.eigvalsh(np.cov(vectors - mean, rowvar=False, bias=True)).clip(0)
    signal = float(mean @ mean + variances.sum())
    spikes = vectors.shape[1] // design.block.samples
    return [float(10 * np.log10(signal / water_fill(variances, bits * spikes))) for bits in bits_per_spike]
