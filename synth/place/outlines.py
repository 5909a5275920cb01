"""Sizes and pins of a process's cells and macros, from LEF files where the process kit has them."""

from collections.abc import Iterable

from synth.cells.lef import Outline, read_lef
from synth.cells.liberty import Cell, Library
from synth.targets.cells import CellTarget

__all__ = ["cell_outlines", "macro_outlines"]


def cell_outlines(target: CellTarget, library: Library, cells: Iterable[str]) -> dict[str, Outline]:
    """Of library cells, by name: drawn ones where there is a LEF file, else as wide as their area asks for in a row.

    Raises:
        ValueError: the process's rows are not known, or its LEF file is broken.
    """
    file = target.lef_file()
    drawn = {} if file is None else read_lef(file)
    row = target.rows().row_um.value
    return {name: drawn.get(name) or _of_area(library.cells[name], row) for name in cells}


def macro_outlines(target: CellTarget, wanted: Iterable[str]) -> dict[str, Outline]:
    """Of macros, by name; square ones where there is no LEF file.

    Raises:
        ValueError: a LEF file is broken.
    """
    files = {macro.name: file for macro, file in target.macro_lef_files().items()}
    areas = {macro.name: macro.area_um2 for macro in target.macro_files()}
    found = {}
    for name in wanted:
        drawn = read_lef(files[name]).get(name) if name in files else None
        found[name] = drawn or Outline(areas[name] ** 0.5, areas[name] ** 0.5, {})
    return found


def _of_area(cell: Cell, height_um: float) -> Outline:
    """All pins in the middle, which is what an outline without pins means too."""
    return Outline(cell.area_um2 / height_um, height_um, {})
