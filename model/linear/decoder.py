"""The decoder of a linear encoder: latents back to normalized spikes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

__all__ = ["LinearDecoder", "nearest"]


class LinearDecoder(nn.Module):
    """Latents ``[n, L, columns]`` to normalized blocks ``[n, M, D]``: each column to its spike, or one to all of them.

    A column is multiplied by a matrix that all share and, with ``classes``, by one of the class that it is nearest to.
    Nothing is added: latents of 0 are silence.

    Args:
        latents: L.
        spikes: M.
        samples: D.
        joint: whether one column stands for all spikes of a block.
        classes: how many there are; 0 without.
    """

    classes: Tensor
    """float32 ``[K, L]``, in the latents' unit."""

    def __init__(self, latents: int, spikes: int, samples: int, *, joint: bool, classes: int) -> None:
        super().__init__()
        self._shape = (spikes, samples)
        outputs = samples * (spikes if joint else 1)
        self.inverse = nn.Linear(latents, outputs, bias=False)
        self.of_class = nn.Linear(classes * latents, outputs, bias=False) if classes else None
        self.register_buffer("classes", torch.zeros(classes, latents))
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, latents: Tensor) -> Tensor:
        """Normalized blocks."""
        columns = latents.transpose(1, 2)
        spikes: Tensor = self.inverse(columns)
        if self.of_class is not None:
            spikes = spikes + self.of_class(self._by_class(columns))
        return spikes.reshape(-1, *self._shape)

    def _by_class(self, columns: Tensor) -> Tensor:
        """Columns ``[n, columns, L]``, each in its class's place among zeros: ``[n, columns, K · L]``."""
        chosen = one_hot(nearest(columns, self.classes), len(self.classes)).to(columns.dtype)
        return (chosen[..., None] * columns[..., None, :]).flatten(-2)

    @torch.no_grad()
    def set_inverse(self, weight: Tensor) -> None:
        """Take a matrix ``[D or M·D, L]`` for all."""
        self.inverse.weight.copy_(weight)

    @torch.no_grad()
    def set_classes(self, classes: Tensor, weights: Tensor) -> None:
        """Take classes ``[K, L]``, and what the matrix of each has beyond that for all, ``[K, D or M·D, L]``.

        Raises:
            ValueError: the decoder was made without classes.
        """
        if self.of_class is None:
            raise ValueError(f"a decoder without classes was given {len(classes)}; make it with as many")
        self.classes.copy_(classes)
        self.of_class.weight.copy_(weights.transpose(0, 1).flatten(1))


def nearest(columns: Tensor, classes: Tensor, cost: Tensor | float = 0.0) -> Tensor:
    """Number of the nearest class ``[K, L]`` of each column of latents ``[..., L]``, with costs ``[K]``."""
    scores = classes.square().sum(dim=1) + cost - 2 * columns @ classes.T
    return scores.argmin(dim=-1)
