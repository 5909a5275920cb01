"""Values of Liberty tables between their points."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synth.cells.table import Table

__all__ = ["look_up"]


def look_up(
    table: Table, slew_ns: ArrayLike, load_pf: ArrayLike = 0.0, related_ns: ArrayLike = 0.0, *, beyond: bool = False
) -> NDArray[np.float64]:
    """Bilinear interpolation, elementwise.

    Args:
        table: values and where they hold.
        slew_ns: of the pin.
        load_pf: of the output.
        related_ns: slew of the other pin of a constraint.
        beyond: go on in a straight line outside of the table; else its edge counts.
    """
    size = np.broadcast(slew_ns, load_pf, related_ns).shape
    points = {"slew": slew_ns, "load": load_pf, "related": related_ns, "none": 0.0}
    row, up = _place(table.index_1, points[table.axes[0]], beyond)
    column, right = _place(table.index_2, points[table.axes[1]], beyond)
    values = np.asarray(table.values)
    last_row, last_column = values.shape[0] - 1, values.shape[1] - 1
    below, above = np.minimum(row + 1, last_row), np.minimum(column + 1, last_column)
    near = values[row, column] * (1 - right) + values[row, above] * right
    far = values[below, column] * (1 - right) + values[below, above] * right
    return np.broadcast_to(near * (1 - up) + far * up, size)


def _place(index: tuple[float, ...], value: ArrayLike, beyond: bool) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Where values lie on an axis: the point below, and the share of the way to the next."""
    given = np.asarray(value, dtype=np.float64)
    if len(index) < 2:
        return np.zeros(given.shape, dtype=np.intp), np.zeros(given.shape)
    points = np.asarray(index)
    below = np.clip(np.searchsorted(points, given, side="right") - 1, 0, len(points) - 2)
    share = (given - points[below]) / (points[below + 1] - points[below])
    return below, share if beyond else np.clip(share, 0.0, 1.0)
