"""Memory macros: which ones hold a memory on the least area, and those of IHP's open process kit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Generic, Protocol, TypeVar

from rtl.shape.memory_use import MemoryUse

__all__ = ["IHP_SG13G2", "Grid", "IhpMacro", "MacroLike", "fit"]


class MacroLike(Protocol):
    """A memory macro: each of its ``ports`` reads or writes, with ``bit_write`` single bits of a word too."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def ports(self) -> int: ...
    @property
    def bit_write(self) -> bool: ...
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
    """The macros that hold a memory on the least area; None if none has the ports, or writes single bits."""
    parts = use.write_bits is not None and use.write_bits < use.width
    grids = [
        Grid(macro, ceil(use.words / macro.words), ceil(use.width / macro.width))
        for macro in available
        if macro.ports >= use.ports and (macro.bit_write or not parts)
    ]
    return min(grids, key=lambda grid: (grid.area_um2, grid.macro.name), default=None)


@dataclass(frozen=True)
class IhpMacro:
    """A macro of IHP SG13G2. Its name says all but the area, which is that of its liberty file."""

    name: str
    area_um2: float

    def _shape(self) -> tuple[int, int, int]:
        found = re.fullmatch(r"RM_IHPSG13_([12])P_(\d+)x(\d+)_c\d(_bm_bist)?", self.name)
        if found is None:
            raise ValueError(f"{self.name} is no name of a macro of IHP SG13G2: RM_IHPSG13_1P_64x64_c2_bm_bist is one")
        ports, words, width = (int(part) for part in found.groups()[:3])
        return ports, words, width

    @property
    def ports(self) -> int:
        """Ports ``A_`` and ``B_``, or ``A_`` alone."""
        return self._shape()[0]

    @property
    def words(self) -> int:
        """A power of two."""
        return self._shape()[1]

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self._shape()[2]

    @property
    def bit_write(self) -> bool:
        """Whether it has pins ``A_BM``, which say the bits to write, and those of a built-in self-test."""
        return self.name.endswith("_bm_bist")


IHP_SG13G2 = tuple(
    IhpMacro(f"RM_IHPSG13_{name}", area)
    for name, area in (
        ("1P_64x64_c2_bm_bist", 50489.1328),
        ("1P_256x8_c3_bm_bist", 17546.88),
        ("1P_256x16_c2_bm_bist", 28127.104),
        ("1P_256x32_c2_bm_bist", 49488.4992),
        ("1P_256x48_c2_bm_bist", 70849.8944),
        ("1P_256x64_c2_bm_bist", 93180.5344),
        ("1P_512x8_c3_bm_bist", 26137.984),
        ("1P_512x16_c2_bm_bist", 45309.312),
        ("1P_512x32_c2_bm_bist", 79719.8976),
        ("1P_512x64_c2_bm_bist", 150102.4032),
        ("1P_1024x8_c2_bm_bist", 49419.2448),
        ("1P_1024x16_c2_bm_bist", 79673.728),
        ("1P_1024x32_c2_bm_bist", 140182.6944),
        ("1P_1024x64_c2_bm_bist", 263946.1408),
        ("1P_2048x64_c2_bm_bist", 491633.616),
        ("1P_4096x8_c3_bm_bist", 146413.44),
        ("1P_4096x16_c3_bm_bist", 257608.512),
        ("1P_8192x32_c4", 939914.928),
        ("2P_64x22_c2", 39383.8661),
        ("2P_64x32_c2", 52620.8821),
        ("2P_256x8_c2_bm_bist", 38147.5147),
        ("2P_256x16_c2_bm_bist", 57520.5515),
        ("2P_256x32_c2_bm_bist", 96266.6251),
        ("2P_512x8_c2_bm_bist", 57397.3309),
        ("2P_512x16_c2_bm_bist", 88481.5997),
        ("2P_512x32_c2_bm_bist", 150650.1373),
        ("2P_1024x16_c2_bm_bist", 155153.8157),
        ("2P_1024x32_c2_bm_bist", 264167.2813),
    )
)
"""All that the kit has, with areas in µm² (IHP-Open-PDK 5cccb161)."""
