"""The shortest tree that joins a net's pins with each other alone: no net's wire need be longer."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["spanning_lengths"]


@njit(cache=True)
def spanning_lengths(starts: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Length of each net's tree by Prim's algorithm, distances as wires run, along both axes.

    Args:
        starts: (nets + 1,) begin of each net's pins, and their number.
        x, y: (pins,) where they lie, those of a net in a row.
    """
    found = np.zeros(starts.size - 1, dtype=np.int64)
    far = np.iinfo(np.int64).max
    nearest = np.empty(x.size, dtype=np.int64)
    for net in range(found.size):
        first, last = starts[net], starts[net + 1]
        nearest[first:last] = far
        pin = first
        for _ in range(last - first - 1):
            nearest[pin] = -1  # in the tree
            best = -1
            for other in range(first, last):
                if nearest[other] >= 0:
                    nearest[other] = min(nearest[other], abs(x[other] - x[pin]) + abs(y[other] - y[pin]))
                    if best < 0 or nearest[other] < nearest[best]:
                        best = other
            found[net] += nearest[best]
            pin = best
    return found
