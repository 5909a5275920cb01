"""The encoder in fake-quantized floats: every tensor is an exact integer times a power of two.

Rounds, saturates and breaks ties as ``docs/arithmetic.md`` says, in PyTorch, with straight-through gradients, so that
it can be trained. Its values are the golden model's integers, scaled. Sums run in float32 where their bound stays
below 2^24 and in float64 otherwise, so that they are exact; that needs TF32 and bfloat16 products off.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from quantize.fold import FoldedEncoder
from quantize.normalization import InputTable
from quantize.scales import Exponents, scale
from quantize.stages.base import QUANTIZER, SOURCE, Arithmetic, Place, width_of
from quantize.stages.normalize import rounded_input
from quantize.stages.vector_quantizer import rounded_search
from spikecae.widths import integer_range

__all__ = ["FakeQuantEncoder", "Products", "Quantize"]

EXACT = 1 << 24


class Quantize(torch.autograd.Function):
    """``floor(x · 2^e + ½)`` saturated, times ``2^−e``; the gradient passes where nothing saturates."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, exponent: Tensor, low: int, high: int) -> Tensor:
        """``exponent`` is broadcast against ``x``."""
        scaled = torch.floor(scale(x, exponent) + 0.5)
        ctx.save_for_backward((scaled >= low) & (scaled <= high))
        return scale(scaled.clamp(low, high), -exponent)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Straight through."""
        (inside,) = ctx.saved_tensors
        return gradient * inside, None, None, None


class FakeQuantEncoder(nn.Module):
    """Encoder and search of a calibrated model; as an arithmetic, it rounds what the folded stages compute.

    Args:
        folded: float weights and biases; rounded whenever they are used.
        table: the input's normalization.
        exponents: of every place and weight.
        codebook: float ``[K, L]``.
        rate_bias: int64 ``[K]``, what each codeword's score has on top of its squared norm, in squared latent steps.
    """

    rate_bias: Tensor

    def __init__(
        self, folded: FoldedEncoder, table: InputTable, exponents: Exponents, codebook: Tensor, rate_bias: Tensor
    ) -> None:
        super().__init__()
        self.folded, self.table, self.exponents = folded, table, exponents
        self.codebook = nn.Parameter(codebook.detach().clone())
        self.register_buffer("rate_bias", rate_bias)

    @property
    def latents(self) -> str:
        """Name of the tap, and of the place, that the latents are."""
        return self.folded.latents

    def forward(self, adc: Tensor, arithmetic: Arithmetic | None = None) -> dict[str, Tensor]:
        """Output of every stage by name, for ADC codes ``[B, M, D]``; the quantizer's is indices int64 ``[B, N]``.

        ``arithmetic`` computes as this encoder does, if it is not the encoder itself, and may look on.
        """
        x = rounded_input(adc, self.table, self.exponents)
        taps = {SOURCE: x, **self.folded.run(x, arithmetic or self)}
        taps[QUANTIZER] = self.search(taps[self.latents])
        return taps

    def convolve(self, place: Place, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """A convolution as the chip computes it: exact sums of rounded weights, then one rounding."""
        total = self._accumulate(place, x)
        if identity is not None:
            total = total + identity.to(total.dtype)
        if place.relu:
            total = functional.relu(total)
        return self._round(total, place.name, width_of(place.role, self.exponents.widths), signed=not place.relu)

    def search(self, latents: Tensor) -> Tensor:
        """Indices int64 ``[B, N]`` of latents ``[B, N, L]``: smallest score, lowest index on a tie."""
        exponent = self.exponents.activation[self.latents]
        return rounded_search(latents, self.codewords().detach(), self.rate_bias, exponent)

    def codewords(self) -> Tensor:
        """The codebook as the chip has it, float ``[K, L]``."""
        return self._round(self.codebook, self.latents, self.exponents.widths.latent_bits, signed=True)

    def parameters_of(self, place: Place) -> tuple[Tensor, Tensor]:
        """Weight and bias of a convolution, rounded: the weight to its bits, the bias at the accumulator's exponent."""
        exponent = self.exponents.weight[place.name]
        accumulator = exponent + self.exponents.activation[place.source]
        limits = integer_range(self.exponents.widths.weight_bits, signed=True)
        weight = Quantize.apply(place.convolution.weight, exponent[:, None, None], *limits)
        bias = Quantize.apply(place.convolution.bias.double(), accumulator, *integer_range(32, signed=True))
        return weight, bias

    def integers(self, taps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The taps as int64 integers."""
        places = {SOURCE: SOURCE}
        for stage in self.folded.stages:
            places |= stage.exponents_of
        exponents = self.exponents.activation
        return {
            name: scale(tap, exponents[places[name]]).long() if name in places else tap for name, tap in taps.items()
        }

    def _accumulate(self, place: Place, x: Tensor) -> Tensor:
        weight, bias = self.parameters_of(place)
        dtype = torch.float32 if self._bound(place, weight, bias) < EXACT else torch.float64
        return functional.conv1d(
            x.to(dtype),
            weight.to(dtype),
            bias.to(dtype),
            padding=weight.shape[2] // 2,
            groups=place.convolution.groups,
        )

    @torch.no_grad()
    def _bound(self, place: Place, weight: Tensor, bias: Tensor) -> float:
        """No integer on the way to an accumulator, the identity and the rounding constant included, is larger."""
        exponents = self.exponents
        accumulator = exponents.weight[place.name] + exponents.activation[place.source]
        rows = scale(weight.double().abs().flatten(1).sum(1), exponents.weight[place.name]) * 255
        bound = rows + scale(bias.abs(), accumulator)
        one = torch.ones_like(bound)
        if place.identity is not None:
            bound += 255 * scale(one, accumulator - exponents.activation[place.identity])
        bound += scale(one, accumulator - exponents.activation[place.name] - 1)
        return math.ceil(float(bound.max()))

    def _round(self, x: Tensor, place: str, bits: int, *, signed: bool) -> Tensor:
        exponent = torch.tensor(self.exponents.activation[place])
        rounded: Tensor = Quantize.apply(x, exponent, *integer_range(bits, signed=signed))
        return rounded.float()


class Products:
    """An encoder's arithmetic that adds up the magnitudes of its products.

    :attr:`total` is their sum over a block, ``Σ |weight| · |activation|`` in steps of both, on average over the blocks
    of all calls so far to :meth:`convolve`; gradients pass to weights and activations. The edges' zeros are counted as
    if they were samples: an activation meets each of a kernel's weights.
    """

    total: Tensor

    def __init__(self, encoder: FakeQuantEncoder) -> None:
        self.encoder = encoder
        self.total = torch.zeros(())

    def convolve(self, place: Place, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """As the encoder does it."""
        weight, _ = self.encoder.parameters_of(place)
        exponents = self.encoder.exponents
        steps = scale(weight, exponents.weight[place.name][:, None, None]).abs().sum(2)  # [outputs, inputs / groups]
        of_input = steps.unflatten(0, (place.convolution.groups, -1)).sum(1).flatten()
        inputs = scale(x, exponents.activation[place.source]).abs().sum(2).mean(0)
        self.total = self.total + (of_input * inputs).sum()
        return self.encoder.convolve(place, x, identity)
