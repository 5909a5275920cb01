"""Huffman codes and the search's rate bias, fitted to the training spikes together."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quantize.fake_quant import FakeQuantEncoder
from spikecae.bitstream.huffman import code_lengths

__all__ = ["BATCH", "Code", "code_by_position", "encode_latents", "fit_code", "pooled_code", "search_all"]

BATCH = 32
"""Blocks at a time: few enough for their activations to stay in the cache."""
ROUNDS = 16
PRIOR = 64.0
"""The distribution over all positions counts as so many choices at each one. Of 16, 64, 256 and 1024, the best on the
validation spikes of C_Difficult2 and HC1."""


@dataclass(frozen=True, eq=False)
class Code:
    """Huffman tables made from training ``indices`` int64 ``[B, N]``, under the rate bias that they were chosen with.

    ``weights`` float64 ``[T, K]``: how often each table expects each codeword, 1 at least; ``table`` int64 ``[N]``: the
    table of each position.
    """

    indices: NDArray[np.int64]
    weights: NDArray[np.float64]
    table: NDArray[np.int64]

    @cached_property
    def lengths(self) -> NDArray[np.uint8]:
        """Code lengths ``[T, K]``, in bits."""
        return np.stack([code_lengths(row) for row in self.weights])

    def bits(self, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        """Coded bits ``[B, N]`` of ``indices`` ``[B, N]``."""
        bits: NDArray[np.int64] = self.lengths[self.table, indices].astype(np.int64)
        return bits

    def ideal_bits(self, indices: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bits of an ideal code for the same expectations, float64 ``[B, N]``; their mean is the cross-entropy."""
        shares = self.weights / self.weights.sum(axis=1, keepdims=True)
        ideal: NDArray[np.float64] = -np.log2(shares)[self.table, indices]
        return ideal


def pooled_code(indices: NDArray[np.int64], codewords: int) -> Code:
    """One table for all positions of training ``indices`` ``[B, N]``; a codeword never chosen counts as chosen once."""
    counts = np.bincount(indices.ravel(), minlength=codewords)
    weights = np.maximum(counts, 1).astype(np.float64)[None]
    return Code(indices, weights, np.zeros(indices.shape[1], np.int64))


def code_by_position(code: Code, validation: NDArray[np.integer]) -> Code:
    """A table of its own for every position where that saves bits on ``validation`` indices ``[B, N]``; ``code``'s one
    table, and its rate bias, for the others.

    A position's counts are few, so that the distribution over all positions is added to them.
    """
    (pooled,) = code.weights
    own = []
    for column in code.indices.T:
        expected = np.bincount(column, minlength=len(pooled)) + PRIOR * pooled / pooled.sum()
        own.append(expected / min(expected.min(), 1.0))  # 1 at least, as a Huffman code counts
    candidate = Code(code.indices, np.stack([pooled, *own]), np.arange(1, len(own) + 1))
    saves = candidate.bits(validation).sum(axis=0) < code.bits(validation).sum(axis=0)
    used, table = np.unique(np.where(saves, candidate.table, 0), return_inverse=True)
    return Code(code.indices, candidate.weights[used], table)


@torch.no_grad()
def encode_latents(encoder: FakeQuantEncoder, adc: NDArray[np.int16]) -> Tensor:
    """Latents float ``[B, N, L]`` of ADC codes ``[B, M, D]``."""
    batches = [torch.from_numpy(adc[start : start + BATCH]) for start in range(0, len(adc), BATCH)]
    return torch.cat([encoder(batch)[encoder.latents] for batch in batches])


@torch.no_grad()
def fit_code(encoder: FakeQuantEncoder, adc: NDArray[np.int16], rate_weight: float) -> Code:
    """Set the encoder's rate bias to ``round(λ · code length)``, and return the code, one table for all positions.

    Lengths come from how often each codeword is chosen, and with λ > 0 what is chosen depends on the lengths: the two
    are fitted in turn until they agree, or for a fixed number of rounds (entropy-constrained vector quantization,
    Chou, Lookabaugh and Gray 1989, with the codewords held).

    Args:
        encoder: its rate bias is replaced.
        adc: (B, M, D) training blocks.
        rate_weight: λ, squared latent steps per bit.
    """
    latents = encode_latents(encoder, adc)
    encoder.rate_bias.zero_()
    code = pooled_code(search_all(encoder, latents), len(encoder.codebook))
    for _ in range(ROUNDS if rate_weight else 0):
        _set_bias(encoder, code, rate_weight)
        following = pooled_code(search_all(encoder, latents), len(encoder.codebook))
        agreed = np.array_equal(following.lengths, code.lengths)
        code = following
        if agreed:
            return code
    if rate_weight:
        _set_bias(encoder, code, rate_weight)
        code = replace(code, indices=search_all(encoder, latents))
    return code


def _set_bias(encoder: FakeQuantEncoder, code: Code, rate_weight: float) -> None:
    encoder.rate_bias.copy_(torch.from_numpy(np.floor(rate_weight * code.lengths[0] + 0.5).astype(np.int64)))


@torch.no_grad()
def search_all(encoder: FakeQuantEncoder, latents: Tensor) -> NDArray[np.int64]:
    """Indices int64 ``[B, N]`` of latents ``[B, N, L]``."""
    parts = range(0, len(latents), BATCH)
    return np.concatenate([encoder.search(latents[start : start + BATCH]).numpy() for start in parts])
