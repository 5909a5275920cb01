"""Power-of-two exponents: one per activation place and one per output channel of a weight.

Exponents are chosen for the least squared error on calibration spikes (for weights: of the weights themselves), then
lowered until every shift is one that the hardware has.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from quantize.fold import FoldedEncoder
from quantize.scales import Exponents, round_to, scale
from quantize.stages.base import SOURCE, FoldedConvolution, Place, width_of
from spikecae.design import Hardware, Quantization

__all__ = [
    "LARGEST_SHIFT",
    "calibrate",
    "fitting_exponent",
    "largest_bias",
    "least_error_exponent",
    "weight_exponents",
]

LARGEST_SHIFT = 15
"""A finer accumulator would not change an 8-bit output."""
PASSES = 64
DEFAULT_WIDTHS = Quantization()
TINY = 2.0**-16
TOO_LARGE = (
    "weights are too large to be requantized by right shifts; train with weight decay, or raise hardware.bias_bits and "
    "hardware.identity_shift"
)


def least_error_exponent(*tensors: Tensor, signed: bool, bits: int = 8) -> int:
    """The exponent at which the tensors, in ``bits``, have the least sum of mean squared errors."""
    top = fitting_exponent(max(float(values.abs().max()) for values in tensors), bits - signed)
    return min(range(top, top + 5), key=lambda exponent: sum(_error(v, exponent, signed, bits).mean() for v in tensors))


def weight_exponents(weight: Tensor, bits: int) -> Tensor:
    """For each output channel of ``weight`` in ``bits``, the exponent of least squared error, int64 ``[outputs]``."""
    rows = weight.detach().flatten(1)
    top = torch.tensor([fitting_exponent(float(peak), bits - 1) for peak in rows.abs().amax(1)])
    coarse, fine = (_error(rows, exponent[:, None], True, bits).sum(1) for exponent in (top, top + 1))
    return top + (fine < coarse).long()


@torch.no_grad()
def calibrate(
    folded: FoldedEncoder,
    codebook: Tensor,
    normalized: Tensor,
    hardware: Hardware,
    widths: Quantization = DEFAULT_WIDTHS,
    choose: Callable[..., int] = least_error_exponent,
) -> Exponents:
    """Choose all exponents.

    Args:
        folded: the encoder.
        codebook: float ``[K, L]``, stored at the latents' exponent, so it has a say in that one.
        normalized: calibration blocks, float ``[B, M, D]``.
        hardware: its declared widths of biases and identity shifts are kept.
        widths: of weights, activations and latents.
        choose: gives the exponent of activations.

    Raises:
        ValueError: the weights are so large that no exponents give shifts of 0 or more and biases within their width.
    """
    places = list(folded.places())
    taps = folded(normalized)
    activation = {SOURCE: choose(normalized, signed=True, bits=width_of("input", widths))}
    for place in places:
        compared = [codebook] if place.name == folded.latents else []
        bits = width_of(place.role, widths)
        activation[place.name] = choose(taps[place.name], *compared, signed=not place.relu, bits=bits)
    best = {place.name: weight_exponents(place.convolution.weight, widths.weight_bits) for place in places}
    weight = best
    for _ in range(PASSES):
        before = dict(activation)
        _lower_activations(places, activation, weight)
        if activation == before and weight is not best:
            return Exponents(activation, weight, widths)
        weight = _bounded(places, activation, best, hardware)
    raise ValueError(TOO_LARGE)


def _lower_activations(places: Iterable[Place], activation: dict[str, int], weight: Mapping[str, Tensor]) -> None:
    """Make every shift, and every shift of an identity, 0 or more."""
    for _ in range(PASSES):
        before = dict(activation)
        for place in places:
            finest = activation[place.source] + int(weight[place.name].min())
            activation[place.name] = min(activation[place.name], finest)
            if place.identity is not None:
                activation[place.identity] = min(activation[place.identity], finest)
        if activation == before:
            return
    raise ValueError(TOO_LARGE)


def _bounded(
    places: list[Place], activation: Mapping[str, int], best: Mapping[str, Tensor], hardware: Hardware
) -> dict[str, Tensor]:
    """Weights' exponents, lowered to keep shifts within reach, and biases within their declared width and that of the
    dot product that they are added to.

    A shared convolution gets one exponent that suits all its places.
    """
    weight = {}
    for place in places:
        convolution = place.convolution
        finest = LARGEST_SHIFT + activation[place.name] - activation[place.source]
        if place.identity is not None:
            finest = min(finest, hardware.identity_shift + activation[place.identity] - activation[place.source])
        widest = largest_bias(convolution, hardware)
        room = torch.floor(torch.log2(widest / convolution.bias.abs().clamp(min=1e-30))).long()
        coarser = torch.minimum(room - activation[place.source], torch.tensor(finest))
        weight[place.name] = torch.minimum(best[place.name], coarser)
    shared = {
        place.name: [weight[other.name] for other in places if other.convolution is place.convolution]
        for place in places
    }
    return {name: torch.stack(exponents).amin(0) for name, exponents in shared.items()}


def largest_bias(convolution: FoldedConvolution, hardware: Hardware) -> float:
    """The largest bias, before it is rounded, that is neither wider than declared nor than any dot product it joins."""
    return min(255.0 * 128 * convolution.weight[0].numel(), (1 << (hardware.bias_bits - 1)) - 1.5)


def fitting_exponent(peak: float, bits: int) -> int:
    """Largest exponent at which ``peak``, or a tiny one in place of zero, does not exceed ``2^bits − 1``."""
    return int(np.floor(np.log2(((1 << bits) - 1) / max(peak, TINY))))


def _error(values: Tensor, exponent: Tensor | int, signed: bool, bits: int = 8) -> Tensor:
    rounded = round_to(values, exponent, bits, signed=signed)
    return (scale(rounded, -exponent) - values).square()
