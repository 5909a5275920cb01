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

__all__ = ["OutsideCurve", "PcaCoder", "RatePoint", "pca_at_bits", "pca_coders", "pca_curve"]

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


@dataclass(frozen=True, eq=False)
class PcaCoder:
    """Components of training vectors, uniformly quantized, and the ideal code of their levels.

    ``basis`` float64 ``[W, W]``, a column for each component; ``learned`` int64 ``[V, W]``, levels of the training
    vectors.
    """

    mean: NDArray[np.float64]
    basis: NDArray[np.float64]
    step: float
    learned: NDArray[np.int64]

    def levels(self, vectors: NDArray[np.float64]) -> NDArray[np.int64]:
        """What is sent of vectors ``[n, W]``: their levels ``[n, W]``, which nothing limits."""
        return np.rint((vectors - self.mean) @ self.basis / self.step).astype(np.int64)

    def decode(self, levels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Vectors ``[n, W]`` of levels."""
        return (levels * self.step) @ self.basis.T + self.mean

    def bits(self, levels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Bits ``[n]`` of levels ``[n, W]``."""
        bits = np.zeros(len(levels))
        for learned, sent in zip(self.learned.T, levels.T, strict=True):
            bits += _code_bits(learned, sent)
        return bits


def pca_coders(train: NDArray[np.float64], steps: Sequence[float]) -> list[PcaCoder]:
    """A coder for each of ``steps``, in deviations of the training vectors ``[V, W]``; none where these do not vary."""
    if len(train) < 2 or not (train != train[0]).any():
        return []
    mean = train.mean(0)
    _, basis = np.linalg.eigh(np.cov(train - mean, rowvar=False))
    deviation = float((train - mean).std())
    components = (train - mean) @ basis
    return [
        PcaCoder(mean, basis, step * deviation, np.rint(components / (step * deviation)).astype(np.int64))
        for step in steps
    ]


def pca_curve(design: Design, dataset: SpikeDataset, steps: Sequence[float] = DEFAULT_STEPS) -> list[RatePoint]:
    """Rate and quality on the test split for each of ``steps``.

    The channels of a neighbourhood are transformed together, the spikes of a queue one by one: the better way for each.
    The curve is empty where the training spikes do not vary.
    """
    train, test = (spike_vectors(split, design) for split in (dataset.train, dataset.test))
    return [
        _point(step, coder, test, dataset.test) for step, coder in zip(steps, pca_coders(train, steps), strict=False)
    ]


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


def _point(relative: float, coder: PcaCoder, test: NDArray[np.float64], split: Split) -> RatePoint:
    levels = coder.levels(test)
    spikes = split.spikes.shape[0] * split.spikes.shape[1]
    decoded = coder.decode(levels).reshape(split.spikes.shape)
    return RatePoint(relative, float(coder.bits(levels).sum()) / spikes, sndr(split.spikes, decoded))


def _code_bits(learned: NDArray[np.int64], sent: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits of each of the symbols ``sent`` under the ideal code of the symbols ``learned``."""
    known, counts = np.unique(learned, return_counts=True)
    place = np.searchsorted(known, sent).clip(0, len(known) - 1)
    total = len(learned) + ESCAPE_COUNT
    escape = np.log2(total / ESCAPE_COUNT) + ESCAPE_BITS
    bits: NDArray[np.float64] = np.where(known[place] == sent, np.log2(total / counts[place]), escape)
    return bits
