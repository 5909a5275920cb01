"""What is trained of a linear encoder in floats: map, classes and inverse, on what is lost and what is sent.

Levels are rounded as on the chip; gradients pass straight through the rounding (Bengio, Léonard and Courville 2013).
What a latent costs is read off the ideal code of the levels of the epoch before, straight between two levels.
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from model.linear.decoder import nearest
from model.linear.linear_model import FRACTION, LinearModel

__all__ = ["BATCH", "Coder", "Columns", "level_bits"]

STEPS = 3000
BATCH = 256
"""Columns a step."""
CHECKS = 50
"""States on the way that are judged."""
LARGEST = 31
"""Levels beyond cost as much."""
SMALL = 0.1
"""Mean magnitude that what is 0 to begin with counts as."""
PRIOR = 4.0
"""Columns that a two-sided geometric distribution counts as among those of a latent's levels."""

Columns = tuple[Tensor, Tensor]
"""What is mapped, and what it should come back as ``[n, outputs]``; float32."""


class Coder(nn.Module):
    """A model's map, classes and inverse, as PyTorch trains them.

    Args:
        model: with an inverse.
        weight: of the map, float32 ``[L, inputs]``, if it is not the model's.
    """

    def __init__(self, model: LinearModel, weight: Tensor | None = None) -> None:
        super().__init__()
        weight = torch.from_numpy(model.weight) if weight is None else weight
        latents, inputs = weight.shape
        inverse = model.decoder.inverse
        self.map = nn.Linear(inputs, latents)
        self.inverse = nn.Linear(latents, inverse.out_features, bias=False)
        self.classes = nn.Parameter(torch.from_numpy(model.classes).float())
        self._cost = torch.from_numpy(model.class_cost).float()
        self._rounding = model.rounding + 2.0 ** -(FRACTION + 1)  # of latents that are not rounded to a grid before
        self.map.bias.requires_grad_(False)  # silence stays 0
        with torch.no_grad():
            self.map.weight.copy_(weight)
            self.map.bias.copy_(torch.from_numpy(model.bias))
            self.inverse.load_state_dict(inverse.state_dict())

    def forward(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """What comes back of columns, and the residuals ``[n, L]`` that are rounded to levels."""
        chosen, residual = self._parts(known)
        levels = residual + (self._rounded(residual) - residual).detach()
        decoded: Tensor = self.inverse(chosen + levels)
        return decoded, residual

    def mapped(self, known: Tensor) -> Tensor:
        """What the map is given ``[n, inputs]`` of columns: here, these."""
        return known

    def _parts(self, known: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.map(self.mapped(known))
        if not len(self.classes):
            return torch.zeros_like(latents), latents
        chosen = self.classes[nearest(latents, self.classes, self._cost)]
        return chosen, latents - chosen

    def _rounded(self, residual: Tensor) -> Tensor:
        return residual.sign() * torch.floor(residual.abs() + self._rounding)

    @torch.no_grad()
    def costs(self, known: Tensor) -> Tensor:
        """Bits ``[L, levels]`` of each level of each latent, by how often columns have it."""
        levels = self._rounded(self._parts(known)[1]).clamp(-LARGEST, LARGEST)
        distance = torch.arange(-LARGEST, LARGEST + 1).abs()
        expected = torch.exp(-distance / (levels.abs().mean(dim=0)[:, None] + 1 / len(levels)))
        seen = one_hot(levels.T.long() + LARGEST, len(distance)).sum(dim=1)
        share = (seen + PRIOR * expected / expected.sum(dim=1, keepdim=True)) / (len(levels) + PRIOR)
        return -torch.log2(share.clamp(min=torch.finfo(share.dtype).tiny))

    def fit(self, train: Columns, validation: Columns, price: float, rate: float, generator: torch.Generator) -> None:
        """Train, and keep the state on the way that suits ``validation`` best.

        Args:
            train, validation: columns.
            price: squared error that a bit is worth.
            rate: Adam's, relative to the mean magnitude of what it changes; falls as a cosine.
            generator: of the order of the columns.
        """
        known, target = train
        changed = [values for values in self.parameters() if values.requires_grad]
        scales = [float(values.detach().abs().mean()) or SMALL for values in changed]
        optimizer = torch.optim.Adam(
            [{"params": [values], "lr": rate * scale} for values, scale in zip(changed, scales, strict=True)]
        )
        epochs = max(1, STEPS * BATCH // len(known))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        best, kept = math.inf, self.state_dict()
        for epoch in range(epochs + 1):
            costs = self.costs(known)
            if epoch % max(1, epochs // CHECKS) == 0:
                found = self.loss(*validation, costs, price)
                if found < best:
                    best, kept = found, copy.deepcopy(self.state_dict())
            if epoch == epochs:
                break
            for index in torch.randperm(len(known), generator=generator).split(BATCH):
                decoded, residual = self(known[index])
                lost = (decoded - target[index]).square().sum(dim=1)
                loss = (lost + price * level_bits(residual, costs)).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
        self.load_state_dict(kept)

    @torch.no_grad()
    def loss(self, known: Tensor, target: Tensor, costs: Tensor, price: float) -> float:
        """What is lost of columns, and what is sent at ``price`` a bit."""
        decoded, residual = self(known)
        lost = (decoded - target).square().sum(dim=1)
        return float((lost + price * level_bits(self._rounded(residual), costs)).mean())


def level_bits(residual: Tensor, costs: Tensor) -> Tensor:
    """Bits ``[n]`` of residuals ``[n, L]``: between two levels, between their costs."""
    place = (residual + LARGEST).clamp(0, 2 * LARGEST - 1e-3)
    below = place.detach().floor()
    share = place - below
    low, high = (costs.T.gather(0, below.long() + i) for i in (0, 1))
    return ((1 - share) * low + share * high).sum(dim=1)
