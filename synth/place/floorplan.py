"""How large the chip is, and where its macros and ports lie, before any cell is placed."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from synth.place.blocks import Blocks

__all__ = ["Floorplan", "floorplan"]


@dataclass(frozen=True)
class Floorplan:
    """Size of the chip, rows of cells from its lower edge on, and what is fixed; lengths on the grid.

    ``x``, ``y`` (fixed,) and ``upside_down`` (fixed,) are those of the macros, then of the ports.
    """

    width: int
    height: int
    row: int
    site: int
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    upside_down: NDArray[np.bool_]
    room: int
    """Area of the rows, where no macro reaches into them."""


def floorplan(blocks: Blocks, row: int, site: int, density: float) -> Floorplan:
    """A chip as square as its macros let it be; these in shelves along the lower and the upper edge, pins inwards.

    Macros of units that touch the same nets lie side by side. Ports are spread over the left and the right edge, in
    the order that the chip names them.

    Args:
        blocks: what is to be placed.
        row, site: height of a row, and width of a site.
        density: share of the area left by the macros that cells are to take.

    Raises:
        ValueError: a density that is no share.
    """
    if not 0 < density <= 1:
        raise ValueError(f"density is {density:g}, must be above 0 and at most 1; 0.7 is usual")
    of_cells, of_macros = slice(0, blocks.cells), slice(blocks.cells, blocks.cells + blocks.macros)
    widths, heights = (side.astype(np.int64) for side in (blocks.width, blocks.height))
    room = float((widths[of_cells] * heights[of_cells]).sum()) / density
    taken = float((widths[of_macros] * heights[of_macros]).sum())
    width = ceil(max(sqrt(room + taken), int(widths[of_macros].max(initial=0))) / site) * site
    shelves = _shelves(_by_connection(blocks), widths[of_macros], width)
    depth = sum(max(int(heights[of_macros][macro]) for macro in shelf) for shelf in shelves)
    rows = max(ceil((room + taken) / width / row), ceil(depth / row) + 1)
    x, y, down = _macros(blocks, shelves, width, rows * row)
    reached = -(-(y + heights[of_macros]) // row) - y // row
    ports = blocks.count - blocks.cells - blocks.macros
    at = np.arange(ports)
    left = at < ceil(ports / 2)
    steps = max(1, ceil(ports / 2))
    return Floorplan(
        width=width,
        height=rows * row,
        row=row,
        site=site,
        x=np.concatenate([x, np.where(left, 0, width)]).astype(np.int32),
        y=np.concatenate([y, (at % steps + 0.5) * rows * row / steps]).astype(np.int32),
        upside_down=np.concatenate([down, np.zeros(ports, dtype=bool)]),
        room=width * rows * row - int((reached * row * widths[of_macros]).sum()),
    )


def _by_connection(blocks: Blocks) -> list[int]:
    """Macros in an order in which those that belong together follow each other.

    They are sorted by the second eigenvector of their graph's Laplacian (Hall 1970), in which an edge weighs as much
    as the two touch the same units.
    """
    if blocks.macros < 3:
        return list(range(blocks.macros))
    units = int(blocks.unit.max()) + 1
    touched = np.zeros((blocks.macros, units))
    starts = np.flatnonzero(np.r_[True, np.diff(blocks.net) > 0, True])
    for begin, end in pairwise(starts):
        ends = blocks.block[begin:end]
        fixed = ends[(ends >= blocks.cells) & (ends < blocks.cells + blocks.macros)] - blocks.cells
        if fixed.size:
            touched[np.ix_(fixed, np.unique(blocks.unit[ends]))] += 1
    touched /= np.maximum(1e-9, np.linalg.norm(touched, axis=1, keepdims=True))
    weights = touched @ touched.T
    np.fill_diagonal(weights, 0.0)
    _, vectors = np.linalg.eigh(np.diag(weights.sum(axis=1)) - weights)
    second = np.round(vectors[:, 1], 9)
    return [int(macro) for macro in np.argsort(second * np.sign(second[np.argmax(np.abs(second))]), kind="stable")]


def _shelves(order: list[int], widths: NDArray[np.int64], width: int) -> list[list[int]]:
    """The order cut into as few shelves as hold it, and these as evenly filled as they can be."""
    shelves: list[list[int]] = []
    free = 0
    for macro in order:
        if int(widths[macro]) > free:
            shelves.append([])
            free = width
        shelves[-1].append(macro)
        free -= int(widths[macro])
    return shelves


def _macros(
    blocks: Blocks, shelves: list[list[int]], width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Shelves in turn at the lower edge, from the left, and at the upper one, from the right."""
    x, y = np.zeros(blocks.macros, dtype=np.int64), np.zeros(blocks.macros, dtype=np.int64)
    down = np.zeros(blocks.macros, dtype=bool)
    used = [0, 0]
    for number, shelf in enumerate(shelves):
        upper = number % 2
        left = 0
        for macro in shelf:
            block = blocks.cells + macro
            wide, high = int(blocks.width[block]), int(blocks.height[block])
            x[macro] = width - left - wide if upper else left
            y[macro] = height - used[1] - high if upper else used[0]
            below = float(blocks.dy[blocks.block == block].mean()) < high / 2 if (blocks.block == block).any() else True
            down[macro] = below != bool(upper)
            left += wide
        used[upper] += max(int(blocks.height[blocks.cells + macro]) for macro in shelf)
    return x, y, down
