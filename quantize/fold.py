"""Batch normalization folded into the convolutions before it: the encoder as the chip computes it, still in floats.

For evaluation statistics (mean μ, variance v) and parameters (γ, β), with ε of the normalization::

    s = γ / sqrt(v + ε)        weight' = s · weight        bias' = β − s · μ
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.layers import BatchNorm, Conv
from model.autoencoder.network import Encoder, EncoderBlock

__all__ = ["FoldedBlock", "FoldedConvolution", "FoldedEncoder", "Place", "fold", "unfold"]


class FoldedConvolution(nn.Module):
    """Convolution over time with bias, zero-padded; ``weight`` is float ``[outputs, inputs / groups, kernel]``."""

    def __init__(self, weight: Tensor, bias: Tensor, groups: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, L]`` to ``[B, outputs, L]``, before any ReLU."""
        return functional.conv1d(x, self.weight, self.bias, padding=self.weight.shape[2] // 2, groups=self.groups)


@dataclass(frozen=True)
class Place:
    """Where a ``convolution`` occurs: the stage's ``name``, the stage whose exponent its input has (``normalize`` for
    the block itself), and the one whose exponent the identity has that is added to it, if any."""

    name: str
    source: str
    identity: str | None
    convolution: FoldedConvolution


class FoldedBlock(nn.Module):
    """The three convolutions of a residual block."""

    def __init__(self, reduce: FoldedConvolution, conv: FoldedConvolution, expand: FoldedConvolution) -> None:
        super().__init__()
        self.reduce, self.conv, self.expand = reduce, conv, expand


class FoldedEncoder(nn.Module):
    """The encoder without batch normalization; a shared block occurs in ``blocks`` once per place."""

    def __init__(
        self, conv: FoldedConvolution, blocks: list[FoldedBlock], pools: tuple[int, ...], project: FoldedConvolution
    ) -> None:
        super().__init__()
        self.conv, self.pools, self.project = conv, pools, project
        self._blocks = nn.ModuleList(blocks)

    @property
    def blocks(self) -> list[FoldedBlock]:
        """The residual blocks, one per place."""
        return cast(list[FoldedBlock], list(self._blocks))

    def places(self) -> Iterator[Place]:
        """Every convolution in order; one that is shared occurs once per place."""
        yield Place("conv", "normalize", None, self.conv)
        source = "conv"
        for number, block in enumerate(self.blocks):
            name = f"block{number}"
            yield Place(f"{name}.reduce", source, None, block.reduce)
            yield Place(f"{name}.conv", f"{name}.reduce", None, block.conv)
            yield Place(f"{name}.expand", f"{name}.conv", source, block.expand)
            source = f"{name}.expand"
        yield Place("project", source, None, self.project)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Output of every stage by name, for normalized blocks ``[B, M, D]``; ``project`` is the latents."""
        taps = {"conv": functional.relu(self.conv(x))}
        x = taps["conv"]
        for number, (block, pool) in enumerate(zip(self.blocks, self.pools, strict=True)):
            name = f"block{number}"
            taps[f"{name}.reduce"] = functional.relu(block.reduce(x))
            taps[f"{name}.conv"] = functional.relu(block.conv(taps[f"{name}.reduce"]))
            taps[f"{name}.expand"] = functional.relu(block.expand(taps[f"{name}.conv"]) + x)
            x = taps[f"pool{number}"] = functional.max_pool1d(taps[f"{name}.expand"], pool)
        taps["project"] = self.project(x)
        return taps


def fold(encoder: Encoder) -> FoldedEncoder:
    """Fold the evaluation statistics of ``encoder``; computed in float64, returned in the encoder's type."""
    blocks = cast(list[EncoderBlock], list(encoder.blocks))
    folded: dict[EncoderBlock, FoldedBlock] = {}
    for block in blocks:
        if block not in folded:
            folded[block] = FoldedBlock(
                _fold(block.reduce, block.reduce_norm),
                _fold(block.conv, block.conv_norm),
                _fold(block.expand, block.expand_norm),
            )
    return FoldedEncoder(
        _fold(encoder.input, encoder.input_norm),
        [folded[block] for block in blocks],
        encoder.pools,
        _fold(encoder.project, encoder.project_norm),
    )


def unfold(folded: FoldedEncoder, encoder: Encoder) -> None:
    """Give ``encoder`` the weights of ``folded``; its normalizations, in evaluation, then only add the biases."""
    _unfold(folded.conv, encoder.input, encoder.input_norm)
    for block, parts in zip(cast(list[EncoderBlock], list(encoder.blocks)), folded.blocks, strict=True):
        _unfold(parts.reduce, block.reduce, block.reduce_norm)
        _unfold(parts.conv, block.conv, block.conv_norm)
        _unfold(parts.expand, block.expand, block.expand_norm)
    _unfold(folded.project, encoder.project, encoder.project_norm)


@torch.no_grad()
def _unfold(folded: FoldedConvolution, conv: Conv, norm: BatchNorm) -> None:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch normalization without running statistics cannot hold folded weights")
    conv.weight.copy_(folded.weight)
    norm.bias.copy_(folded.bias)
    norm.weight.fill_(1.0)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


@torch.no_grad()
def _fold(conv: Conv, norm: BatchNorm) -> FoldedConvolution:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch normalization without running statistics cannot be folded; train with them")
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = conv.weight.double() * scale[:, None, None]
    bias = norm.bias.double() - scale * norm.running_mean.double()
    return FoldedConvolution(weight.to(conv.weight.dtype), bias.to(conv.weight.dtype), conv.groups)
