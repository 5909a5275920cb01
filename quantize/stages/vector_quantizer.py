"""The codeword search, with one codebook for all features."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from quantize.scales import scale
from quantize.stages.base import QUANTIZER, Integers
from spikecae.stages import Codebook, SubVector, VectorQuantizer

__all__ = ["build_quantizer", "rounded_search"]


def rounded_search(latents: Tensor, codewords: Tensor, rate_bias: Tensor, exponent: int) -> Tensor:
    """Indices int64 ``[B, N]`` of latents ``[B, N, L]``: smallest score, lowest index on a tie.

    Args:
        latents: float, rounded.
        codewords: float ``[K, L]``, rounded at the same ``exponent``.
        rate_bias: int64 ``[K]``, in squared steps.
        exponent: of both.
    """
    bias = codewords.square().sum(1) + rate_bias * 2.0 ** (-2 * exponent)
    return (bias - 2 * latents @ codewords.T).argmin(-1)


def build_quantizer(integers: Integers, table_of: Sequence[int]) -> VectorQuantizer:
    """``vq``: a sub-vector for each feature, coded by the table of that number."""
    exponent = integers.exponents.activation[integers.latents]
    words = scale(integers.codewords(), exponent).numpy().astype(np.int8)
    bias = (words.astype(np.int64) ** 2).sum(axis=1) + integers.rate_bias.numpy()
    length = words.shape[1]
    return VectorQuantizer(
        name=QUANTIZER,
        exponent=exponent,
        codebooks=(Codebook(words, bias.astype(np.int32)),),
        table=tuple(
            SubVector(n * length, length, codebook=0, code_table=int(code_table))
            for n, code_table in enumerate(table_of)
        ),
    )
