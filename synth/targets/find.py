"""Targets by name, or by liberty file."""

from pathlib import Path

from synth.cells.liberty import read_liberty
from synth.targets import ihp_sg13g2, osu018, sky130
from synth.targets.cells import CellTarget, cells_of
from synth.targets.fpga import FPGAS

__all__ = ["WITHOUT_CELLS", "WITH_CELLS", "cell_target", "target_name"]

WITHOUT_CELLS = {
    "generic": "Yosys word-level statistics of the flattened module; memories counted in bits",
    "gates": "the same, and the encoder mapped by Yosys to static CMOS gates of up to four inputs, without a library",
}
"""What needs no cell library, and how it is done. ``gates`` takes minutes."""

WITH_CELLS = {target.name: target for target in (ihp_sg13g2.TARGET, sky130.TARGET, osu018.TARGET)}
"""Processes that are known by name."""


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
    if target in WITH_CELLS:
        return WITH_CELLS[target]
    if target.endswith(".lib"):
        path = Path(target)
        if not path.is_file():
            raise ValueError(f"no liberty file {target}; give the path of one, or choose target {_choices()}")
        return cells_of(read_liberty(path), path)
    raise ValueError(f"no synthesis target {target!r}; choose one of {_choices()}, or a liberty file (.lib)")


def _choices() -> str:
    return ", ".join([*WITHOUT_CELLS, *WITH_CELLS, *FPGAS])
