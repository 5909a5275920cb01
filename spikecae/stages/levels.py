"""Scalar quantizer: every latent to a level, levels in groups that share a symbol; the class of the spike before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.limits import MOST_CLASSES, MOST_CODEWORDS, MOST_FEATURES
from spikecae.stages.base import GOLOMB, Quantizer, Symbols, Values, register
from spikecae.stages.checks import require, require_array, require_exponents, require_range
from spikecae.widths import accumulator_bounds, integer_range, signed_width

__all__ = ["Classes", "LevelGroup", "Levels"]

MOST_FRACTION = 8
MOST_IN_GROUP = 8
"""Levels that share a symbol."""
WIDEST = 12
"""Bits of a latent and of a class's element."""


@register
@dataclass(frozen=True, eq=False)
class Classes:
    """Typical columns of latents, of which the nearest is subtracted: ``words`` (K, latents), ``bias`` (K,).

    ``score_k = bias_k - 2 <y, c_k>``; the smallest wins, the lowest index on a tie. Its index is a symbol of table
    ``code_table``.
    """

    words: NDArray[np.int16]
    bias: NDArray[np.int32]
    code_table: int

    def __post_init__(self) -> None:
        require(self.words.ndim == 2 and self.words.size > 0, f"classes must be (K, L), got {self.words.shape}")
        require_range("classes", len(self.words), 2, MOST_CLASSES)
        require_array("classes.words", self.words, np.int16, self.words.shape)
        require_array("classes.bias", self.bias, np.int32, (len(self.words),))
        require(bool(self.bias.min() >= 0), f"classes.bias of class {int(self.bias.argmin())} is negative")
        low, high = integer_range(WIDEST, signed=True)
        require(bool(self.words.min() >= low and self.words.max() <= high), f"classes.words must lie in {low}..{high}")

    @property
    def bits(self) -> int:
        """Signed width of the widest element."""
        return signed_width(int(self.words.min()), int(self.words.max()))

    def score_bounds(self, bits: int) -> tuple[int, int]:
        """What a score can reach for signed latents of ``bits``."""
        low, high = accumulator_bounds(-2 * self.words.astype(np.int64), self.bias, integer_range(bits, signed=True))
        return int(low.min()), int(high.max())


@register
@dataclass(frozen=True, eq=False)
class LevelGroup:
    """Levels that follow each other, and share a symbol of table ``code_table``: the box ``low[i] .. low[i] +
    size[i] - 1``. Its symbols count the levels like digits, the first the most significant; one more, the last, is
    reserved for levels outside, which follow it as numbers."""

    low: NDArray[np.int8]
    size: NDArray[np.uint8]
    code_table: int

    def __post_init__(self) -> None:
        require_range("level group: levels", self.low.size, 1, MOST_IN_GROUP)
        require_array("level group: low", self.low, np.int8, (self.low.size,))
        require_array("level group: size", self.size, np.uint8, (self.low.size,))
        require(bool(self.size.min() >= 1), "level group: a size is 0; a level has one value at least")
        require_range("level group: symbols", self.symbols, 2, MOST_CODEWORDS)

    @property
    def symbols(self) -> int:
        """Symbols, the reserved one included."""
        return int(np.prod(self.size.astype(object))) + 1


