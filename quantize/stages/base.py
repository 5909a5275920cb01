"""How a kind of stage is made from float layers, and run in floats or in the chip's integers.

A folded stage has its order of operations once; the arithmetic it is run with, exact or rounded, is handed to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.layers import BatchNorm, Conv
from quantize.normalization import InputTable
from quantize.scales import Exponents
from spikecae.design import Quantization
from spikecae.stages import Transform

__all__ = [
    "CODER",
    "QUANTIZER",
    "SOURCE",
    "Arithmetic",
    "FoldedConvolution",
    "FoldedStage",
    "Folding",
    "Integers",
    "Place",
    "Role",
    "Rounded",
    "fold_layer",
    "unfold_convolution",
    "width_of",
]

SOURCE, QUANTIZER, CODER = "normalize", "vq", "huffman"
"""Names of the stages around the network."""
Role = Literal["input", "activation", "latent"]
"""What a rounded tensor is: its width follows from that."""
INPUT_BITS = 8
ACCUMULATED = "a batch normalization without running statistics"


def width_of(role: Role, widths: Quantization) -> int:
    """Bits of a rounded tensor."""
    return {"input": INPUT_BITS, "activation": widths.activation_bits, "latent": widths.latent_bits}[role]


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
class Rounded:
    """A rounded tensor between stages: the ``place`` whose exponent it has, and what it is."""

    place: str
    role: Role


@dataclass(frozen=True)
class Place:
    """Where a ``convolution`` occurs, and its output is rounded.

    ``name`` is the tap's; ``source`` the place whose exponent its input has (``SOURCE`` for the block itself), which is
    a ``source_role``; ``identity`` the place whose exponent the identity has that is added to it, if any. Signed where
    there is no ReLU.
    """

    name: str
    source: str
    source_role: Role
    identity: str | None
    convolution: FoldedConvolution
    relu: bool
    role: Role


class Arithmetic(Protocol):
    """What a stage is run with."""

    def convolve(self, place: Place, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """A convolution's output ``[B, outputs, L]``: sum, identity, ReLU if the place has one, and rounding if any."""


class Integers(Arithmetic, Protocol):
    """The chip's arithmetic, with what a spec is built from."""

    exponents: Exponents
    table: InputTable
    rate_bias: Tensor
    """int64 ``[K]``, what each codeword's score has on top of its squared norm, in squared latent steps."""

    @property
    def latents(self) -> str:
        """The place that the latents are."""

    def parameters_of(self, place: Place) -> tuple[Tensor, Tensor]:
        """Weight and bias of a convolution, rounded."""

    def codewords(self) -> Tensor:
        """The codebook, rounded, float ``[K, L]``."""


class FoldedStage(nn.Module, ABC):
    """A stage without batch normalization.

    Attributes:
        name: the stage's.
        source: its input.
        output: its output.
    """

    name: str
    source: Rounded
    output: Rounded

    @abstractmethod
    def places(self) -> Iterator[Place]:
        """Every convolution in order; one that is shared between stages occurs in each."""

    @abstractmethod
    def run(self, x: Tensor, arithmetic: Arithmetic) -> dict[str, Tensor]:
        """Its taps for inputs ``[B, C, L]``, by name; the last one is its output."""

    @abstractmethod
    def build(self, integers: Integers) -> Transform:
        """The stage of the spec.

        Raises:
            ValueError: a shift is out of range.
        """

    @property
    def exponents_of(self) -> Mapping[str, str]:
        """The place whose exponent each tap has, by the tap's name."""
        return {place.name: place.name for place in self.places()}

    @abstractmethod
    def unfold(self, layer: object) -> None:
        """Give the layer that it was made from its weights."""


class Folding:
    """Batch normalization folded into convolutions; what is shared between layers is folded once.

    For evaluation statistics (mean μ, variance v) and parameters (γ, β), with ε of the normalization::

        s = γ / sqrt(v + ε)        weight' = s · weight        bias' = β − s · μ
    """

    def __init__(self) -> None:
        self._done: dict[Conv, FoldedConvolution] = {}

    @torch.no_grad()
    def convolution(self, conv: Conv, norm: BatchNorm) -> FoldedConvolution:
        """Computed in float64, returned in the convolution's type.

        Raises:
            ValueError: the normalization has no statistics.
        """
        if conv in self._done:
            return self._done[conv]
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError(f"{ACCUMULATED} cannot be folded; train with them")
        scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        weight = conv.weight.double() * scale[:, None, None]
        bias = norm.bias.double() - scale * norm.running_mean.double()
        folded = FoldedConvolution(weight.to(conv.weight.dtype), bias.to(conv.weight.dtype), conv.groups)
        self._done[conv] = folded
        return folded


@torch.no_grad()
def unfold_convolution(folded: FoldedConvolution, conv: Conv, norm: BatchNorm) -> None:
    """Give a convolution the folded weights; its normalization, in evaluation, then only adds the biases.

    Raises:
        ValueError: the normalization has no statistics.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"{ACCUMULATED} cannot hold folded weights")
    conv.weight.copy_(folded.weight)
    norm.bias.copy_(folded.bias)
    norm.weight.fill_(1.0)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


@singledispatch
def fold_layer(layer: object, name: str, source: Rounded, folding: Folding) -> FoldedStage:
    """A stage made of float layers.

    Args:
        layer: what :meth:`model.autoencoder.network.Encoder.layers` gives.
        name: the stage's.
        source: its input.
        folding: folds convolutions.

    Raises:
        ValueError: no file here knows this kind of layer.
    """
    raise ValueError(f"stage {name}: there is no integer form of a {type(layer).__name__}")
