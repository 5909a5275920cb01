"""What mapping to a cell library must know that a liberty file does not say, or not in a way that Yosys reads."""

import os
from pathlib import Path

from synth.cells.liberty import Library
from synth.part import Part

__all__ = ["CellPin", "CellTarget", "cells_of"]


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


class CellTarget(Part):
    """A process with standard cells. Paths are relative to ``PDK_ROOT``, or absolute."""

    name: str
    process: str
    voltage_v: float
    liberty: Path
    macros: Path | None = None
    """Folder of memory macros' liberty files."""
    driving_cell: str
    """Drives the inputs, when cells are sized."""
    load_ff: float
    """Loads the outputs, when cells are sized."""
    tie_high: CellPin | None
    tie_low: CellPin | None
    """None: constants are the supply itself."""
    clock_gate: ClockGate | None
    """None: flip-flops are not gated."""
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
            raise ValueError(f"target {self.name}: no {place}; {where}; {REMEDY}")
        return place

    def macro_files(self) -> list[Path]:
        """Liberty files of the memory macros, sorted; none if the target has no macros, or the process kit lacks them.

        Raises:
            ValueError: ``PDK_ROOT`` is not set.
        """
        if self.macros is None:
            return []
        return sorted(_place(self.macros, self.name).glob("*_typ_*.lib"))


REMEDY = "targets generic and gates need no cell library"


def _place(path: Path, name: str) -> Path:
    root = os.environ.get("PDK_ROOT", "")
    if not path.is_absolute():
        if not root:
            raise ValueError(
                f"target {name} needs cells from its process kit: export PDK_ROOT=/path/to/folder, such that "
                f"$PDK_ROOT/{path} is there; {REMEDY}"
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
