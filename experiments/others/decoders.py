"""A small network in place of the linear inverse: what is sent stays, and comes back otherwise."""

import copy
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from experiments.others.places import Fitted, Sent
from model.linear.fit import column_bits
from model.linear.linear_model import columns_of
from model.linear.sample import Sample

__all__ = ["HIDDEN", "network_for", "sent_through"]

HIDDEN = {"32": (32,), "128": (128,), "64, 64": (64, 64)}
"""Units of the hidden layers, by what they are called."""
EPOCHS, PATIENCE, BATCH = 600, 60, 64
RATE, DECAY = 1e-3, 1e-3


def network_for(at: Fitted, hidden: tuple[int, ...], seed: int) -> nn.Module:
    """What is added to what the inverse makes of latents ``[n, L]``: a network trained on training blocks until
    validation blocks get no better. It begins as nothing."""
    torch.manual_seed(seed)
    (known, target), (held_out, wanted) = (_rows(at, sample) for sample in (at.train, at.validation))
    scale = known.square().mean(dim=0).sqrt() + 1e-3
    widths = [known.shape[1], *hidden]
    layers = [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]
    last = nn.Linear(widths[-1], target.shape[1])
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    network = nn.Sequential(_Scaled(1 / scale), *layers, last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    best, kept, since = np.inf, copy.deepcopy(network.state_dict()), 0
    for _ in range(EPOCHS):
        with torch.no_grad():
            found = float((network(held_out) - wanted).square().sum())
        since += 1
        if found < best:
            best, kept, since = found, copy.deepcopy(network.state_dict()), 0
        if since > PATIENCE:
            break
        for index in torch.randperm(len(known)).split(BATCH):
            optimizer.zero_grad()
            (network(known[index]) - target[index]).square().sum(dim=1).mean().backward()
            optimizer.step()
    network.load_state_dict(kept)
    return network


@torch.no_grad()
def sent_through(at: Fitted, network: nn.Module, sample: Sample) -> Sent:
    """What comes back of blocks from the inverse and a network."""
    model = at.model
    latents = model.latents(sample.normalized)
    bits = column_bits(model, at.code, latents).reshape(len(latents), -1).sum(axis=1)
    rows, _ = _rows(at, sample)
    added: NDArray[np.float32] = network(rows).reshape(sample.normalized.shape).numpy()
    return Sent(model.reconstruct(sample.normalized) + added, bits)


class _Scaled(nn.Module):
    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, latents: Tensor) -> Tensor:
        return latents * self.scale


def _rows(at: Fitted, sample: Sample) -> tuple[Tensor, Tensor]:
    """Latents ``[n, L]`` as the decoder is given them, and what the inverse misses ``[n, samples]``."""
    latents = at.model.dequantize(*at.model.quantize(at.model.latents(sample.normalized)))
    missed = sample.target - at.model.decode(latents)
    rows = torch.from_numpy(columns_of(missed, joint=at.model.joint)).float()
    return torch.from_numpy(latents).transpose(1, 2).reshape(len(rows), -1), rows
