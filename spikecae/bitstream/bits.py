"""Reading of bit fields, most significant bit first, and the exponential Golomb code of whole numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BitReader", "golomb", "signed_difference", "unzigzag", "zigzag"]

LONGEST_PREFIX = 32
"""Zeros that a Golomb code may start with: no number of the format needs more."""


class BitReader:
    """Reads bit fields from bytes; raises EOFError where they end too early or too late."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data + b"\x00\x00", "big")
        self._size = 8 * len(data)
        self._at = 0

    def peek16(self) -> int:
        """The next 16 bits, zeros behind the end."""
        return (self._value >> (self._size - self._at)) & 0xFFFF if self._at <= self._size else 0

    def skip(self, bits: int) -> None:
        """Go on by some bits."""
        self._at += bits
        if self._at > self._size:
            raise EOFError(f"its payload ends {self._at - self._size} bits too early")

    def take(self, bits: int) -> int:
        """The next ``bits`` bits as a number."""
        self.skip(bits)
        return (self._value >> (16 + self._size - self._at)) & ((1 << bits) - 1)

    def golomb(self, order: int) -> int:
        """The number whose Golomb code comes next."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > LONGEST_PREFIX:
                raise EOFError(f"its payload holds a number of more than {LONGEST_PREFIX} bits")
        return (1 << (order + zeros) | self.take(order + zeros)) - (1 << order)

    def finish(self) -> None:
        """Make sure that nothing is left but the zeros that fill the last byte."""
        left = self._size - self._at
        if left >= 8 or self.take(left):
            raise EOFError(f"its payload goes on for {left} bits after the last index, or they are not zero")


def golomb(numbers: ArrayLike, orders: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Exponential Golomb codes of numbers 0..2**52: code words, right-aligned, and their lengths in bits.

    ``number + 2**order`` in binary, with as many zeros before it as it has bits beyond ``order + 1``.
    """
    orders = np.asarray(orders, np.int64)
    words = np.asarray(numbers, np.int64) + (np.int64(1) << orders)
    _, bits = np.frexp(words.astype(np.float64))
    return words, 2 * bits.astype(np.int64) - 1 - orders


def zigzag(differences: ArrayLike) -> NDArray[np.int64]:
    """0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4, ..."""
    differences = np.asarray(differences, np.int64)
    return np.where(differences >= 0, 2 * differences, -2 * differences - 1)


def unzigzag(number: int) -> int:
    """Undo :func:`zigzag`."""
    return -(number + 1) // 2 if number & 1 else number // 2


def signed_difference(later: Any, earlier: Any) -> Any:
    """``later - earlier`` modulo 2**32, in -2**31..2**31-1."""
    return ((later - earlier + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
