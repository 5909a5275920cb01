"""The nearest codeword of many vectors: exact scores, the smallest wins, the lowest index on a tie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae import acceleration
from spikecae.arithmetic import integer_range
from spikecae.stages import Codebook

__all__ = ["nearest"]

EXACT_IN_FLOAT32 = 1 << 24
SCORES_AT_A_TIME = 1 << 16
"""A quarter of a megabyte, which a core's own cache holds."""


def nearest(codebook: Codebook, y: NDArray[Any]) -> NDArray[np.int32]:
    """Codeword with the smallest ``bias_k - 2 <y, c_k>`` for signed 8-bit integers ``y`` (n, L), as (n,) indices."""
    words = -2 * codebook.words.astype(np.int64)
    reach = np.abs(words).sum(axis=1) * -integer_range(8, signed=True)[0] + np.abs(codebook.bias.astype(np.int64))
    dtype: type[np.floating[Any]] = np.float32 if reach.max() <= EXACT_IN_FLOAT32 else np.float64
    weights = np.ascontiguousarray(words.T, dtype)
    bias, vectors = codebook.bias.astype(dtype), np.ascontiguousarray(y, dtype)
    found = np.empty(len(y), np.int32)
    kernels = acceleration.kernels()
    if kernels is not None:
        index_bits = (bias.size - 1).bit_length()
        wide = int(reach.max()).bit_length() + index_bits > 31
        kernels.search_kernel(y.shape[1], wide)(vectors, weights, bias, index_bits, found)
        return found
    step = max(1, SCORES_AT_A_TIME // bias.size)
    for first in range(0, len(y), step):
        scores = vectors[first : first + step] @ weights
        scores += bias
        found[first : first + step] = scores.argmin(axis=1)
    return found
