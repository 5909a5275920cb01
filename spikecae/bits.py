"""Bit fields, most significant bit first, and the exponential Golomb code of whole numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from spikecae.huffman import pack_bits

__all__ = ["BitReader", "Fields", "golomb", "signed_difference", "unzigzag", "zigzag"]

LONGEST_PREFIX = 32
"""Zeros that a Golomb code may start with: no number of the format needs more."""


@dataclass
class Fields:
    """Bit fields to be sent one after the other: right-aligned values and their widths."""

    values: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def append(self, value: int, width: int) -> None:
        """Add a field."""
        self.values.append(value)
        self.widths.append(width)

    def extend(self, values: Iterable[int], widths: Iterable[int]) -> None:
        """Add fields."""
        self.values.extend(values)
        self.widths.extend(widths)

    @property
    def bits(self) -> int:
        """Bits of all fields."""
        return sum(self.widths)

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """The fields of all parts in order."""
        joined = cls()
        for part in parts:
            joined.extend(part.values, part.widths)
        return joined

    def pack(self) -> bytes:
        """The bits, zero-padded to a byte."""
        return pack_bits(np.array(self.values, dtype=np.int64), np.array(self.widths, dtype=np.int64))


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


def golomb(number: int, order: int) -> tuple[int, int]:
    """Exponential Golomb code of ``number`` >= 0: code word, right-aligned, and its length in bits.

    ``number + 2**order`` in binary, with as many zeros before it as it has bits beyond ``order + 1``.
    """
    word = number + (1 << order)
    return word, 2 * word.bit_length() - 1 - order


def zigzag(difference: int) -> int:
    """0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4, ..."""
    return 2 * difference if difference >= 0 else -2 * difference - 1


def unzigzag(number: int) -> int:
    """Undo :func:`zigzag`."""
    return -(number + 1) // 2 if number & 1 else number // 2


def signed_difference(later: int, earlier: int) -> int:
    """``later - earlier`` modulo 2**32, in -2**31..2**31-1."""
    return ((later - earlier + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
