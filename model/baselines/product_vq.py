"""PCA, then vector quantizers of few components each, entropy-constrained, with real Huffman codes.

Each group of components has a codebook made to minimize distortion + λ·bits (Chou, Lookabaugh and Gray 1989): spikes
are assigned at that cost, codewords move to the means, lengths follow the counts, unused codewords go. The last round
takes the lengths of the Huffman code itself, so that the encoder's search counts the bits it will really send.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from model.baselines.vectors import Coded, coded, first_half, spike_vectors
from model.datasets.spikes import SpikeDataset
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design

__all__ = ["Codebook", "fit_codebook", "product_vq"]

ROUNDS = 60
KMEANS_STARTS = 4


@dataclass(frozen=True)
class Codebook:
    """Codewords float64 ``[K, d]`` and their Huffman lengths uint8 ``[K]``; K = 1 sends nothing."""

    codewords: NDArray[np.float64]
    lengths: NDArray[np.uint8]
    weight: float
    """λ: distortion that one bit is worth."""

    def encode(self, vectors: NDArray[np.float64]) -> NDArray[np.intp]:
        """Indices ``[n]`` of least distortion + λ·bits."""
        return _assign(vectors, self.codewords, self.weight * self.lengths.astype(np.float64))

    def bits(self, indices: NDArray[np.intp]) -> int:
        """Bits of ``indices``."""
        return int(self.lengths[indices].sum()) if len(self.codewords) > 1 else 0


def fit_codebook(vectors: NDArray[np.float64], codewords: int, weight: float, seed: int = 0) -> Codebook:
    """An entropy-constrained codebook of at most ``codewords`` words for ``vectors`` ``[n, d]`` at λ = ``weight``."""
    size = min(codewords, len(vectors))
    words = KMeans(size, n_init=KMEANS_STARTS, random_state=seed).fit(vectors).cluster_centers_
    bits = np.full(size, np.log2(size))
    for _ in range(ROUNDS):
        indices = _assign(vectors, words, weight * bits)
        counts = np.bincount(indices, minlength=len(words))
        used = np.flatnonzero(counts)
        sums = np.zeros_like(words)
        np.add.at(sums, indices, vectors)
        words = sums[used] / counts[used, None]
        moved = -np.log2(counts[used] / len(vectors))
        settled = len(used) == len(bits) and np.allclose(moved, bits, atol=1e-3)
        bits = moved
        if settled:
            break
    counts = np.bincount(_assign(vectors, words, weight * bits), minlength=len(words))
    return Codebook(words, code_lengths(counts), weight)


def product_vq(
    design: Design,
    dataset: SpikeDataset,
    groups: Sequence[int],
    codewords: int,
    weights: Sequence[float],
    seed: int = 0,
) -> list[Coded]:
    """Rate and quality on the test split for each λ.

    Args:
        design: says how spikes are grouped into vectors.
        dataset: fitted on the first half.
        groups: principal components of each quantizer, the largest first; the rest are left out.
        codewords: of one quantizer, at most.
        weights: λ in units of the training vectors' mean power per bit.
        seed: of the k-means start.

    Raises:
        ValueError: ``groups`` asks for more components than there are samples.
    """
    train, test = first_half(dataset, design), spike_vectors(dataset.test, design)
    if sum(groups) > train.shape[1]:
        raise ValueError(f"groups of {sum(groups)} components, but vectors have {train.shape[1]}; use fewer")
    mean = train.mean(0)
    values, basis = np.linalg.eigh(np.cov(train - mean, rowvar=False))
    basis = basis[:, ::-1][:, : sum(groups)]
    learned, sent = (train - mean) @ basis, (test - mean) @ basis
    power = float(values.sum())
    edges = np.cumsum([0, *groups])
    points = []
    for weight in weights:
        decoded = np.empty_like(sent)
        bits = 0
        for low, high in pairwise(edges):
            book = fit_codebook(learned[:, low:high], codewords, weight * power, seed)
            indices = book.encode(sent[:, low:high])
            decoded[:, low:high] = book.codewords[indices]
            bits += book.bits(indices)
        points.append(coded(f"λ = {weight:g}", bits, decoded @ basis.T + mean, dataset.test))
    return points


def _assign(vectors: NDArray[np.float64], words: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = np.argmin(np.square(words).sum(1) + cost - 2 * vectors @ words.T, axis=1)
    return nearest
