"""The processes that are known by name; targets by name, or by liberty file."""

from pathlib import Path

from rtl.memory.kit import WITHOUT_MACROS, MacroKit
from synth.cells.liberty import read_liberty
from synth.targets import generic_45nm, ihp_sg13g2, osu018, sky130
from synth.targets.cells import CellTarget, cells_of
from synth.targets.fpga import FPGAS
from synth.targets.process import Process

__all__ = [
    "PROCESSES",
    "WITHOUT_CELLS",
    "cell_target",
    "choices",
    "macro_kit",
    "register",
    "target_name",
    "with_cells",
    "with_costs",
    "with_macros",
]

WITHOUT_CELLS = {
    "generic": "Yosys word-level statistics of the flattened module; memories counted in bits",
    "gates": "the same, and the encoder mapped by Yosys to static CMOS gates of up to four inputs, without a library",
}
"""What needs no cell library, and how it is done. ``gates`` takes minutes."""

PROCESSES: dict[str, Process] = {}
"""By name, in the order of menus and reports."""


def register(process: Process) -> None:
    """Make a process known by its name.

    Raises:
        ValueError: the name is taken.
    """
    if process.name in {*PROCESSES, *WITHOUT_CELLS, *WITHOUT_MACROS, *FPGAS}:
        raise ValueError(f"there is a target {process.name!r} already; give the process another name")
    PROCESSES[process.name] = process


for known in (ihp_sg13g2, sky130, osu018, generic_45nm):
    register(known.TARGET)


def with_cells() -> dict[str, CellTarget]:
    """Those to map to, by name."""
    return {name: process for name, process in PROCESSES.items() if isinstance(process, CellTarget)}


def with_macros() -> dict[str, MacroKit]:
    """Macros of those that have some, by the process's name: what ``hardware.memories`` may name."""
    return {name: process.macros for name, process in with_cells().items() if process.macros is not None}


def with_costs() -> dict[str, Process]:
    """Those that the analytic estimate is made for, by name."""
    return {name: process for name, process in PROCESSES.items() if process.costs is not None}


def macro_kit(memories: str) -> MacroKit | None:
    """What the generator needs for ``hardware.memories``; None where that is no process.

    Raises:
        ValueError: there is no such process, or it has no macros.
    """
    if memories in WITHOUT_MACROS:
        return None
    kits = with_macros()
    if memories not in kits:
        names = ", ".join([*WITHOUT_MACROS, *kits])
        raise ValueError(f"no process {memories!r} with memory macros; set hardware.memories to one of {names}")
    return kits[memories]


def target_name(target: str) -> str:
    """Name for folders and reports: a liberty file's without its folder and ending."""
    return Path(target).name.removesuffix(".lib")


def cell_target(target: str) -> CellTarget | None:
    """The process to map to; None for a target that needs no cells, such as an FPGA.

    Args:
        target: a name, or the path of a liberty file, which ends in ``.lib``.

    Raises:
        ValueError: no such target, or a liberty file that is missing, broken, or lacks necessary cells.
    """
    if target in WITHOUT_CELLS or target in FPGAS:
        return None
    named = with_cells()
    if target in named:
        return named[target]
    if target.endswith(".lib"):
        path = Path(target)
        if not path.is_file():
            raise ValueError(f"no liberty file {target}; give the path of one, or choose target {choices()}")
        return cells_of(read_liberty(path), path)
    raise ValueError(f"no synthesis target {target!r}; choose one of {choices()}, or a liberty file (.lib)")


def choices() -> str:
    """Targets by name, for messages and menus."""
    return ", ".join([*WITHOUT_CELLS, *with_cells(), *FPGAS])
