"""Which macros hold a memory: those with the least product of area and energy, or where area counts for more."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Generic, Protocol, TypeVar

from rtl.shape.memory_use import MemoryUse
from spikecae.design.hardware import MacroRows

__all__ = ["Grid", "MacroLike", "Row", "fit"]


class MacroLike(Protocol):
    """A memory macro: each of its ``ports`` reads or writes; ``write_bits`` are the fewest written by themselves.

    ``access_pj``: of a write and a read, their mean. ``data_pj``: of a word that comes to the data pins, half of whose
    bits change, whether or not it is written there.
    """

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def ports(self) -> int: ...
    @property
    def write_bits(self) -> int: ...
    @property
    def area_um2(self) -> float: ...
    @property
    def access_pj(self) -> float: ...
    @property
    def data_pj(self) -> float: ...


M = TypeVar("M", bound=MacroLike)


@dataclass(frozen=True)
class Row(Generic[M]):
    """Macros of one kind, side by side, that hold as many words of a memory as one of them has."""

    macro: M
    columns: int

    @property
    def area_um2(self) -> float:
        """Area of all."""
        return self.columns * self.macro.area_um2


@dataclass(frozen=True)
class Grid(Generic[M]):
    """Macros that hold a memory: rows one above the other, the longest first, so that each begins at a multiple of its
    own words."""

    rows: tuple[Row[M], ...]

    @property
    def area_um2(self) -> float:
        """Area of all."""
        return sum(row.area_um2 for row in self.rows)

    def begins(self) -> list[int]:
        """The first word of each row."""
        return [sum(row.macro.words for row in self.rows[:number]) for number in range(len(self.rows))]

    def shares(self, words: int) -> list[float]:
        """Of a memory of so many words, what each row holds."""
        return [
            min(row.macro.words, words - begin) / words for row, begin in zip(self.rows, self.begins(), strict=True)
        ]

    def energy_pj(self, words: int) -> float:
        """Of an access anywhere in a memory of so many words, and of the word that comes to its row."""
        each = zip(self.rows, self.shares(words), strict=True)
        return sum(row.columns * share * (row.macro.access_pj + row.macro.data_pj) for row, share in each)


def fit(available: Iterable[M], use: MemoryUse, rows: MacroRows = "balanced") -> Grid[M] | None:
    """The macros that hold a memory; None if none has the ports, or writes such small parts.

    Short rows take more area, and less energy an access. Of the grids that take the least area without rows of more
    than so many words, the one with the least area times energy is chosen, or, where rows are to be ``long``, with the
    least area times area times energy.
    """
    longest: dict[int, Row[M]] = {}
    for macro in available:
        if macro.ports >= use.ports and _writes(macro, use):
            same = [Row(macro, ceil(use.width / macro.width)), *filter(None, [longest.get(macro.words)])]
            longest[macro.words] = min(same, key=lambda row: (row.area_um2, row.macro.name))
    grids = [_least([row for words, row in longest.items() if words <= limit], use.words) for limit in sorted(longest)]
    power = {"balanced": 1, "long": 2}[rows]
    return min(grids, key=lambda grid: grid.area_um2**power * grid.energy_pj(use.words), default=None)


def _least(rows: list[Row[M]], words: int) -> Grid[M]:
    """The grid of these rows on the least area, and of those with the fewest rows."""

    step = min(row.macro.words for row in rows)
    best: list[tuple[float, int, tuple[Row[M], ...]]] = [(0.0, 0, ())]
    for steps in range(1, ceil(words / step) + 1):
        shorter = [(row, best[max(0, steps - row.macro.words // step)]) for row in rows]
        grids = [(area + row.area_um2, count + 1, (row, *others)) for row, (area, count, others) in shorter]
        best.append(min(grids, key=lambda grid: grid[:2]))
    return Grid(tuple(sorted(best[-1][2], key=lambda row: -row.macro.words)))


def _writes(macro: MacroLike, use: MemoryUse) -> bool:
    if use.write_bits is None or use.write_bits == use.width:
        return True
    return macro.write_bits < macro.width and use.write_bits % macro.write_bits == 0
