"""A picture of a placement: each cell and macro in the color of its unit."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from flow.report.drawing.figures import INK
from synth.place.blocks import GRID_UM
from synth.place.placement import Placement

__all__ = ["placement_figure"]

COLORS = [mpl.colormaps["tab20"](n) for n in (*range(0, 20, 2), *range(1, 20, 2)) if n not in (14, 15)]
"""Of the largest units, strong ones first; no grey."""
OTHER, EMPTY = (0.6, 0.6, 0.6, 1.0), (1.0, 1.0, 1.0, 0.0)


def placement_figure(placement: Placement) -> Figure:
    """The chip from above, a point for every row and as much across; macros have a frame."""
    cells, macros = (int(count) for count in placement.counts)
    solid = cells + macros
    area = placement.width[:solid].astype(np.int64) * placement.height[:solid]
    by_unit = np.bincount(placement.unit[:solid], weights=area, minlength=len(placement.units))
    shown = [int(unit) for unit in np.argsort(-by_unit, kind="stable")[: len(COLORS)] if by_unit[unit] > 0]
    color_of = np.tile(np.array(OTHER), (len(placement.units), 1))
    color_of[shown] = COLORS[: len(shown)]
    width, height, row, _ = (int(length) for length in placement.die)
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    axis = figure.subplots()
    across, up = width * GRID_UM, height * GRID_UM
    axis.imshow(_image(placement, color_of, row), extent=(0, across, 0, up), origin="lower", interpolation="nearest")
    for block in range(cells, solid):
        corner = placement.x[block] * GRID_UM, placement.y[block] * GRID_UM
        sides = placement.width[block] * GRID_UM, placement.height[block] * GRID_UM
        axis.add_patch(Rectangle(corner, *sides, fill=False, edgecolor=INK, linewidth=0.8))
    axis.set_xlabel("µm")
    axis.set_ylabel("µm")
    names = [(str(placement.units[unit]), COLORS[n]) for n, unit in enumerate(shown)]
    others = [("others", OTHER)] if (by_unit > 0).sum() > len(shown) else []
    handles = [Patch(color=color, label=name.removeprefix("chip.")) for name, color in names + others]
    handles.append(Patch(fill=False, edgecolor=INK, label="memory macro"))
    figure.legend(handles=handles, loc="outside right center")
    return figure


def _image(placement: Placement, color_of: NDArray[np.float64], point: int) -> NDArray[np.float64]:
    """(rows, columns, 4): of each point, what covers it; nothing where it is empty."""
    width, height = int(placement.die[0]), int(placement.die[1])
    image = np.tile(np.array(EMPTY), (height // point, -(-width // point), 1))
    # Large ones last: a macro covers whole points, a cell leaves a share of its point to others.
    for block in np.argsort(placement.width[: int(placement.counts.sum())], kind="stable"):
        left, low = int(placement.x[block]) // point, int(placement.y[block]) // point
        right = max(left + 1, round((int(placement.x[block]) + int(placement.width[block])) / point))
        top = max(low + 1, round((int(placement.y[block]) + int(placement.height[block])) / point))
        image[low:top, left:right] = color_of[placement.unit[block]]
    return image
