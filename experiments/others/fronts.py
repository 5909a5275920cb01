"""Small convolutions with ReLU before the linear map, trained with it, from where they give what the map alone does."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from experiments.others.places import Fitted
from model.linear.coder import Coder, Columns
from model.linear.linear_model import LinearModel, columns_of
from model.linear.refine import price_of
from model.linear.sample import Sample

__all__ = ["Front", "FrontedModel", "trained_with"]

EXTRA = 2
"""Channels of each contact beyond those that carry its samples, begun at random."""
SMALL = 0.1
RATE = 0.003
"""Adam's, relative to the mean magnitude of what it changes."""
KERNEL, STRIDE, DEPTHWISE = 4, 2, 3


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
    coder = _FrontedCoder(model, front)
    coder.fit(_pair(model, at.train), _pair(model, at.validation), price_of(model, 1), RATE, generator)
    found_map = coder.map.weight.detach().double().numpy()
    classes = coder.classes.detach().double().numpy()
    fields = {name: getattr(model, name) for name in ("normalization", "decimation", "bias", "class_cost", "rounding")}
    return FrontedModel(
        **fields, weight=found_map, classes=classes, groups=(), decoder=model.decoder, front=front, together=model.joint
    )


class _FrontedCoder(Coder):
    """Behind a front that is trained with it."""

    def __init__(self, model: LinearModel, front: Front) -> None:
        super().__init__(model, front.weight(model.weight))
        self.front = front

    def mapped(self, known: Tensor) -> Tensor:
        """What the front makes of columns."""
        mapped: Tensor = self.front(known)
        return mapped


def _columns(blocks: NDArray[np.floating], together: bool) -> Tensor:
    """Columns float32 ``[n, contacts, D]`` of blocks ``[n, M, D]``."""
    columns = torch.from_numpy(np.ascontiguousarray(blocks)).float()
    return columns if together else columns.reshape(-1, 1, blocks.shape[-1])


def _pair(model: LinearModel, sample: Sample) -> Columns:
    target = torch.from_numpy(columns_of(sample.target, joint=model.joint)).float()
    return _columns(sample.normalized, model.joint), target
