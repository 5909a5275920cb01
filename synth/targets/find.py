"""The processes that are known by name; targets by name, or by liberty file."""

from pathlib import Path

from rtl.memory.kit import MacroKit
from spikecae.design import WITHOUT_MACROS
from synth.cells.liberty import read_liberty
from synth.targets.cells import CellTarget, cells_of
from synth.targets.fpga import FPGAS
from synth.targets.process import Process
from synth.targets.registry import PROCESSES, WITHOUT_CELLS

__all__ = [
    "cell_target",
    "choices",
    "macro_kit",
    "target_name",
    "with_cells",
    "with_costs",
    "with_macros",
]


def with_cells() -> dict[str, CellTarget]:
    """Those to map to, by name."""
    return {name: process for name, process in PROCESSES.items() if isinstance(process, CellTarget)}


def with_macros() -> dict[str, MacroKit]:
    """Macros of those that have some, by the process's name: what ``hardware.memories`` may name."""
    return {name: process.macros for name, process in with_cells().items() if process.macros is not None}


def with_costs() -> dict[str, Process]:
    """Those that the analytic estimate is made for, by name; first those that can be mapped to."""
    known = {**with_cells(), **PROCESSES}
    return {name: process for name, process in known.items() if process.costs is not None}


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
