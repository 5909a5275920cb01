"""PCA, one uniform scalar quantizer, order-0 entropy coding: the transform coder to compare with at equal bits.

Transform, alphabets and code are fitted on the training split; rate and quality are measured on the test split. The
rate is the cross-entropy, −log2 of the training probability of each test symbol: what an ideal arithmetic coder with
that code would spend. One step for all components is the best allocation at high rate (reverse water-filling);
components that quantize to zero throughout cost nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.datasets.adc import codes_to_units
from model.datasets.spikes import SpikeDataset, Split
from model.metrics import Sndr, sndr
from spikecae.design import Design

__all__ = ["RatePoint", "pca_at_bits", "pca_curve"]

DEFAULT_STEPS = tuple(float(2**exponent) for exponent in np.arange(-3.0, 3.01, 0.25))
PRIOR_COUNT = 0.5
"""Added to every symbol's count, so that one unseen in training has a finite length (Krichevsky-Trofimov)."""


@dataclass(frozen=True)
class RatePoint:
    """One quantizer step (in deviations of the training spikes), the bits it costs per spike, and its quality."""

    step: float
    bits_per_spike: float
    sndr: Sndr


def pca_curve(design: Design, dataset: SpikeDataset, steps: Sequence[float] = DEFAULT_STEPS) -> list[RatePoint]:
    """Rate and quality on the test split for each of ``steps``.

    The channels of a neighbourhood are transformed together, the spikes of a queue one by one: the better way for each.
    """
    train, test = (_vectors(split, design) for split in (dataset.train, dataset.test))
    mean = train.mean(0)
    _, basis = np.linalg.eigh(np.cov(train - mean, rowvar=False))
    deviation = float((train - mean).std())
    return [_point(step, step * deviation, (train - mean) @ basis, test, mean, basis, dataset.test) for step in steps]


def pca_at_bits(curve: Sequence[RatePoint], bits: float) -> Sndr:
    """Quality at ``bits`` per spike, linear between the points of ``curve``.

    Raises:
        ValueError: ``bits`` lies outside the curve.
    """
    points = sorted(curve, key=lambda point: point.bits_per_spike)
    rates = [point.bits_per_spike for point in points]
    if not rates[0] <= bits <= rates[-1]:
        raise ValueError(f"{bits:g} bits per spike lies outside the curve, {rates[0]:g} to {rates[-1]:g}; add steps")
    mean = np.interp(bits, rates, [point.sndr.mean_db for point in points])
    total = np.interp(bits, rates, [point.sndr.global_db for point in points])
    return Sndr(float(mean), float(total))


def _vectors(split: Split, design: Design) -> NDArray[np.float64]:
    width = design.block.samples * (1 if design.block.kind == "queue" else design.block.spikes)
    return codes_to_units(split.adc, design.adc).reshape(-1, width)


def _point(
    relative: float,
    step: float,
    train: NDArray[np.float64],
    test: NDArray[np.float64],
    mean: NDArray[np.float64],
    basis: NDArray[np.float64],
    split: Split,
) -> RatePoint:
    learned = np.rint(train / step).astype(np.int64)
    low, high = learned.min(0), learned.max(0)
    symbols = np.clip(np.rint((test - mean) @ basis / step).astype(np.int64), low, high)
    bits = sum(_cross_entropy_bits(learned[:, i] - low[i], symbols[:, i] - low[i]) for i in range(len(low)))
    decoded = (symbols * step) @ basis.T + mean
    spikes = split.spikes.shape[0] * split.spikes.shape[1]
    return RatePoint(relative, bits / spikes, sndr(split.spikes, decoded.reshape(split.spikes.shape)))


def _cross_entropy_bits(learned: NDArray[np.int64], sent: NDArray[np.int64]) -> float:
    """Bits of the symbols ``sent`` under the code of the symbols ``learned``, both counted from 0."""
    counts = np.bincount(learned) + PRIOR_COUNT
    return float(-np.log2(counts / counts.sum())[sent].sum()) if len(counts) > 1 else 0.0
