"""The autoencoder: grouped residual encoder (on chip), vector quantizer, dense decoder (off chip).

Shapes are ``[blocks, channels, samples]``. A convolution followed by batch normalization has no bias.

:meth:`Encoder.layers` says in which order the encoder's layers follow each other, and what the stages that are made
of them are called. With ``share_blocks`` every entry of ``encoder.blocks`` is the same module.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.dropout import Dropout
from model.autoencoder.layers import BatchNorm, Conv, channels_innermost, max_pool
from model.autoencoder.vector_quantizer import Quantized, VectorQuantizer
from spikecae.design import Design, ResNeXt

__all__ = [
    "Autoencoder",
    "ConvolutionLayer",
    "Decoder",
    "DecoderBlock",
    "Encoder",
    "EncoderBlock",
    "PoolLayer",
    "ProjectionLayer",
    "Reconstruction",
]


class EncoderBlock(nn.Module):
    """ResNeXt block: 1×1 reduce, 1×k, 1×1 expand, all in the same groups, plus identity, then ReLU."""

    def __init__(self, channels: int, bottleneck: int, groups: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.reduce = Conv(channels, bottleneck, 1, groups)
        self.reduce_norm = BatchNorm(bottleneck)
        self.conv = Conv(bottleneck, bottleneck, kernel, groups)
        self.conv_norm = BatchNorm(bottleneck)
        self.expand = Conv(bottleneck, channels, 1, groups)
        self.expand_norm = BatchNorm(channels)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, channels, samples]`` to the same shape."""
        y = functional.relu(self.reduce_norm(self.reduce(x)))
        y = self.dropout(functional.relu(self.conv_norm(self.conv(y))))
        return functional.relu(self.expand_norm(self.expand(y)) + x)


@dataclass(frozen=True)
class ConvolutionLayer:
    """A convolution, its normalization, and a ReLU."""

    conv: Conv
    norm: BatchNorm


@dataclass(frozen=True)
class ProjectionLayer:
    """The last convolution and its normalization."""

    conv: Conv
    norm: BatchNorm


@dataclass(frozen=True)
class PoolLayer:
    """The largest of every ``size`` samples."""

    size: int


class Encoder(nn.Module):
    """Normalized block ``[B, M, D]`` to latents ``[B, N, D / pooling]``."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        shape = ResNeXt.of(design.encoder)
        dropout = design.training.dropout

        def block() -> EncoderBlock:
            return EncoderBlock(shape.channels, shape.bottleneck, shape.groups, shape.kernel, dropout)

        self.pools = tuple(shape.pools)
        self.input = Conv(design.block.spikes, shape.channels, 1)
        self.input_norm = BatchNorm(shape.channels)
        self.blocks = _stack(block, len(self.pools), shape.share_blocks)
        self.project = Conv(shape.channels, shape.features, 1)
        self.project_norm = BatchNorm(shape.features)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Latents of ``x``."""
        x = functional.relu(self.input_norm(self.input(channels_innermost(x))))
        for block, pool in zip(self.blocks, self.pools, strict=True):
            x = max_pool(block(x), pool)
        latents: Tensor = self.dropout(self.project_norm(self.project(x)))
        return latents

    def layers(self) -> Iterator[tuple[str, object]]:
        """What it does to a block, in order: the name of each stage, and the layers that it is made of."""
        yield "conv", ConvolutionLayer(self.input, self.input_norm)
        for number, (block, pool) in enumerate(zip(self.blocks, self.pools, strict=True)):
            yield f"block{number}", block
            yield f"pool{number}", PoolLayer(pool)
        yield "project", ProjectionLayer(self.project, self.project_norm)


class DecoderBlock(nn.Module):
    """ResNet block of two 1×k deconvolutions, plus identity, then ReLU.

    At stride 1 a deconvolution is a convolution with the kernel reversed in time: the same functions and parameters,
    computed faster.
    """

    def __init__(self, channels: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.first = Conv(channels, channels, kernel)
        self.first_norm = BatchNorm(channels)
        self.second = Conv(channels, channels, kernel)
        self.second_norm = BatchNorm(channels)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, channels, samples]`` to the same shape."""
        y = self.dropout(functional.relu(self.first_norm(self.first(x))))
        y = self.dropout(self.second_norm(self.second(y)))
        return functional.relu(y + x)


class Decoder(nn.Module):
    """Codewords ``[B, N, D / pooling]`` to a normalized block ``[B, M, D]``: the encoder's stages in reverse."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        shape = ResNeXt.of(design.encoder)
        dropout = design.training.dropout

        def block() -> DecoderBlock:
            return DecoderBlock(shape.channels, shape.kernel, dropout)

        self.upsampling = tuple(reversed(shape.pools))
        self.input = Conv(shape.features, shape.channels, 1)
        self.input_norm = BatchNorm(shape.channels)
        self.blocks = _stack(block, len(self.upsampling), shape.share_blocks)
        self.output = Conv(shape.channels, design.block.spikes, 1, bias=True)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruction of the normalized block."""
        x = self.dropout(functional.relu(self.input_norm(self.input(x))))
        for block, factor in zip(self.blocks, self.upsampling, strict=True):
            x = block(_repeat(x, factor))
        output: Tensor = self.output(x)
        return output


@dataclass(frozen=True)
class Reconstruction:
    """A block's way through the codec: ``latents``, their ``quantized`` form, ``output`` float ``[B, M, D]``."""

    output: Tensor
    latents: Tensor
    quantized: Quantized


class Autoencoder(nn.Module):
    """``encoder``, ``quantizer`` and ``decoder`` of a design, between normalized blocks ``[B, M, D]``."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.encoder = Encoder(design)
        self.quantizer = VectorQuantizer(design.codebook.codewords, design.latent_samples)
        self.decoder = Decoder(design)

    def forward(self, x: Tensor) -> Reconstruction:
        """Encode, quantize and decode ``x``."""
        latents = self.encoder(x)
        quantized = self.quantizer(latents)
        return Reconstruction(self.decoder(quantized.values), latents, quantized)


def _stack(make: Callable[[], nn.Module], count: int, share: bool) -> nn.ModuleList:
    return nn.ModuleList([make()] * count if share else [make() for _ in range(count)])


def _repeat(x: Tensor, factor: int) -> Tensor:
    """Each sample ``factor`` times."""
    return functional.interpolate(x.unsqueeze(2), scale_factor=(1, factor)).squeeze(2)
