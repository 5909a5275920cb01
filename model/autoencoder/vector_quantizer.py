"""Vector quantizer of the latent: each feature over time is one vector, all features share one codebook.

Source: the paper, section 2.2; gradients pass straight through the search.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Quantized", "VectorQuantizer", "straight_through"]


@dataclass(frozen=True)
class Quantized:
    """What the search gives for latents ``[B, N, L]``.

    ``values`` float ``[B, N, L]``: the chosen codewords (their gradient is the latents'); ``indices`` int64 ``[B, N]``;
    ``commitment`` and ``codebook``: scalar mean squared distances per codeword that pull the latents to the codebook
    and the codebook to the latents.
    """

    values: Tensor
    indices: Tensor
    commitment: Tensor
    codebook: Tensor


def straight_through(latents: Tensor, indices: Tensor, codebook: Tensor) -> Quantized:
    """What choosing codewords ``indices`` ``[B, N]`` of ``codebook`` ``[K, L]`` makes of latents ``[B, N, L]``."""
    chosen = functional.embedding(indices, codebook)
    return Quantized(
        values=latents + (chosen - latents).detach(),
        indices=indices,
        commitment=(latents - chosen.detach()).square().sum(-1).mean(),
        codebook=(latents.detach() - chosen).square().sum(-1).mean(),
    )


class VectorQuantizer(nn.Module):
    """Nearest codeword of each latent row; ``codebook`` is float ``[codewords, length]``."""

    def __init__(self, codewords: int, length: int) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.empty(codewords, length).uniform_(-1 / length, 1 / length))

    def search(self, latents: Tensor) -> Tensor:
        """Indices int64 ``[B, N]`` of the codewords nearest to latents ``[B, N, L]``, the lowest index on a tie.

        The squared norm of the latent is common to all candidates and left out.
        """
        scores = self.codebook.square().sum(1) - 2 * latents @ self.codebook.T
        return scores.argmin(-1)

    def forward(self, latents: Tensor) -> Quantized:
        """Quantize latents ``[B, N, L]``."""
        return straight_through(latents, self.search(latents.detach()), self.codebook)
