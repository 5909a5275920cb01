"""PCA, one uniform scalar quantizer, order-0 entropy coding: the transform coder to compare with at equal bits.

Transform, alphabets and code are fitted on some spikes; rate and quality are measured on others. The rate is the
cross-entropy, −log2 of the probability among the fitted of each symbol: what an ideal arithmetic coder with that code
would spend. One step for all components is the best allocation at high rate (reverse water-filling); components that
quantize to zero throughout cost next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PcaCoder", "pca_coders"]

ESCAPE_COUNT = 0.5
"""Share of the code, in training symbols, that a symbol unseen in training has as its prefix."""
ESCAPE_BITS = 16
"""An unseen symbol itself, uncoded."""


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


def _code_bits(learned: NDArray[np.int64], sent: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits of each of the symbols ``sent`` under the ideal code of the symbols ``learned``."""
    known, counts = np.unique(learned, return_counts=True)
    place = np.searchsorted(known, sent).clip(0, len(known) - 1)
    total = len(learned) + ESCAPE_COUNT
    escape = np.log2(total / ESCAPE_COUNT) + ESCAPE_BITS
    bits: NDArray[np.float64] = np.where(known[place] == sent, np.log2(total / counts[place]), escape)
    return bits
