"""Canonical prefix codes: what a table of lengths says, and which tables are none.

Shorter codes come first, equal lengths in order of the symbol.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_LENGTH", "canonical_codes", "canonical_order", "check_lengths"]

MAX_LENGTH = 16
"""Longest code, in bits."""


def check_lengths(lengths: NDArray[np.uint8]) -> None:
    """Refuse a table that is no complete prefix code.

    Raises:
        ValueError: a length lies outside 1..16, Kraft's sum is not one, or a single symbol has more than one bit.
    """
    if lengths.ndim != 1 or lengths.size == 0:
        raise ValueError(f"a code table must be a non-empty vector, got shape {lengths.shape}")
    if lengths.min() < 1 or lengths.max() > MAX_LENGTH:
        raise ValueError(f"code lengths must lie in 1..{MAX_LENGTH}, got {lengths.min()}..{lengths.max()}")
    kraft = int((1 << (MAX_LENGTH - lengths.astype(np.int64))).sum())
    if lengths.size == 1 and lengths[0] != 1:
        raise ValueError(f"the code of a single symbol has one bit, not {lengths[0]}")
    if lengths.size > 1 and kraft != 1 << MAX_LENGTH:
        state = "over-full, so not prefix-free" if kraft > 1 << MAX_LENGTH else "incomplete"
        raise ValueError(f"code table is {state}: Kraft sum {kraft / (1 << MAX_LENGTH):.6f}, must be 1")


def canonical_codes(lengths: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The code words of a table of lengths, right-aligned, (K,)."""
    check_lengths(lengths)
    codes = np.zeros(lengths.size, dtype=np.uint16)
    code, previous = 0, 0
    for symbol in canonical_order(lengths):
        code <<= int(lengths[symbol]) - previous
        previous = int(lengths[symbol])
        codes[symbol] = code
        code += 1
    return codes


def canonical_order(lengths: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Symbols by length, then by number."""
    return np.lexsort((np.arange(lengths.size), lengths))
