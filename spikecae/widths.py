"""Widths that bounds prove: how many bits an integer takes, and what a dot product can reach.

The spec's own checks, the quantizer and the hardware generator take their widths from here; ``docs/arithmetic.md``
writes the rules out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["accumulator_bounds", "integer_range", "loadable_bounds", "signed_width"]

Integers = NDArray[np.int64]


def integer_range(bits: int, *, signed: bool) -> tuple[int, int]:
    """Smallest and largest integer of a two's complement (or unsigned) word."""
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def signed_width(low: int, high: int) -> int:
    """Fewest bits of a two's complement word that holds every integer in [low, high]."""
    if low > high:
        raise ValueError(f"empty range: low = {low} exceeds high = {high}")
    return max(high.bit_length() if high > 0 else 0, (-low - 1).bit_length() if low < 0 else 0) + 1


def accumulator_bounds(
    weight: NDArray[Any], bias: NDArray[Any], input_range: tuple[int, int]
) -> tuple[Integers, Integers]:
    """What a dot product of these very weights can reach, for any input in range.

    Args:
        weight: (outputs, ...) integers; everything behind the first axis is summed over.
        bias: (outputs,) integers.
        input_range: smallest and largest input.

    Returns:
        Smallest and largest accumulator value, (outputs,) each. Both are attained.
    """
    rows = np.asarray(weight, dtype=np.int64).reshape(len(weight), -1)
    low, high = input_range
    bias = np.asarray(bias, dtype=np.int64)
    smallest = np.minimum(rows * low, rows * high).sum(axis=1) + bias
    largest = np.maximum(rows * low, rows * high).sum(axis=1) + bias
    return smallest, largest


def loadable_bounds(
    terms: int, input_range: tuple[int, int], weight_bits: int, bias_bits: int, identity: int = 0
) -> tuple[int, int]:
    """What a dot product can reach for *any* weights of ``weight_bits`` and any bias of ``bias_bits``, both signed.

    Args:
        terms: products that are summed.
        input_range: smallest and largest input.
        weight_bits: signed width of a weight.
        bias_bits: signed width of the bias.
        identity: largest value added to it.
    """
    low, high = input_range
    least, most = integer_range(weight_bits, signed=True)
    smallest = terms * min(least * high, most * low) - (1 << (bias_bits - 1))
    largest = terms * max(most * high, least * low) + (1 << (bias_bits - 1)) - 1
    return smallest, largest + identity
