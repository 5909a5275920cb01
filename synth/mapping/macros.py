"""Memory macros: which one a memory would take, and how many of it."""

from collections.abc import Iterable

from rtl.memory.macros import fit
from rtl.shape.memory_use import MemoryUse
from spikecae.design.hardware import MacroRows
from synth.cells.liberty import read_liberty
from synth.mapping.mapping_report import MacroChoice, MacroRow
from synth.part import Part
from synth.targets.cells import CellTarget

__all__ = ["LibraryMacro", "choose", "macros"]


class LibraryMacro(Part):
    """A memory macro, with what its liberty file says of it."""

    name: str
    words: int
    width: int
    ports: int
    write_bits: int
    """Fewest bits of a word that are written by themselves."""
    area_um2: float
    leakage_nw: float
    access_pj: float
    """Of a write and a read, their mean."""
    data_pj: float
    """Of a word that comes to the data pins, half of whose bits change."""


def macros(target: CellTarget) -> list[LibraryMacro]:
    """The macros of a process that the process kit at hand has; none without macros.

    Raises:
        ValueError: ``PDK_ROOT`` is not set, or a liberty file is broken or another macro's.
    """
    found = []
    for macro, file in target.macro_files().items():
        cell = read_liberty(file).cells.get(macro.name)
        if cell is None:
            raise ValueError(f"{file} has no cell {macro.name}; take the file from the process kit anew")
        found.append(
            LibraryMacro(
                name=macro.name,
                words=macro.words,
                width=macro.width,
                ports=macro.ports,
                write_bits=macro.write_bits,
                area_um2=cell.area_um2,
                leakage_nw=cell.leakage_nw,
                access_pj=macro.access_pj,
                data_pj=macro.data_pj,
            )
        )
    return found


def choose(available: Iterable[LibraryMacro], use: MemoryUse, rows: MacroRows = "balanced") -> MacroChoice | None:
    """The macros that hold a memory, as the generator chooses them; None if none fits."""
    grid = fit(available, use, rows)
    if grid is None:
        return None
    return MacroChoice(
        rows=[MacroRow(macro=row.macro.name, columns=row.columns) for row in grid.rows],
        area_um2=grid.area_um2,
        leakage_nw=sum(row.columns * row.macro.leakage_nw for row in grid.rows),
    )
