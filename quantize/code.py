"""Huffman code lengths and the search's rate bias, fitted to the training spikes together."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quantize.fake_quant import FakeQuantEncoder
from spikecae.huffman import code_lengths

__all__ = ["BATCH", "Code", "encode_latents", "fit_code"]

BATCH = 32
"""Blocks at a time: few enough for their activations to stay in the cache."""
ROUNDS = 16


@dataclass(frozen=True, eq=False)
class Code:
    """Huffman code ``lengths`` (K,) in bits, and the training ``indices`` ``[B, N]`` chosen under their rate bias."""

    lengths: NDArray[np.uint8]
    indices: NDArray[np.int64]


@torch.no_grad()
def encode_latents(encoder: FakeQuantEncoder, adc: NDArray[np.int16]) -> Tensor:
    """Latents float ``[B, N, L]`` of ADC codes ``[B, M, D]``."""
    batches = [torch.from_numpy(adc[start : start + BATCH]) for start in range(0, len(adc), BATCH)]
    return torch.cat([encoder(batch)["project"] for batch in batches])


@torch.no_grad()
def fit_code(encoder: FakeQuantEncoder, adc: NDArray[np.int16], rate_weight: float) -> Code:
    """Set the encoder's rate bias to ``round(λ · code length)``, and return the code.

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
    indices = _search(encoder, latents)
    lengths = _lengths(encoder, indices)
    for _ in range(ROUNDS if rate_weight else 0):
        encoder.rate_bias.copy_(torch.from_numpy(np.floor(rate_weight * lengths + 0.5).astype(np.int64)))
        indices = _search(encoder, latents)
        following = _lengths(encoder, indices)
        if np.array_equal(following, lengths):
            break
        lengths = following
    else:
        encoder.rate_bias.copy_(torch.from_numpy(np.floor(rate_weight * lengths + 0.5).astype(np.int64)))
        indices = _search(encoder, latents)
    return Code(lengths, indices)


def _search(encoder: FakeQuantEncoder, latents: Tensor) -> NDArray[np.int64]:
    parts = range(0, len(latents), BATCH)
    return np.concatenate([encoder.search(latents[start : start + BATCH]).numpy() for start in parts])


def _lengths(encoder: FakeQuantEncoder, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    return code_lengths(np.bincount(indices.ravel(), minlength=len(encoder.codebook)))
