"""Convolutions as matrix products that requantize at once.

A weight is stored times ``2**-shift`` of its output, and the bias, with the ½ that rounds, as the weight of a row of
ones. So a product gives ``accumulator · 2**-shift + ½`` at once, and what is left of requantization is to clip and to
round down. Powers of two scale without error, and the sums are exact as long as none of their terms or partial sums
takes more bits than a significand has.
"""

from typing import Any

import numpy as np

from spikecae.arithmetic import Integers
from spikecae.golden.step import Floats
from spikecae.stages.convolution import Convolution

__all__ = ["Columns", "Matrix", "half_of", "largest_sum", "requantize"]

SMALL = 1 << 18
"""Multiply-accumulates of a product that OpenBLAS leaves to one core; the others have their own blocks to work on."""


def largest_sum(layer: Convolution, identity_shift: Integers | None) -> int:
    """No integer on the way to an accumulator, in any order of summing, the identity and ½ included, is larger."""
    largest = max(map(abs, layer.input_range))
    sums = np.abs(layer.weight.astype(np.int64)).sum(axis=(1, 2)) * largest + np.abs(layer.bias.astype(np.int64))
    if identity_shift is not None:
        sums += np.int64(255) << identity_shift
    return int((sums + half_of(layer.shift)).max())


def half_of(shift: Integers) -> Integers:
    """What is added to an accumulator so that the shift rounds half up, (outputs,)."""
    return np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)


class Matrix:
    """A convolution's weights as a matrix per group, and the range of its output.

    Columns are those of ``kernel`` × input channels, then of the identity if there is one, then of the row of ones.
    """

    def __init__(self, layer: Convolution, identity_shift: Integers | None, dtype: type[np.floating[Any]]) -> None:
        rows = (layer.groups, layer.outputs // layer.groups)
        scale = np.float64(2.0) ** -layer.shift
        parts = [(layer.weight * scale[:, None, None]).transpose(0, 2, 1).reshape(*rows, -1)]
        if identity_shift is not None:
            parts.append((np.float64(2.0) ** identity_shift * scale).reshape(*rows, 1) * np.eye(rows[1]))
        parts.append(((layer.bias + half_of(layer.shift)) * scale).reshape(*rows, 1))
        self._values = np.concatenate(parts, axis=2).astype(dtype)
        self._range = layer.output_range

    def apply(self, operand: Floats, scratch: Floats, out: Floats) -> None:
        """Multiply (groups, rows, blocks · samples) and requantize into ``out``."""
        groups, rows, inner = self._values.shape
        columns = operand.shape[2]
        parts = next(
            n for n in range(1, rows + 1) if rows % n == 0 and (rows // n * inner * columns <= SMALL or n == rows)
        )
        product = scratch[: groups * rows * columns].reshape(groups, parts, rows // parts, columns)
        np.matmul(self._values.reshape(groups, parts, rows // parts, inner), operand[:, None], out=product)
        requantize(product.reshape(out.shape), self._range, out)


def requantize(product: Floats, output_range: tuple[int, int], out: Floats) -> None:
    """Saturate and round down, in ``product`` and then in ``out``; what rounds half up is in the product already."""
    np.clip(product, *output_range, out=product)
    np.floor(product, out=out)


class Columns:
    """A convolution's operand: for each group, its channels at every tap of the kernel, then ones."""

    def __init__(self, layer: Convolution, shape: tuple[int, int], dtype: np.dtype[np.floating[Any]]) -> None:
        kernel, inputs = layer.kernel, layer.inputs // layer.groups
        self.operand = np.zeros((layer.groups, kernel * inputs + 1, shape[0] * shape[1]), dtype)
        self.operand[:, -1] = 1
        self._taps = self.operand[:, :-1].reshape(layer.groups, kernel, inputs, *shape)
        self.centre = self._taps[:, kernel // 2]

    def spread(self) -> None:
        """Copy the centre to the taps before and after it; what lies beyond a block's ends stays zero."""
        middle, samples = self._taps.shape[1] // 2, self._taps.shape[4]
        for distance in range(1, min(middle, samples - 1) + 1):
            self._taps[:, middle - distance, ..., distance:] = self.centre[..., :-distance]
            self._taps[:, middle + distance, ..., :-distance] = self.centre[..., distance:]
