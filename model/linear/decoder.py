"""The decoder of a linear encoder: latents back to normalized spikes."""

import torch
from torch import Tensor, nn

__all__ = ["LinearDecoder"]


class LinearDecoder(nn.Module):
    """Latents ``[n, L, columns]`` to normalized blocks ``[n, M, D]``: each column to its spike, or one to all of them.

    Args:
        latents: L.
        spikes: M.
        samples: D.
        joint: whether one column stands for all spikes of a block.
    """

    def __init__(self, latents: int, spikes: int, samples: int, *, joint: bool) -> None:
        super().__init__()
        self._shape = (spikes, samples)
        self.inverse = nn.Linear(latents, samples * (spikes if joint else 1))
        for parameter in self.inverse.parameters():
            nn.init.zeros_(parameter)

    def forward(self, latents: Tensor) -> Tensor:
        """Normalized blocks."""
        blocks: Tensor = self.inverse(latents.transpose(1, 2)).reshape(-1, *self._shape)
        return blocks

    @torch.no_grad()
    def set_inverse(self, weight: Tensor) -> None:
        """Take a matrix ``[D or M·D, L]``."""
        self.inverse.weight.copy_(weight)
