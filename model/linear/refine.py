"""Map, classes and inverse trained together on what is lost and what is sent, from where PCA and k-means leave them.

Levels are rounded as on the chip; gradients pass straight through the rounding (Bengio, Léonard and Courville 2013).
What a latent costs is read off the ideal code of the levels of the epoch before, straight between two levels. What a
bit is worth follows from theory at high rate, where a level of width s costs s²/12 of squared error and 6 dB a bit
(Gish and Pierce 1968), times a weight.
"""

import copy
import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from model.linear.linear_model import FRACTION, LinearModel, columns_of
from model.linear.sample import Sample

__all__ = ["refined"]

STEPS = 3000
BATCH = 256
"""Columns a step."""
RATE = 0.03
"""Adam's, relative to the mean magnitude of what it changes; falls as a cosine."""
BIT_WORTH = 2 * np.log(2) / 12
"""Squared error, in squared widths of a level, that a bit is worth at high rate."""
CHECKS = 50
"""States on the way that are judged."""
LARGEST = 31
"""Levels beyond cost as much."""
PRIOR = 4.0
"""Columns that a two-sided geometric distribution counts as among those of a latent's levels."""


def refined(model: LinearModel, train: Sample, validation: Sample, worth: float, seed: int) -> LinearModel:
    """``model`` with a map and classes that suit the training blocks better; groups and decoder are no longer its own.

    Args:
        model: with an inverse.
        train: the blocks.
        validation: of the states on the way, that which suits these blocks best is kept.
        worth: what a bit is worth, relative to what it is at high rate.
        seed: of the order of the columns.
    """
    generator = torch.Generator().manual_seed(seed)
    known, target = _columns(model, train)
    held_out = _columns(model, validation)
    coder = _Coder(model)
    price = worth * BIT_WORTH / float(np.square(model.weight).sum(axis=1).mean())
    optimizer = torch.optim.Adam(
        [
            {"params": [values], "lr": RATE * float(values.detach().abs().mean())}
            for values in coder.parameters()
            if values.requires_grad
        ]
    )
    epochs = max(1, STEPS * BATCH // len(known))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    best, kept = math.inf, coder.state_dict()
    for epoch in range(epochs + 1):
        costs = coder.costs(known)
        if epoch % max(1, epochs // CHECKS) == 0:
            found = coder.loss(*held_out, costs, price)
            if found < best:
                best, kept = found, copy.deepcopy(coder.state_dict())
        if epoch == epochs:
            break
        for index in torch.randperm(len(known), generator=generator).split(BATCH):
            decoded, residual = coder(known[index])
            lost = (decoded - target[index]).square().sum(dim=1)
            loss = (lost + price * _bits(residual, costs)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    weight, classes = (kept[name].double().numpy() for name in ("map.weight", "classes"))
    return replace(model, weight=weight, classes=classes)


def _columns(model: LinearModel, sample: Sample) -> tuple[Tensor, Tensor]:
    """What is mapped, and what it should come back as."""
    columns = model.mapped(sample.normalized), columns_of(sample.target, joint=model.joint)
    known, target = (torch.from_numpy(part).float() for part in columns)
    return known, target


class _Coder(nn.Module):
    """A model's map, classes and inverse, as PyTorch trains them."""

    def __init__(self, model: LinearModel) -> None:
        super().__init__()
        latents, inputs = model.weight.shape
        self.map, self.inverse = nn.Linear(inputs, latents), nn.Linear(latents, inputs * model.decimation, bias=False)
        self.classes = nn.Parameter(torch.from_numpy(model.classes).float())
        self._cost = torch.from_numpy(model.class_cost).float()
        self._rounding = model.rounding + 2.0 ** -(FRACTION + 1)  # of latents that are not rounded to a grid before
        self.map.bias.requires_grad_(False)  # silence stays 0
        with torch.no_grad():
            self.map.weight.copy_(torch.from_numpy(model.weight))
            self.map.bias.copy_(torch.from_numpy(model.bias))
            self.inverse.load_state_dict(model.decoder.inverse.state_dict())

    def forward(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """What comes back of columns ``[n, inputs]``, and the residuals ``[n, L]`` that are rounded to levels."""
        nearest, residual = self._parts(known)
        levels = residual + (self._rounded(residual) - residual).detach()
        decoded: Tensor = self.inverse(nearest + levels)
        return decoded, residual

    def _parts(self, known: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.map(known)
        if not len(self.classes):
            return torch.zeros_like(latents), latents
        scores = self.classes.square().sum(dim=1) + self._cost - 2 * latents @ self.classes.T
        nearest = self.classes[scores.argmin(dim=1)]
        return nearest, latents - nearest

    def _rounded(self, residual: Tensor) -> Tensor:
        return residual.sign() * torch.floor(residual.abs() + self._rounding)

    @torch.no_grad()
    def costs(self, known: Tensor) -> Tensor:
        """Bits ``[L, levels]`` of each level of each latent, by how often columns have it."""
        levels = self._rounded(self._parts(known)[1]).clamp(-LARGEST, LARGEST)
        distance = torch.arange(-LARGEST, LARGEST + 1).abs()
        expected = torch.exp(-distance / (levels.abs().mean(dim=0)[:, None] + 1 / len(levels)))
        seen = nn.functional.one_hot(levels.T.long() + LARGEST, len(distance)).sum(dim=1)
        share = (seen + PRIOR * expected / expected.sum(dim=1, keepdim=True)) / (len(levels) + PRIOR)
        return -torch.log2(share.clamp(min=torch.finfo(share.dtype).tiny))

    @torch.no_grad()
    def loss(self, known: Tensor, target: Tensor, costs: Tensor, price: float) -> float:
        """What is lost of columns, and what is sent at ``price`` a bit."""
        decoded, residual = self(known)
        lost = (decoded - target).square().sum(dim=1)
        return float((lost + price * _bits(self._rounded(residual), costs)).mean())


def _bits(residual: Tensor, costs: Tensor) -> Tensor:
    """Bits ``[n]`` of residuals ``[n, L]``: between two levels, between their costs."""
    place = (residual + LARGEST).clamp(0, 2 * LARGEST - 1e-3)
    below = place.detach().floor()
    share = place - below
    low, high = (costs.T.gather(0, below.long() + i) for i in (0, 1))
    return ((1 - share) * low + share * high).sum(dim=1)
