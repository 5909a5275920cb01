"""A codebook that follows the latents by exponential averages, in place of the codebook loss.

Source: van den Oord et al. 2017, appendix A.1. Codewords that fall out of use are put back where latents are.
"""

import torch
from torch import Tensor

__all__ = ["CodebookAverage"]

DECAY = 0.99
SMOOTHING = 1e-5
DEAD_SHARE = 0.05
"""Of the uniform share of an epoch's indices; a codeword used less is dead."""


class CodebookAverage:
    """Averages per batch: choices of each codeword (``counts`` ``[K]``), sum of its latents (``sums`` ``[K, L]``)."""

    def __init__(self, codebook: Tensor) -> None:
        self.codebook = codebook
        self.counts = torch.ones(len(codebook), device=codebook.device)
        self.sums = codebook.detach().clone()
        self.usage = torch.zeros_like(self.counts)

    @torch.no_grad()
    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """Put the codewords on randomly chosen rows of ``latents`` ``[n, L]``."""
        chosen = torch.randint(len(latents), (len(self.codebook),), generator=generator)
        self._place(torch.arange(len(self.codebook), device=latents.device), latents[chosen.to(latents.device)])

    @torch.no_grad()
    def update(self, latents: Tensor, indices: Tensor) -> None:
        """Move the codewords towards the ``latents`` ``[n, L]`` that chose them (``indices`` ``[n]``)."""
        counts = torch.bincount(indices, minlength=len(self.codebook)).to(latents.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, indices, latents)
        self.usage += counts
        self.counts.lerp_(counts, 1 - DECAY)
        self.sums.lerp_(sums, 1 - DECAY)
        total = self.counts.sum()
        smoothed = (self.counts + SMOOTHING) / (total + len(self.codebook) * SMOOTHING) * total
        self.codebook.copy_(self.sums / smoothed[:, None])

    @torch.no_grad()
    def revive(self, latents: Tensor, generator: torch.Generator) -> int:
        """At the end of an epoch, move dead codewords onto rows of ``latents``; how many there were."""
        (dead,) = torch.nonzero(self.usage < DEAD_SHARE * self.usage.mean(), as_tuple=True)
        self.usage.zero_()
        if len(dead):
            chosen = torch.randint(len(latents), (len(dead),), generator=generator)
            self._place(dead, latents[chosen.to(latents.device)])
        return len(dead)

    def _place(self, codewords: Tensor, latents: Tensor) -> None:
        self.codebook[codewords] = latents
        self.counts[codewords] = 1.0
        self.sums[codewords] = latents
