"""Memory macros: which one a memory would take, and how many of it."""

from collections.abc import Iterable
from pathlib import Path

from rtl.memory.macros import fit
from rtl.shape.memory_use import MemoryUse
from synth.cells.liberty import Cell, read_liberty
from synth.mapping.mapping_report import MacroChoice
from synth.part import Part

__all__ = ["Macro", "choose", "macros"]


class Macro(Part):
    """A memory macro. ``ports`` is the number of its clocks for normal operation, each for reading or writing.

    ``bit_write``: it has pins that say which bits of a word to write.
    """

    name: str
    words: int
    width: int
    ports: int
    bit_write: bool
    area_um2: float
    leakage_nw: float


def macros(files: Iterable[Path]) -> list[Macro]:
    """The memory macros in liberty files.

    Raises:
        LibertyError: a file is broken.
    """
    return [
        Macro(
            name=cell.name,
            words=cell.memory.words,
            width=cell.memory.width,
            ports=_ports(cell),
            bit_write="A_BM" in cell.pins,
            area_um2=cell.area_um2,
            leakage_nw=cell.leakage_nw,
        )
        for file in files
        for cell in read_liberty(file).cells.values()
        if cell.memory is not None
    ]


def choose(available: Iterable[Macro], use: MemoryUse) -> MacroChoice | None:
    """The macros that hold a memory on the least area, as the generator chooses them; None if none fits."""
    grid = fit(available, use)
    if grid is None:
        return None
    return MacroChoice(
        macro=grid.macro.name,
        count=grid.count,
        area_um2=grid.area_um2,
        leakage_nw=grid.count * grid.macro.leakage_nw,
    )


def _ports(cell: Cell) -> int:
    """Clock pins, without those of the built-in self-test."""
    return sum(pin.clock and "BIST" not in pin.name for pin in cell.pins.values())