@register
@dataclass(frozen=True, eq=False)
class Levels(Quantizer):
    """A level for each latent, column after column: ``r = y - c`` of the column's class, if there are ``classes``, and
    ``level = sign(r) · ((|r| + rounding) >> fraction)``.

    Latents (L, columns) are coded a column at a time: the index of its class, then a symbol for each of ``groups``,
    which together have L levels, each reserved one with its levels behind it. Escaped levels are sent as 0, -1, 1, -2,
    2, ... for 0, 1, 2, 3, 4, ..., in the exponential Golomb code of ``order``.
    """

    kind = "levels"
    name: str
    exponent: int
    bits: int
    """Width of a latent."""
    columns: int
    fraction: int
    rounding: int
    order: int
    classes: tuple[Classes, ...]
    """One or none."""
    groups: tuple[LevelGroup, ...]

    def __post_init__(self) -> None:
        name = self.name
        require_exponents(name, self.exponent)
        require_range(f"{name}.bits", self.bits, 2, WIDEST)
        require_range(f"{name}.columns", self.columns, 1, MOST_FEATURES)
        require_range(f"{name}.fraction", self.fraction, 0, MOST_FRACTION)
        require_range(f"{name}.rounding", self.rounding, 0, (1 << self.fraction) >> 1)
        require_range(f"{name}.order", self.order, 0, WIDEST)
        require_range(f"{name}: sets of classes", len(self.classes), 0, 1)
        require_range(f"{name}: groups", len(self.groups), 1, MOST_FEATURES)
        for classes in self.classes:
            width = classes.words.shape[1]
            require(width == self.latents, f"{name}: classes of {width} latents, but groups of {self.latents}")

    @property
    def latents(self) -> int:
        """L, of a column."""
        return sum(group.low.size for group in self.groups)

    @property
    def residual_bits(self) -> int:
        """Signed width of a latent less the element of a class."""
        return self.bits if not self.classes else max(self.bits, self.classes[0].bits) + 1

    @property
    def largest_level(self) -> int:
        """No level is larger, or smaller than its opposite."""
        return ((1 << (self.residual_bits - 1)) + self.rounding) >> self.fraction

    @property
    def symbols(self) -> Symbols:
        """Column after column: class, then for each group its symbol and its levels' numbers."""
        sizes: list[int] = []
        tables: list[int] = []
        escaped_by: list[int] = []
        numbers = 2 * self.largest_level + 1
        for _ in range(self.columns):
            for classes in self.classes:
                sizes.append(len(classes.words))
                tables.append(classes.code_table)
                escaped_by.append(-1)
            for group in self.groups:
                place = len(sizes)
                sizes += [group.symbols, *[numbers] * group.low.size]
                tables += [group.code_table, *[GOLOMB] * group.low.size]
                escaped_by += [-1, *[place] * group.low.size]
        return Symbols(tuple(sizes), tuple(tables), tuple(escaped_by), self.order)

    def levels(self, indices: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
        """Class (blocks, columns), None without, and levels (blocks, L, columns) of indices (blocks, positions)."""
        rows = indices.astype(np.int64).reshape(len(indices), self.columns, indices.shape[1] // self.columns)
        first = len(self.classes)
        found = np.empty((len(indices), self.latents, self.columns), np.int64)
        at, place = 0, first
        for group in self.groups:
            length = group.low.size
            digits, symbol = rows[:, :, place + 1 : place + 1 + length], rows[:, :, place]
            outside = symbol == group.symbols - 1
            unfolded = np.where(digits & 1, -(digits + 1) // 2, digits // 2)
            for i in range(length)[::-1]:
                inside = group.low[i] + symbol % int(group.size[i])
                found[:, at + i] = np.where(outside, unfolded[:, :, i], inside)
                symbol = symbol // int(group.size[i])
            at, place = at + length, place + 1 + length
        return (rows[:, :, 0] if first else None), found

    def dequantize(self, indices: NDArray[np.integer[Any]], latents: int) -> NDArray[np.float32]:
        """Class and levels together, as real values."""
        chosen, levels = self.levels(indices)
        values = levels << self.fraction
        if chosen is not None:
            values = values + self.classes[0].words[chosen].astype(np.int64).transpose(0, 2, 1)
        return (values * 2.0**-self.exponent).astype(np.float32).reshape(len(indices), latents)

    def faults(self, given: Values) -> Iterator[str]:
        """Other latents than it was made for."""
        if given.exponent != self.exponent:
            yield f"latents have exponent {given.exponent}, {self.name} {self.exponent}; they must be equal"
        if not given.signed:
            yield f"{self.name} takes signed latents, but what it gets is unsigned"
        if given.bits != self.bits:
            yield f"{self.name}.bits = {self.bits}, but what it gets has {given.bits}"
        if (self.latents, self.columns) != (given.channels, given.samples):
            yield (
                f"{self.name} takes {self.columns} columns of {self.latents} latents, but gets {given.samples} of "
                f"{given.channels}"
            )
