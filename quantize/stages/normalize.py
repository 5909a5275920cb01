"""The input's normalization: rounded in training, and as a stage of the spec."""

import torch
from torch import Tensor

from quantize.normalization import InputTable
from quantize.scales import Exponents, scale
from quantize.stages.base import SOURCE, Integers, width_of
from spikecae.stages import Normalize
from spikecae.widths import integer_range

__all__ = ["build_source", "rounded_input"]


def rounded_input(adc: Tensor, table: InputTable, exponents: Exponents) -> Tensor:
    """Normalized samples float ``[B, M, D]`` of ADC codes, as the chip rounds them."""
    centred = adc.double() - torch.as_tensor(table.offset).double()
    scaled = centred * torch.as_tensor(table.gain).double()
    limits = integer_range(width_of("input", exponents.widths), signed=True)
    rounded = torch.floor(scale(scaled, -table.shift) + 0.5).clamp(*limits)
    return scale(rounded, -exponents.activation[SOURCE]).float()


def build_source(integers: Integers) -> Normalize:
    """``normalize``."""
    table = integers.table
    return Normalize(SOURCE, table.offset, table.gain, table.shift, integers.exponents.activation[SOURCE])
