"""Length and capacitance of each net's wire, from where its ends lie."""

import numpy as np
from numpy.typing import NDArray

from synth.place.blocks import GRID_UM, Blocks
from synth.place.placement import Placement
from synth.place.spanning import spanning_lengths
from synth.place.steiner import steiner_factor
from synth.targets.process import Figure

__all__ = ["DETOUR", "half_perimeters", "pin_places", "pins_of_nets", "tree_um", "wire_lengths"]

DETOUR = Figure(
    value=1.1,
    source="assumption: a routed wire is a tenth longer than the shortest tree, as it goes around others and into pins",
)


def pin_places(blocks: Blocks, placement: Placement) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pins,) where the ends of the nets lie, on the grid."""
    block = blocks.block
    dy = np.where(placement.upside_down[block], blocks.height[block] - blocks.dy, blocks.dy)
    return (placement.x[block] + blocks.dx).astype(np.int64), (placement.y[block] + dy).astype(np.int64)


def half_perimeters(blocks: Blocks, placement: Placement, nets: int) -> NDArray[np.float64]:
    """(nets,) half the perimeter of the box around each net's pins, µm."""
    found = np.zeros(nets)
    if blocks.net.size == 0:
        return found
    starts = np.flatnonzero(np.diff(blocks.net, prepend=-1))
    for side in pin_places(blocks, placement):
        found[blocks.net[starts]] += np.maximum.reduceat(side, starts) - np.minimum.reduceat(side, starts)
    return found * GRID_UM


def pins_of_nets(blocks: Blocks, nets: int) -> NDArray[np.int64]:
    """(nets,) ends of each."""
    return np.bincount(blocks.net, minlength=nets)


def tree_um(x: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """The same as :func:`wire_lengths`, of one net with its pins there."""
    box = int(np.ptp(x) + np.ptp(y)) * float(steiner_factor(np.array([x.size]))[0])
    (spanning,) = spanning_lengths(np.array([0, x.size]), x, y)
    return min(box, int(spanning)) * GRID_UM * DETOUR.value


def wire_lengths(blocks: Blocks, placement: Placement, nets: int) -> NDArray[np.float64]:
    """(nets,) length of each net's wire, µm: its shortest tree, and detours.

    The tree's is half the perimeter of the box around the pins, times what trees over as many pins are longer on the
    average; where pins lie in heaps that is too much, and the shortest tree without added points is an upper bound.
    """
    box = half_perimeters(blocks, placement, nets) * steiner_factor(pins_of_nets(blocks, nets))
    starts = np.searchsorted(blocks.net, np.arange(nets + 1))
    spanning = spanning_lengths(starts, *pin_places(blocks, placement)) * GRID_UM
    lengths: NDArray[np.float64] = np.minimum(box, spanning) * DETOUR.value
    return lengths
