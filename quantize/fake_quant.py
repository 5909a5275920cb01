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

from quantize.exponents import Exponents, scale
from quantize.fold import FoldedEncoder, Place
from quantize.normalization import InputTable
from spikecae.widths import integer_range

__all__ = ["FakeQuantEncoder", "Quantize"]

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
    """Encoder and search of a calibrated model.

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

    def forward(self, adc: Tensor) -> dict[str, Tensor]:
        """Output of every stage by name, for ADC codes ``[B, M, D]``; ``vq`` is the indices int64 ``[B, N]``."""
        taps = {"normalize": self._normalize(adc)}
        pools = iter(self.folded.pools)
        x = taps["normalize"]
        before = x
        for place in self.folded.places():
            if place.name.endswith(".reduce"):
                before = x
            total = self._accumulate(place, x)
            if place.identity is not None:
                total = total + before.to(total.dtype)
            if place.name != "project":
                total = functional.relu(total)
            x = taps[place.name] = self._round(total, place.name, signed=place.name == "project")
            if place.identity is not None:
                x = taps[place.name.replace("block", "pool").removesuffix(".expand")] = functional.max_pool1d(
                    x, next(pools)
                )
        taps["vq"] = self.search(x)
        return taps

    def search(self, latents: Tensor) -> Tensor:
        """Indices int64 ``[B, N]`` of latents ``[B, N, L]``: smallest score, lowest index on a tie."""
        codewords = self.codewords().detach()
        step = 2.0 ** (-2 * self.exponents.activation["project"])
        bias = codewords.square().sum(1) + self.rate_bias * step
        return (bias - 2 * latents @ codewords.T).argmin(-1)

    def codewords(self) -> Tensor:
        """The codebook as the chip has it, float ``[K, L]``."""
        return self._round(self.codebook, "project", signed=True)

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
        exponents = self.exponents.activation
        scaled = {}
        for name, tap in taps.items():
            if name == "vq":
                scaled[name] = tap
                continue
            place = name.replace("pool", "block") + ".expand" if name.startswith("pool") else name
            scaled[name] = scale(tap, exponents[place]).long()
        return scaled

    def _normalize(self, adc: Tensor) -> Tensor:
        centred = adc.double() - torch.as_tensor(self.table.offset).double()
        scaled = centred * torch.as_tensor(self.table.gain).double()
        rounded = torch.floor(scale(scaled, -self.table.shift) + 0.5).clamp(*integer_range(8, signed=True))
        return scale(rounded, -self.exponents.activation["normalize"]).float()

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

    def _round(self, x: Tensor, place: str, *, signed: bool) -> Tensor:
        exponent, bits = torch.tensor(self.exponents.activation[place]), self.exponents.widths.output_bits(place)
        rounded: Tensor = Quantize.apply(x, exponent, *integer_range(bits, signed=signed))
        return rounded.float()
