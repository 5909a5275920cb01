"""The integer arithmetic of the encoder: rounding, saturation, and the widths that bounds prove.

A value is ``integer · 2**-exponent``. Every rule stands here once; ``docs/arithmetic.md`` writes them out.
The fake quantizer and the hardware generator are tested against these functions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "accumulator_bounds",
    "integer_range",
    "loadable_bounds",
    "rshift_round",
    "saturate",
    "signed_width",
]

Integers = NDArray[np.int64]


def rshift_round(a: Any, s: Any) -> Integers:
    """Divide by ``2**s`` and round half up: ``(a + (1 << (s-1))) >> s`` for s > 0, ``a << -s`` otherwise.

    Args:
        a: integers, any shape, |a| < 2**62.
        s: shifts, broadcast against ``a``.
    """
    a = np.asarray(a, dtype=np.int64)
    s = np.asarray(s, dtype=np.int64)
    right = np.maximum(s, 0)
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    rounded: Integers = ((a + half) >> right) << np.maximum(-s, 0)
    return rounded


def integer_range(bits: int, *, signed: bool) -> tuple[int, int]:
    """Smallest and largest integer of a two's complement (or unsigned) word."""
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def saturate(a: Any, bits: int, *, signed: bool) -> Integers:
    """Clamp to what ``bits`` can hold."""
    low, high = integer_range(bits, signed=signed)
    return np.clip(np.asarray(a, dtype=np.int64), low, high)


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
