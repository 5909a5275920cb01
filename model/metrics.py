"""In how many bits spikes are coded."""

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS

__all__ = ["bits_per_spike", "cr_entropy", "entropy_bits", "index_counts"]


def index_counts(indices: NDArray[np.integer], codewords: int) -> NDArray[np.int64]:
    """How often each codeword occurs in ``indices``: int64 ``[K]``."""
    return np.bincount(np.ravel(indices), minlength=codewords).astype(np.int64)


def entropy_bits(counts: NDArray[np.integer]) -> float:
    """Entropy of the distribution ``counts``, bits per index."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())


def bits_per_spike(design: Design, entropy: float) -> float:
    """Coded bits per spike at ``entropy`` bits per index: N·H / M."""
    return design.encoder.features * entropy / design.block.spikes


def cr_entropy(design: Design, entropy: float) -> float:
    """Compression ratio M·D·W / (N·H) (the paper's equation 5) at W = 16; infinity where nothing is sent."""
    bits = bits_per_spike(design, entropy)
    return design.block.samples * SAMPLE_BITS / bits if bits else float("inf")
