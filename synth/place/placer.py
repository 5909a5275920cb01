"""Cells put into rows by Coloquinte, with room between them, so that they are as dense everywhere as they are to be."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.toolchain import require
from synth.place.blocks import Blocks
from synth.place.floorplan import Floorplan
from synth.place.placement import Placement, check_legal

__all__ = ["FILL", "PlacerError", "place_cells"]

FILL = 0.9
"""Share of the rows that cells take with the room beside them: the rest lets the placer move them into rows."""
RUN = "synth.place.coloquinte_run"
ROOT = Path(__file__).resolve().parents[2]
USUAL_STEPS = 90
"""About as many as a chip takes; only the progress bar asks."""

Progress = Callable[[str, int, int], None]


class PlacerError(RuntimeError):
    """Coloquinte stopped."""


def place_cells(
    blocks: Blocks,
    plan: Floorplan,
    *,
    pull: NDArray[np.float64],
    units: tuple[str, ...],
    seed: int,
    progress: Progress,
) -> Placement:
    """Place the cells between what is fixed, for the least sum of the half perimeters of nets' boxes times their pulls.

    Args:
        blocks: what is placed.
        plan: the chip, with its macros and ports.
        pull: (nets,) how much each counts, 1 or more; 0: not at all.
        units: names of the units.
        seed: of the placer's noise, and of the places that cells start from.
        progress: called with the step's name, how much is done, and of about how much.

    Raises:
        MissingToolError: Coloquinte is not installed.
        PlacerError: it stopped.
        ValueError: cells overlap, or are in no row: a fault of the placer.
    """
    require("coloquinte")
    fixed = np.arange(blocks.count) >= blocks.cells
    pulls = pull[blocks.net] > 0
    start = np.random.default_rng(seed)
    room = _with_room(blocks.width[: blocks.cells].astype(np.int64), plan)
    place: dict[str, NDArray[Any]] = {
        "width": np.concatenate([room, blocks.width[blocks.cells :]]),
        "height": blocks.height,
        "fixed": fixed,
        "solid": ~fixed | (blocks.width > 0),
        "x": np.concatenate([start.integers(0, plan.width, blocks.cells), plan.x]),
        "y": np.concatenate([start.integers(0, plan.height, blocks.cells), plan.y]),
        "upside_down": np.concatenate([np.zeros(blocks.cells, dtype=bool), plan.upside_down]),
        "net": blocks.net[pulls],
        "block": blocks.block[pulls],
        "dx": blocks.dx[pulls],
        "dy": blocks.dy[pulls],
        "pull": pull[blocks.net[pulls]],
        "die": np.array([plan.width, plan.height, plan.row]),
        "seed": np.array(seed),
    }
    x, y, down = _run(place, progress)
    found = Placement(
        die=np.array([plan.width, plan.height, plan.row, plan.site], dtype=np.int32),
        counts=np.array([blocks.cells, blocks.macros], dtype=np.int32),
        x=np.where(fixed, x, x // plan.site * plan.site),  # widths are whole sites, so that nothing comes to overlap
        y=y,
        width=blocks.width,
        height=blocks.height,
        upside_down=np.where(fixed, place["upside_down"], down),
        unit=blocks.unit,
        units=np.array(units),
    )
    check_legal(blocks, plan, found)
    return found


def _with_room(widths: NDArray[np.int64], plan: Floorplan) -> NDArray[np.int64]:
    """Widths of the cells with the room beside each, in proportion: whole sites that add up to ``FILL``."""
    stretch = max(1.0, FILL * plan.room / plan.row / max(1, int(widths.sum())))
    sites = np.rint(np.cumsum(widths) * stretch / plan.site).astype(np.int64)
    room: NDArray[np.int64] = np.maximum(np.diff(sites, prepend=0) * plan.site, widths)
    return room


def _run(place: dict[str, NDArray[Any]], progress: Progress) -> tuple[NDArray[np.int32], ...]:
    with tempfile.TemporaryDirectory(prefix="spikecae-place-") as name:
        folder = Path(name)
        with (folder / "given.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, **place)
        command = [sys.executable, "-m", RUN, str(folder / "given.npz"), str(folder / "placed.npz")]
        said: list[str] = []
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                progress("cells", len(said), max(USUAL_STEPS, len(said)))
        if process.returncode:
            raise PlacerError(f"Coloquinte stopped:\n{''.join(said).strip()[-2000:]}")
        with np.load(folder / "placed.npz", allow_pickle=False) as arrays:
            return arrays["x"], arrays["y"], arrays["upside_down"]
