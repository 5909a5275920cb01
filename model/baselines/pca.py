"""PCA, one uniform scalar quantizer, order-0 entropy coding: the transform coder to compare with at equal bits.

Transform, alphabets and code are fitted on the training split; rate and quality are measured on the test split. The
rate is the cross-entropy, −log2 of the training probability of each test symbol: what an ideal arithmetic coder with
that code would spend. One step for all components is the best allocation at high rate (reverse water-filling);
components that quantize to zero throughout cost next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.baselines.vectors import spike_vectors
from model.datasets.spikes import SpikeDataset, Split
from model.metrics import Sndr, sndr
from spikecae.design import Design

__all__ = ["OutsideCurve", "RatePoint", "pca_at_bits", "pca_curve"]

DEFAULT_STEPS = tuple(float(2**exponent) for exponent in np.arange(-3.0, 3.01, 0.25))
ESCAPE_COUNT = 0.5
"""Share of the code, in training symbols, that a symbol unseen in training has as its prefix."""
ESCAPE_BITS = 16
"""An unseen symbol itself, uncoded."""


class OutsideCurve(ValueError):
    """A rate at which there is nothing to compare with."""


@dataclass(frozen=True)
class RatePoint:
    """One quantizer step (in deviations of the training spikes), the bits it costs per spike, and its quality."""

    step: float
    bits_per_spike: float
    sndr: Sndr


def pca_curve(design: Design, dataset: SpikeDataset, steps: Sequence[float] = DEFAULT_STEPS) -> list[RatePoint]:
    """Rate and quality on the test split for each of ``steps``.

    The channels of a neighbourhood are transformed together, the spikes of a queue one by one: the better way for each.
    The curve is empty where the training spikes do not vary.
    """
    train, test = (spike_vectors(split, design) for split in (dataset.train, dataset.test))
    if len(train) < 2 or not (train != train[0]).any():
        return []
    mean = train.mean(0)
    _, basis = np.linalg.eigh(np.cov(train - mean, rowvar=False))
    deviation = float((train - mean).std())
    return [_point(step, step * deviation, (train - mean) @ basis, test, mean, basis, dataset.test) for step in steps]


def pca_at_bits(curve: Sequence[RatePoint], bits: float) -> Sndr:
    """Quality at ``bits`` per spike, linear between the points of ``curve``.

    Raises:
        OutsideCurve: ``bits`` is less or more than any step gives.
    """
    if not curve:
        raise OutsideCurve("the training spikes do not vary, so that there is no PCA")
    points = sorted(curve, key=lambda point: point.bits_per_spike)
    rates = [point.bits_per_spike for point in points]
    if not rates[0] <= bits <= rates[-1]:
        raise OutsideCurve(
            f"{bits:.3g} bits per spike lie outside what PCA's steps give, {rates[0]:.3g} to {rates[-1]:.3g}"
        )
    figures = [(point.sndr.mean_db, point.sndr.global_db, point.sndr.worst_db) for point in points]
    return Sndr(*(float(np.interp(bits, rates, values)) for values in zip(*figures, strict=True)))


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
    symbols = np.rint((test - mean) @ basis / step).astype(np.int64)
    bits = sum(_code_bits(learned[:, i], symbols[:, i]) for i in range(len(basis)))
    decoded = (symbols * step) @ basis.T + mean
    spikes = split.spikes.shape[0] * split.spikes.shape[1]
    return RatePoint(relative, bits / spikes, sndr(split.spikes, decoded.reshape(split.spikes.shape)))


def _code_bits(learned: NDArray[np.int64], sent: NDArray[np.int64]) -> float:
    """Bits of the symbols ``sent`` under the ideal code of the symbols ``learned``."""
    known, counts = np.unique(learned, return_counts=True)
    place = np.searchsorted(known, sent).clip(0, len(known) - 1)
    seen = known[place] == sent
    total = len(learned) + ESCAPE_COUNT
    escape = np.log2(total / ESCAPE_COUNT) + ESCAPE_BITS
    return float(np.log2(total / counts[place[seen]]).sum() + escape * np.count_nonzero(~seen))
