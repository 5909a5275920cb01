"""Rounding and saturation: what the golden model does to every integer.

A value is ``integer · 2**-exponent``. Each rule stands here once; ``docs/arithmetic.md`` writes them out. The fake
quantizer and the hardware generator are tested against these functions, and use none of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.widths import integer_range

__all__ = ["Integers", "rshift_round", "saturate"]

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


def saturate(a: Any, bits: int, *, signed: bool) -> Integers:
    """Clamp to what ``bits`` can hold."""
    low, high = integer_range(bits, signed=signed)
    return np.clip(np.asarray(a, dtype=np.int64), low, high)
