"""The nearest codeword of many vectors: exact scores, the smallest wins, the lowest index on a tie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae import acceleration
from spikecae.stages.vector_quantizer import Codebook
from spikecae.widths import integer_range

__all__ = ["nearest"]

EXACT_IN_FLOAT32 = 1 << 24
CACHE_LINE = 64
"""Bytes."""
SCORES_AT_A_TIME = 1 << 16
"""A quarter of a megabyte, which a core's own cache holds."""


def nearest(codebook: Codebook, y: NDArray[np.int8]) -> NDArray[np.int32]:
    """Codeword with the smallest ``bias_k - 2 <y, c_k>`` for signed 8-bit integers ``y`` (n, L), as (n,) indices."""
    words = -2 * codebook.words.astype(np.int64)
    largest = np.abs(words).sum(axis=1) * -integer_range(8, signed=True)[0] + np.abs(codebook.bias.astype(np.int64))
    single = bool(largest.max() <= EXACT_IN_FLOAT32)
    dtype: type[np.floating[Any]] = np.float32 if single else np.float64
    weights, bias = _aligned(words.T, dtype), codebook.bias.astype(dtype)
    found = np.empty(len(y), np.int32)
    kernels = acceleration.kernels()
    if kernels is not None:
        index_bits = (bias.size - 1).bit_length()
        wide = int(largest.max()).bit_length() + index_bits > 31
        kernels.search_kernel(y.shape[1], index_bits, single, wide)(np.ascontiguousarray(y), weights, bias, found)
        return found
    step = max(1, SCORES_AT_A_TIME // bias.size)
    for first in range(0, len(y), step):
        scores = y[first : first + step].astype(dtype) @ weights[:, : bias.size]
        scores += bias
        found[first : first + step] = scores.argmin(axis=1)
    return found


def _aligned(matrix: NDArray[np.int64], dtype: type[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """A copy whose rows begin at cache lines, where vector loads take half the time; rows are padded for that."""
    rows, columns = matrix.shape
    line = CACHE_LINE // np.dtype(dtype).itemsize
    width = -(-columns // line) * line
    memory = np.zeros(rows * width + line, dtype)
    skipped = -memory.ctypes.data % CACHE_LINE // memory.itemsize
    copy = memory[skipped : skipped + rows * width].reshape(rows, width)
    copy[:, :columns] = matrix
    return copy
