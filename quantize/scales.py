"""Power-of-two scales: a value is ``integer · 2^−exponent``."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from spikecae.design import Quantization
from spikecae.widths import integer_range

__all__ = ["Exponents", "round_to", "scale"]


@dataclass(frozen=True)
class Exponents:
    """Exponents of a calibrated encoder: a value is integer · 2^−exponent.

    ``activation``: of every place that is rounded, ``SOURCE`` for the input; ``weight``: int64 ``[outputs]`` of
    every convolution. Both by stage name, for integers as wide as ``widths`` says.
    """

    activation: Mapping[str, int]
    weight: Mapping[str, Tensor]
    widths: Quantization


def scale(values: Tensor, exponent: Tensor | int) -> Tensor:
    """``values · 2^exponent``, exactly; ``exponent`` integers, broadcast against the values."""
    exponent = torch.as_tensor(exponent)
    return values * torch.ldexp(torch.ones(exponent.shape, dtype=values.dtype), exponent)


def round_to(values: Tensor, exponent: Tensor | int, bits: int, *, signed: bool) -> Tensor:
    """Integers nearest to ``values · 2^exponent`` (halves up), saturated to ``bits``; still as floats."""
    return torch.floor(scale(values, exponent) + 0.5).clamp(*integer_range(bits, signed=signed))
