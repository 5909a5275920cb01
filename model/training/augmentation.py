"""Training blocks formed anew."""

import torch
from torch import Tensor

__all__ = ["regroup"]


def regroup(blocks: Tensor, channels: Tensor, generator: torch.Generator) -> Tensor:
    """Blocks ``[B, M, D]`` of the same spikes drawn in another order, each block still of one channel.

    ``channels`` ``[B, M]`` says which channel each spike is from. A queue's spikes come from whichever units fired, so
    that any spikes of the channel could have followed each other.
    """
    channels = channels.ravel()
    shuffled = torch.randperm(len(channels), generator=generator)
    order = shuffled[torch.sort(channels[shuffled], stable=True).indices]
    return blocks.reshape(-1, blocks.shape[-1])[order].reshape(blocks.shape)
