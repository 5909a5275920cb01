"""What levels cost: boxes of levels that share a symbol, Huffman codes, and Golomb codes of what lies outside.

Boxes are fitted to training levels, and merged while bits fall; tables are smoothed, as training spikes are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.bits import golomb, zigzag
from spikecae.bitstream.huffman import code_lengths
from spikecae.canonical_code import MAX_LENGTH
from spikecae.stages.base import GOLOMB, Symbols

__all__ = [
    "LARGEST_IN_BOX",
    "MOST_IN_GROUP",
    "Box",
    "GroupCode",
    "LevelCode",
    "class_lengths",
    "fit_boxes",
    "fit_groups",
    "fit_level_code",
    "group_sizes",
    "least_order",
    "level_rows",
]

MOST_IN_GROUP = 8
"""Levels that share a symbol, as in a spec."""
LARGEST_IN_BOX = 127
PRIOR = 16.0
"""The product of the levels' own distributions counts as so many columns."""
UNSEEN = 0.5
"""Columns that a level or symbol never seen counts as."""
LEAST_GAIN = 1e-3
"""Bits a column that merging two groups must save."""


@dataclass(frozen=True, eq=False)
class Box:
    """Levels ``low[i] .. low[i] + size[i] - 1`` of a group, int64 ``[l]`` each, counted as one symbol."""

    low: NDArray[np.int64]
    size: NDArray[np.int64]

    @property
    def symbols(self) -> int:
        """Symbols, with that for levels outside."""
        return int(self.size.prod()) + 1

    def index(self, levels: NDArray[np.integer]) -> NDArray[np.int64]:
        """Symbol of each row of ``levels`` ``[n, l]``, the first level the most significant; the last one outside."""
        digits = levels - self.low
        inside = ((digits >= 0) & (digits < self.size)).all(axis=1)
        weights = np.append(np.cumprod(self.size[:0:-1])[::-1], 1)
        return np.where(inside, digits @ weights, self.symbols - 1)


@dataclass(frozen=True, eq=False)
class GroupCode:
    """A box with the code lengths of its symbols."""

    box: Box
    lengths: NDArray[np.uint8]

    def bits(self, levels: NDArray[np.integer], order: int) -> NDArray[np.int64]:
        """Bits of each row of ``levels`` ``[n, l]``, escapes included."""
        symbols = self.box.index(levels)
        bits = self.lengths[symbols].astype(np.int64)
        outside = symbols == self.box.symbols - 1
        bits[outside] += golomb(zigzag(levels[outside]), order)[1].sum(axis=1)
        return bits


@dataclass(frozen=True, eq=False)
class LevelCode:
    """Code lengths of the classes, ``[K]`` or none, and the groups' codes, with the ``order`` of what is outside."""

    class_lengths: NDArray[np.uint8]
    groups: tuple[GroupCode, ...]
    order: int

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each group starts."""
        return np.cumsum([0, *(group.box.low.size for group in self.groups)])

    def bits(self, chosen: NDArray[np.integer] | None, levels: NDArray[np.integer]) -> NDArray[np.int64]:
        """Bits of each column: of its class ``[n]`` or ``[blocks, columns]``, if there are classes, and its levels
        ``[n, L]``."""
        bits = np.zeros(len(levels), np.int64)
        if chosen is not None:
            bits += self.class_lengths[chosen.ravel()]
        for start, group in zip(self.starts, self.groups, strict=False):
            bits += group.bits(levels[:, start : start + group.box.low.size], self.order)
        return bits


def level_rows(levels: NDArray[np.integer]) -> NDArray[np.integer]:
    """A row for each column of levels ``[n, L, columns]``."""
    return levels.transpose(0, 2, 1).reshape(-1, levels.shape[1])


def smoothed_lengths(counts: NDArray[np.integer], prior: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Code lengths of symbols that were seen ``counts`` ``[K]`` times and are expected as ``prior`` ``[K]`` says."""
    expected = counts + prior
    return code_lengths(expected / min(expected.min(), 1.0))


def class_lengths(chosen: NDArray[np.integer], classes: int) -> NDArray[np.uint8]:
    """Code lengths ``[K]`` of classes by how often training columns chose them."""
    return smoothed_lengths(np.bincount(chosen, minlength=classes), np.full(classes, UNSEEN))


def fit_group(levels: NDArray[np.integer], box: Box) -> GroupCode:
    """The code of a box for training levels ``[n, l]``."""
    counts = np.bincount(box.index(levels), minlength=box.symbols)
    shares = np.ones(1)
    for column, low, size in zip(levels.T, box.low, box.size, strict=True):
        seen = np.bincount(column[(column >= low) & (column < low + size)] - low, minlength=size) + UNSEEN
        shares = np.outer(shares, seen / (len(column) + UNSEEN * (size + 1))).ravel()
    outside = max(1 - shares.sum(), UNSEEN / (len(levels) + 1))
    return GroupCode(box, smoothed_lengths(counts, PRIOR * np.append(shares, outside)))


