"""What mapping to a cell library must know that a liberty file does not say, or not in a way that Yosys reads."""

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from rtl.memory.kit import Macro, MacroKit
from synth.cells.liberty import Library
from synth.part import Part
from synth.targets.process import Figure, Process
from synth.targets.registry import PROCESSES, WITHOUT_CELLS

__all__ = ["CellPin", "CellTarget", "ClockGate", "Rows", "cells_of"]


class CellPin(Part):
    """A cell and one of its pins."""

    cell: str
    pin: str


class ClockGate(Part):
    """A clock gate for rising edges, with its pins."""

    cell: str
    enable: str
    clock: str
    output: str


class Rows(Part):
    """What a placement must know of a process."""

    row_um: Figure
    site_um: Figure
    wire_ff_per_um: Figure
    clock_wire_ff_per_um: Figure
    """That of other wires, where nothing else is known."""


class CellTarget(Process):
    """A process with standard cells. Paths are relative to ``PDK_ROOT``, or absolute."""

    liberty: Path
    corners: dict[str, Path] = Field(default_factory=dict)
    """Liberty files of the same cells at other corners, by what these are called."""
    lef: Path | None = None
    """Abstracts of the cells. None, or not in the process kit at hand: a cell's width follows from its area."""
    macros: MacroKit | None = None
    """None: the process has no memory macros."""
    driving_cell: str
    """Drives the inputs, when cells are sized."""
    load_ff: float
    """Loads the outputs, when cells are sized."""
    tie_high: CellPin | None
    tie_low: CellPin | None
    """None: constants are the supply itself."""
    clock_gate: ClockGate | None
    """None: flip-flops are not gated."""
    row_um: Figure | None = None
    """Height of a row of cells."""
    site_um: Figure | None = None
    """Width of a cell is a multiple of it."""
    wire_ff_per_um: Figure | None = None
    """Capacitance of a routed wire, coupling to its neighbours included."""
    clock_wire_ff_per_um: Figure | None = None
    """The same of the clock's."""
    package: str | None = None
    """Debian package that installs the files, where that is how to get them."""

    def file(self) -> Path:
        """The liberty file.

        Raises:
            ValueError: ``PDK_ROOT`` is not set, or has no such file.
        """
        place = _place(self.liberty, self.name)
        if not place.exists():
            where = (
                f"apt-get install {self.package}" if self.package else "point PDK_ROOT at a process kit with that in it"
            )
            raise ValueError(f"target {self.name}: no {place}; {where}; {_others(self.name)}")
        return place

    def rows(self) -> Rows:
        """Rows and wires.

        Raises:
            ValueError: not all is known.
        """
        named = {"row_um": self.row_um, "site_um": self.site_um, "wire_ff_per_um": self.wire_ff_per_um}
        missing = ", ".join(name for name, figure in named.items() if figure is None)
        if self.row_um is None or self.site_um is None or self.wire_ff_per_um is None:
            raise ValueError(
                f"target {self.name}: {missing} not known, so that nothing can be placed; measure with assumed wires "
                "(without PLACED=1), or write them into the process's file in synth/targets"
            )
        return Rows(
            row_um=self.row_um,
            site_um=self.site_um,
            wire_ff_per_um=self.wire_ff_per_um,
            clock_wire_ff_per_um=self.clock_wire_ff_per_um or self.wire_ff_per_um,
        )

    def lef_file(self) -> Path | None:
        """The cells' abstracts, if the process kit at hand has them.

        Raises:
            ValueError: ``PDK_ROOT`` is not set.
        """
        file = None if self.lef is None else _place(self.lef, self.name)
        return file if file is not None and file.is_file() else None

    def at_corner(self, corner: str) -> "CellTarget":
        """The same with the cells of another corner.

        Raises:
            ValueError: no such corner is known.
        """
        if corner not in self.corners:
            known = ", ".join(self.corners) or "none"
            raise ValueError(f"target {self.name} has no corner {corner!r} (others than its own: {known})")
        return self.model_copy(update={"liberty": self.corners[corner]})

    def macro_files(self) -> dict[Macro, Path]:
        """Liberty file of each memory macro that the process kit at hand has one of, in the order of their names.

        Raises:
            ValueError: ``PDK_ROOT`` is not set.
        """
        return self._of_macros(lambda macro: macro.files.liberty)

    def macro_lef_files(self) -> dict[Macro, Path]:
        """The same for their abstracts."""
        return self._of_macros(lambda macro: macro.files.lef)

    def _of_macros(self, name: Callable[[Macro], str]) -> dict[Macro, Path]:
        if self.macros is None:
            return {}
        kit = _place(Path(self.macros.folder), self.name)
        ordered = sorted(self.macros.macros, key=lambda macro: macro.name)
        files = {macro: kit / name(macro) for macro in ordered}
        return {macro: file for macro, file in files.items() if file.is_file()}


def _others(name: str) -> str:
    """What to do in place of target ``name`` without its process kit."""
    alone = [
        known
        for known, process in PROCESSES.items()
        if known != name and isinstance(process, CellTarget) and process.liberty.is_absolute()
    ]
    cells = "".join(f"{known}, or " for known in alone)
    return (
        f"targets {' and '.join(WITHOUT_CELLS)} need no cell library, but have no power either; cells without "
        f"PDK_ROOT: {cells}a Liberty file (.lib) given as the target"
    )


def _place(path: Path, name: str) -> Path:
    root = os.environ.get("PDK_ROOT", "")
    if not path.is_absolute():
        if not root:
            raise ValueError(
                f"target {name} needs cells from its process kit: export PDK_ROOT=/path/to/folder, such that "
                f"$PDK_ROOT/{path} is there; {_others(name)}"
            )
        path = Path(root) / path
    return path


def cells_of(library: Library, liberty: Path) -> CellTarget:
    """Choose the special cells of a library that is no named target.

    The clock gate is the smallest for rising edges without a test pin; the driving cell, the median buffer by area.

    Args:
        library: its content.
        liberty: where it was read from.

    Raises:
        ValueError: there is no buffer.
    """
    buffers = []
    ties: dict[str, CellPin] = {}
    gates = []
    for cell in sorted(library.cells.values(), key=lambda cell: (cell.area_um2, cell.name)):
        inputs = [pin for pin in cell.pins.values() if pin.direction == "input"]
        outputs = [pin for pin in cell.pins.values() if pin.direction == "output"]
        if cell.sequential == "clock gate" and len(inputs) == 2 and len(outputs) == 1:
            clocks = [pin.name for pin in inputs if pin.clock]
            enables = [pin.name for pin in inputs if not pin.clock]
            if len(clocks) == 1:
                gates.append(ClockGate(cell=cell.name, enable=enables[0], clock=clocks[0], output=outputs[0].name))
        if cell.sequential or cell.dont_use:
            continue
        for pin in outputs:
            function = (pin.function or "").strip("() ")
            if not inputs and function in ("0", "1"):
                ties.setdefault(function, CellPin(cell=cell.name, pin=pin.name))
            if [other.name for other in inputs] == [function] and len(outputs) == 1:
                buffers.append(cell.name)
    if not buffers:
        raise ValueError(f"{liberty} has no buffer cell; give the liberty file of a whole cell library")
    return CellTarget(
        name=liberty.stem,
        process=library.name,
        voltage_v=library.voltage_v,
        liberty=liberty.resolve(),
        driving_cell=buffers[len(buffers) // 2],
        load_ff=15.0,
        tie_high=ties.get("1"),
        tie_low=ties.get("0"),
        clock_gate=gates[0] if gates else None,
    )
