"""A placement: where each block lies, as a file, and whether it may lie there."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.files import replacing
from synth.place.blocks import Blocks
from synth.place.floorplan import Floorplan

__all__ = ["Placement", "check_legal", "load_placement", "save_placement"]

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Placement:
    """Blocks as :class:`synth.place.blocks.Blocks` has them, with their lower left corners; lengths on the grid.

    ``upside_down`` (blocks,): mirrored at a horizontal line, as cells in every second row are; ``unit`` (blocks,)
    indexes ``units``.
    """

    die: Ints
    """(4,) width and height of the chip, height of a row, width of a site."""
    counts: Ints
    """(2,) cells and macros; the rest are ports."""
    x: Ints
    y: Ints
    width: Ints
    height: Ints
    upside_down: NDArray[np.bool_]
    unit: Ints
    units: NDArray[np.str_]


def save_placement(path: Path, placement: Placement) -> None:
    """Replace ``path`` by an ``.npz`` file."""
    with replacing(path) as file:
        np.savez_compressed(file, **{field.name: getattr(placement, field.name) for field in fields(Placement)})


def load_placement(path: Path) -> Placement:
    """Read it back.

    Raises:
        ValueError: there is none, or it is broken.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Placement(**{field.name: arrays[field.name] for field in fields(Placement)})
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"no placement in {path}; run the place stage to make it") from error


def check_legal(blocks: Blocks, plan: Floorplan, placement: Placement) -> None:
    """Make sure that cells lie inside, in rows and on sites, and that no two blocks overlap.

    Raises:
        ValueError: one does not; that is a fault of the placer.
    """
    cells = slice(0, blocks.cells)
    x, y = (side.astype(np.int64) for side in (placement.x, placement.y))
    wide, high = (side.astype(np.int64) for side in (blocks.width, blocks.height))
    solid = slice(0, blocks.cells + blocks.macros)
    faults = {
        "outside of the chip": ((x < 0) | (y < 0) | (x + wide > plan.width) | (y + high > plan.height))[solid],
        "not in a row": (y[cells] % plan.row != 0) | (high[cells] % plan.row != 0),
        "not on a site": x[cells] % plan.site != 0,
        "on another": _overlapping(x[solid], y[solid], wide[solid], high[solid], plan.row),
    }
    for fault, blocks_at_fault in faults.items():
        if blocks_at_fault.any():
            raise ValueError(f"{int(blocks_at_fault.sum())} placed cells or macros lie {fault}; a fault of the placer")


def _overlapping(
    x: NDArray[np.int64], y: NDArray[np.int64], wide: NDArray[np.int64], high: NDArray[np.int64], row: int
) -> NDArray[np.bool_]:
    """(blocks,) whether a block reaches into the next one in any of its rows."""
    first, last = y // row, -(-(y + high) // row)
    block = np.repeat(np.arange(len(x)), last - first)
    rows = np.repeat(first - np.r_[0, np.cumsum(last - first)[:-1]], last - first) + np.arange(len(block))
    order = np.lexsort((x[block], rows))
    block, rows = block[order], rows[order]
    found = np.zeros(len(x), dtype=bool)
    # Macros' rows are rounded outwards, and two of them may share one: only cells reach into others by their rows.
    touching = (rows[1:] == rows[:-1]) & (x[block[1:]] < x[block[:-1]] + wide[block[:-1]])
    touching &= np.minimum((y + high)[block[1:]], (y + high)[block[:-1]]) > np.maximum(y[block[1:]], y[block[:-1]])
    found[block[1:][touching]] = True
    return found
