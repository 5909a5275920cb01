"""Small convolutions with ReLU before the linear map, trained with it, from where they give what the map alone does."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from experiments.others.places import Fitted
from model.linear.linear_model import FRACTION, LinearModel, columns_of
from model.linear.refine import BATCH, BIT_WORTH, LARGEST, PRIOR, STEPS
from model.linear.sample import Sample

__all__ = ["Front", "FrontedModel", "trained_with"]

EXTRA = 2
"""Channels of each contact beyond those that carry its samples, begun at random."""
SMALL = 0.1
RATE = 0.003
"""Adam's, relative to the mean magnitude of what it changes; falls as a cosine."""
KERNEL, STRIDE, DEPTHWISE = 4, 2, 3
CHECKS = 50


class Front(nn.Module):
    """A strided convolution of each contact by itself, and perhaps a depthwise one behind it, each with a ReLU.

    Args:
        contacts: C of the columns ``[n, C, D]``.
        decimation: codes of whose mean the map alone would be.
        stages: 0 is the mean alone, without any weight; 1 or 2.
        generator: of the extra channels.
    """

    def __init__(self, contacts: int, decimation: int, stages: int, generator: torch.Generator) -> None:
        super().__init__()
        self.contacts, self.decimation = contacts, decimation
        taps = torch.zeros(STRIDE // decimation, KERNEL)  # the samples that the map alone takes
        for row, tap in enumerate(taps):
            tap[1 + row * decimation : 1 + (row + 1) * decimation] = 1 / decimation
        first = torch.cat([taps, -taps, SMALL * torch.randn(EXTRA, KERNEL, generator=generator)])
        self.channels = len(first) * contacts
        convolutions: list[nn.Conv1d] = []
        if stages:
            convolutions.append(nn.Conv1d(contacts, self.channels, KERNEL, STRIDE, padding=1, groups=contacts))
            convolutions[0].weight.data.copy_(first.repeat(contacts, 1)[:, None])
        if stages == 2:
            convolutions.append(nn.Conv1d(self.channels, self.channels, DEPTHWISE, padding=1, groups=self.channels))
            convolutions[1].weight.data.copy_(torch.eye(DEPTHWISE)[1].expand(self.channels, 1, DEPTHWISE))
        for convolution in convolutions:
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
        self.convolutions = nn.ModuleList(convolutions)
        self._taps = sum(layer.weight.numel() for layer in convolutions)

    def forward(self, columns: Tensor) -> Tensor:
        """What is mapped, ``[n, inputs]``, of columns ``[n, C, D]``."""
        if not self.convolutions:
            return functional.avg_pool1d(columns, self.decimation).flatten(1)
        for convolution in self.convolutions:
            columns = functional.relu(convolution(columns))
        return columns.flatten(1)

    def weight(self, alone: NDArray[np.float64]) -> Tensor:
        """The map of what comes out, float32, that gives what a map ``alone`` ``[L, C · D / decimation]`` gives."""
        known = torch.from_numpy(alone).float()
        if not self.convolutions:
            return known
        phases = STRIDE // self.decimation
        rows = known.reshape(len(known), self.contacts, -1, phases).transpose(2, 3)
        extra = torch.zeros(*rows.shape[:2], EXTRA, rows.shape[3])
        return torch.cat([rows, -rows, extra], dim=2).flatten(1)

    def macs(self, samples: int) -> int:
        """Multiply-accumulates of a column of so many samples."""
        return self._taps * samples // STRIDE


@dataclass(frozen=True, eq=False)
class FrontedModel(LinearModel):
    """A linear model behind a front."""

    front: Front
    together: bool

    @property
    def joint(self) -> bool:
        """Whether a block has one column of latents."""
        return self.together

    @torch.no_grad()
    def mapped(self, blocks: NDArray[np.floating]) -> NDArray[np.float64]:
        """What the front makes of normalized blocks ``[n, M, D]``."""
        return np.asarray(self.front(_columns(blocks, self.together)).double().numpy())


def trained_with(at: Fitted, stages: int, seed: int) -> FrontedModel:
    """The encoder of a place with a front, all of it trained together; groups and decoder are no longer its own.

    With no stages the map alone is trained as long as with some.
    """
    generator = torch.Generator().manual_seed(seed)
    model = at.model
    contacts = at.design.block.spikes if model.joint else 1
    front = Front(contacts, model.decimation, stages, generator)
    coder = _Coder(model, front)
    (known, target), (held_out, wanted) = (_pair(model, sample) for sample in (at.train, at.validation))
    price = BIT_WORTH / float(np.square(model.weight).sum(axis=1).mean())
    scales = [(values, float(values.detach().abs().mean()) or SMALL) for values in coder.parameters()]
    optimizer = torch.optim.Adam([{"params": [values], "lr": RATE * scale} for values, scale in scales])
    epochs = max(1, STEPS * BATCH // len(known))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    best, kept = np.inf, coder.state_dict()
    for epoch in range(epochs + 1):
        costs = coder.costs(known)
        if epoch % max(1, epochs // CHECKS) == 0:
            found = coder.judged(held_out, wanted, costs, price)
            if found < best:
                best, kept = found, copy.deepcopy(coder.state_dict())
        if epoch == epochs:
            break
        for index in torch.randperm(len(known), generator=generator).split(BATCH):
            decoded, residual = coder(known[index])
            lost = (decoded - target[index]).square().sum(dim=1)
            optimizer.zero_grad()
            (lost + price * _bits(residual, costs)).mean().backward()
            optimizer.step()
        schedule.step()
    coder.load_state_dict(kept)
    found_map = coder.map.weight.detach().double().numpy()
    classes = coder.classes.detach().double().numpy()
    fields = {name: getattr(model, name) for name in ("normalization", "decimation", "bias", "class_cost", "rounding")}
    return FrontedModel(
        **fields, weight=found_map, classes=classes, groups=(), decoder=model.decoder, front=front, together=model.joint
    )


def _columns(blocks: NDArray[np.floating], together: bool) -> Tensor:
    """Columns float32 ``[n, contacts, D]`` of blocks ``[n, M, D]``."""
    columns = torch.from_numpy(np.ascontiguousarray(blocks)).float()
    return columns if together else columns.reshape(-1, 1, blocks.shape[-1])


def _pair(model: LinearModel, sample: Sample) -> tuple[Tensor, Tensor]:
    target = torch.from_numpy(columns_of(sample.target, joint=model.joint)).float()
    return _columns(sample.normalized, model.joint), target


class _Coder(nn.Module):
    """Front, map, classes and inverse, with levels rounded as in the training of the map alone."""

    def __init__(self, model: LinearModel, front: Front) -> None:
        super().__init__()
        self.front, weight = front, front.weight(model.weight)
        self.map = nn.Linear(weight.shape[1], len(weight), bias=False)
        self.inverse = nn.Linear(len(weight), model.decoder.inverse.weight.shape[0], bias=False)
        self.classes = nn.Parameter(torch.from_numpy(model.classes).float())
        self.map.weight.data.copy_(weight)
        self.inverse.weight.data.copy_(model.decoder.inverse.weight)
        self._cost = torch.from_numpy(model.class_cost).float()
        self._rounding = model.rounding + 2.0 ** -(FRACTION + 1)

    def forward(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """What comes back of columns, and the residuals ``[n, L]`` that are rounded to levels."""
        nearest, residual = self._parts(known)
        levels = residual + (self._rounded(residual) - residual).detach()
        return self.inverse(nearest + levels), residual

    def _parts(self, known: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.map(self.front(known))
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
        seen = functional.one_hot(levels.T.long() + LARGEST, len(distance)).sum(dim=1)
        share = (seen + PRIOR * expected / expected.sum(dim=1, keepdim=True)) / (len(levels) + PRIOR)
        return -torch.log2(share.clamp(min=torch.finfo(share.dtype).tiny))

    @torch.no_grad()
    def judged(self, known: Tensor, target: Tensor, costs: Tensor, price: float) -> float:
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
