"""Huffman code lengths and the search's rate bias, fitted to the training spikes together."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quantize.fake_quant import FakeQuantEncoder
from spikecae.huffman import code_lengths

__all__ = ["encode_latents", "fit_code"]

BATCH = 128
ROUNDS = 16


@torch.no_grad()
def encode_latents(encoder: FakeQuantEncoder, adc: NDArray[np.int16]) -> Tensor:
    """Latents float ``[B, N, L]`` of ADC codes ``[B, M, D]``."""
    batches = [torch.from_numpy(adc[start : start + BATCH]) for start in range(0, len(adc), BATCH)]
    return torch.cat([encoder(batch)["project"] for batch in batches])


@torch.no_grad()
def fit_code(encoder: FakeQuantEncoder, adc: NDArray[np.int16], rate_weight: float) -> NDArray[np.uint8]:
    """Set the encoder's rate bias to ``round(λ · code length)``, and return those lengths, (K,) in bits.

    Lengths come from how often each codeword is chosen, and with λ > 0 what is chosen depends on the lengths: the two
    are fitted in turn until they agree, or for a fixed number of rounds (entropy-constrained vector quantization,
    Chou, Lookabaugh and Gray 1989, with the codewords held).

    Args:
        encoder: its rate bias is replaced.
        adc: (B, M, D) training blocks.
        rate_weight: λ, squared latent steps per bit.
    """
    latents = encode_latents(encoder, adc)
    codewords = len(encoder.codebook)
    encoder.rate_bias.zero_()
    lengths = _lengths(encoder, latents, codewords)
    for _ in range(ROUNDS if rate_weight else 0):
        encoder.rate_bias.copy_(torch.from_numpy(np.floor(rate_weight * lengths + 0.5).astype(np.int64)))
        following = _lengths(encoder, latents, codewords)
        if np.array_equal(following, lengths):
            break
        lengths = following
    encoder.rate_bias.copy_(torch.from_numpy(np.floor(rate_weight * lengths + 0.5).astype(np.int64)))
    return lengths


def _lengths(encoder: FakeQuantEncoder, latents: Tensor, codewords: int) -> NDArray[np.uint8]:
    indices = torch.cat([encoder.search(part) for part in latents.split(BATCH)])
    return code_lengths(np.bincount(indices.numpy().ravel(), minlength=codewords))
