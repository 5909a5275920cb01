"""From the box around a net's pins to the length of its wire."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["CORRECTION", "steiner_factor"]

CORRECTION = (
    *(1.0, 1.0, 1.0, 1.0828, 1.1536, 1.2206, 1.2823, 1.3385, 1.3991, 1.4493, 1.4974, 1.5455, 1.5937, 1.6418, 1.6899),
    *(1.7304, 1.7709, 1.8114, 1.8519, 1.8924, 1.9288, 1.9652, 2.0015, 2.0379, 2.0743, 2.1061, 2.1379, 2.1698, 2.2016),
    *(2.2334, 2.2646, 2.2958, 2.3271, 2.3583, 2.3895, 2.4187, 2.4479, 2.4772, 2.5064, 2.5356, 2.5610, 2.5864, 2.6117),
    *(2.6371, 2.6625, 2.6887, 2.7148, 2.7410, 2.7671, 2.7933),
)
"""Length of the shortest rectilinear tree over half the perimeter of the box, for nets of 1, 2, ... 50 pins: Cheng,
RISA, ICCAD 1994, pages 690 to 695, as placers have carried it since."""


def steiner_factor(pins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean length of a net's shortest rectilinear tree over half the perimeter of the box around its pins.

    Beyond the published table it grows with the square root of the number of pins, as the shortest tree over random
    points does (Steele, Annals of Probability 1981).

    Args:
        pins: (n,) of each net, its driver's included.
    """
    table = np.array(CORRECTION)
    last = len(CORRECTION)
    inside = table[np.clip(pins, 1, last) - 1]
    return np.where(pins > last, table[-1] * np.sqrt(pins / last), inside)
