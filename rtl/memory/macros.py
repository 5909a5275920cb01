"""Which macros hold a memory on the least area."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Generic, Protocol, TypeVar

from rtl.shape.memory_use import MemoryUse

__all__ = ["Grid", "MacroLike", "fit"]


class MacroLike(Protocol):
    """A memory macro: each of its ``ports`` reads or writes; ``write_bits`` are the fewest written by themselves."""

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


M = TypeVar("M", bound=MacroLike)


@dataclass(frozen=True)
class Grid(Generic[M]):
    """Macros of one kind that hold a memory: ``rows`` one above the other, ``columns`` side by side."""

    macro: M
    rows: int
    columns: int

    @property
    def count(self) -> int:
        """Macros in all."""
        return self.rows * self.columns

    @property
    def area_um2(self) -> float:
        """Area of all."""
        return self.count * self.macro.area_um2


def fit(available: Iterable[M], use: MemoryUse) -> Grid[M] | None:
    """The macros that hold a memory on the least area; None if none has the ports, or writes such small parts."""
    grids = [
        Grid(macro, ceil(use.words / macro.words), ceil(use.width / macro.width))
        for macro in available
        if macro.ports >= use.ports and _writes(macro, use)
    ]
    return min(grids, key=lambda grid: (grid.area_um2, grid.macro.name), default=None)


def _writes(macro: MacroLike, use: MemoryUse) -> bool:
    if use.write_bits is None or use.write_bits == use.width:
        return True
    return macro.write_bits < macro.width and use.write_bits % macro.write_bits == 0