def fit_level_code(
    chosen: NDArray[np.integer] | None,
    classes: int,
    levels: NDArray[np.integer],
    boxes: Sequence[Box],
    orders: Sequence[int],
) -> LevelCode:
    """The code for training columns.

    Args:
        chosen: class of each column ``[n]`` or ``[blocks, columns]``, None without classes.
        classes: how many there are.
        levels: ``[n, L]``.
        boxes: the groups.
        orders: of the Golomb codes to choose from; that which takes the fewest bits is chosen.
    """
    at, groups = 0, []
    for box in boxes:
        groups.append(fit_group(levels[:, at : at + box.low.size], box))
        at += box.low.size
    lengths = np.zeros(0, np.uint8) if chosen is None else class_lengths(chosen.ravel(), classes)
    codes = [LevelCode(lengths, tuple(groups), order) for order in orders]
    return min(codes, key=lambda code: int(code.bits(chosen, levels).sum()))


def fit_box(levels: NDArray[np.integer], counts: NDArray[np.integer], symbols: int) -> Box:
    """A box of at most ``symbols - 1`` tuples with 0 in it: of all levels that occur, then less the side that loses
    fewest columns for the tuples that it frees, until it is small enough.

    Args:
        levels: distinct rows ``[u, l]``.
        counts: how many columns each stands for.
        symbols: as many as the box may have, with the one for what is outside.
    """
    low = levels.min(axis=0, initial=0).clip(-LARGEST_IN_BOX)
    high = levels.max(axis=0, initial=0).clip(max=LARGEST_IN_BOX)
    while True:
        size = high - low + 1
        tuples = float(size.prod(dtype=np.float64))
        kept = ((levels >= low) & (levels <= high)).all(axis=1)
        levels, counts = levels[kept], counts[kept]
        sides = [
            (float(counts[levels[:, i] == edge[i]].sum()) * float(size[i]) / tuples, i, step)
            for edge, step in ((low, 1), (high, -1))
            for i in range(len(size))
            if edge[i] != 0
        ]
        if not sides:
            break
        lost, i, step = min(sides)
        if lost > 0 and tuples <= symbols - 1:
            break
        (low if step > 0 else high)[i] += step
    return Box(low.astype(np.int64), (high - low + 1).astype(np.int64))


def fit_groups(levels: NDArray[np.integer], symbols: int) -> tuple[Box, ...]:
    """Boxes of neighbouring levels, merged while that saves training bits.

    Args:
        levels: training levels ``[n, L]``.
        symbols: most symbols of a group.
    """
    return fit_boxes(levels, group_sizes([levels], [1.0], symbols, 0), symbols)


def fit_boxes(levels: NDArray[np.integer], sizes: Sequence[int], symbols: int) -> tuple[Box, ...]:
    """Boxes for training levels ``[n, L]``: of so many levels each, with so many symbols at most."""
    parts = (np.unique(part, axis=0, return_counts=True) for part in np.split(levels, np.cumsum(sizes)[:-1], axis=1))
    return tuple(fit_box(rows, counts, symbols) for rows, counts in parts)


def least_order(largest: int) -> int:
    """Of the Golomb code in which a chip can send levels up to ``largest`` that lie outside."""
    numbers = 2 * largest + 1
    return next(
        order for order in range(numbers) if Symbols((numbers,), (GOLOMB,), (), order).golomb_bits <= MAX_LENGTH
    )


def group_sizes(tables: Sequence[NDArray[np.integer]], weights: Sequence[float], symbols: int, order: int) -> list[int]:
    """How many neighbouring levels to have in each group: merged while that saves training bits.

    Args:
        tables: training levels ``[n, L]`` at each of the rates that the groups are to serve.
        weights: of the bits at each of them.
        symbols: most symbols of a group.
        order: of the Golomb code of what lies outside.
    """

    def cost(first: int, last: int) -> float:
        bits = 0.0
        for levels, weight in zip(tables, weights, strict=True):
            rows, counts = np.unique(levels[:, first:last], axis=0, return_counts=True)
            code = fit_group(levels[:, first:last], fit_box(rows, counts, symbols))
            bits += weight * float(code.bits(rows, order) @ counts) / len(levels)
        return bits

    ends = [(i, i + 1) for i in range(tables[0].shape[1])]
    known = {span: cost(*span) for span in ends}
    while True:
        best, place = LEAST_GAIN, None
        for i, ((first, middle), (_, last)) in enumerate(pairwise(ends)):
            if last - first > MOST_IN_GROUP:
                continue
            if (first, last) not in known:
                known[first, last] = cost(first, last)
            gain = known[first, middle] + known[middle, last] - known[first, last]
            if gain > best:
                best, place = gain, i
        if place is None:
            return [last - first for first, last in ends]
        ends[place : place + 2] = [(ends[place][0], ends[place + 1][1])]
