"""The convolutions of a spec as floating-point matrix products, every value of which is an exact integer, scaled.

A weight is stored times ``2**-shift`` of its output, and the bias, with the ½ that rounds, as the weight of a row of
ones. So a product gives ``accumulator · 2**-shift + ½`` at once, and what is left of requantization is to clip and to
round down. Powers of two scale without error, and the sums are exact as long as none of their terms or partial sums
takes more bits than a significand has: 24 in float32, which a layer's weights prove, or else float64 is used.

Activations are (groups, channels of the group, blocks, samples), so that each channel is a row of a product's operand.
Every stage writes its output into the operand of the next one.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers
from spikecae.spec import EncoderSpec
from spikecae.stages import Convolution, Pool, Residual

__all__ = ["Network", "requantize"]

Floats = NDArray[np.floating[Any]]

CACHED_VALUES = 1 << 18
"""Values of the widest activation worked on at a time: what a core's own cache holds."""
EXACT_IN_FLOAT32 = 1 << 24
SMALL = 1 << 18
"""Multiply-accumulates of a product that OpenBLAS leaves to one core; the others have their own blocks to work on."""


class _Step(Protocol):
    """A stage with its buffers for a certain number of blocks."""

    entry: Floats
    """Where the stage before writes to, (groups, channels of the group, blocks, samples)."""

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        """Work on what is in ``entry``; the name and values of every tap, the last of them in ``out``."""


class Network:
    """The stages from the first convolution to the latents, ready to run.

    Works in buffers of its own: one thread at a time.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self._spec = spec
        self._stages = [stage for stage in spec.stages if isinstance(stage, Convolution | Residual | Pool)]
        layers = [layer for stage in self._stages for layer in _layers(stage)]
        exact = max(_largest_sum(*layer) for layer in layers) <= EXACT_IN_FLOAT32
        self._dtype: type[np.floating[Any]] = np.float32 if exact else np.float64
        self._matrices = {layer.name: _Matrix(layer, shift, self._dtype) for layer, shift in layers}
        self._widest = max(layer.outputs for layer, _ in layers) * spec.samples
        self.blocks_at_a_time = max(1, CACHED_VALUES // self._widest)

    def run(self, x: NDArray[np.integer[Any]]) -> Iterator[tuple[slice, str, Floats]]:
        """Every stage's output for normalized blocks (blocks, M, D), a few blocks after the other.

        Yields:
            Which blocks; the name of the tap; its values (groups, channels of the group, blocks, samples), which hold
            until the next is asked for. The latents come last.
        """
        for first in range(0, max(1, len(x)), self.blocks_at_a_time):
            part = slice(first, min(first + self.blocks_at_a_time, len(x)))
            blocks = part.stop - part.start
            steps, latents = self._whole_chunk if blocks == self.blocks_at_a_time else self._steps(blocks)
            entries = [step.entry for step in steps] + [latents]
            np.copyto(entries[0], x[part].transpose(1, 0, 2).reshape(entries[0].shape))
            for step, out in zip(steps, entries[1:], strict=True):
                for name, tap in step.run(out):
                    yield part, name, tap

    @cached_property
    def _whole_chunk(self) -> tuple[list[_Step], Floats]:
        return self._steps(self.blocks_at_a_time)

    def _steps(self, blocks: int) -> tuple[list[_Step], Floats]:
        """All stages with buffers for so many blocks, and where the latents come to lie."""
        scratch = np.empty(self._widest * blocks, self._dtype)
        steps: list[_Step] = []
        channels, samples = self._spec.spikes, self._spec.samples
        for stage in self._stages:
            shape = (blocks, samples)
            match stage:
                case Residual():
                    matrices = [self._matrices[layer.name] for layer in stage.convolutions]
                    steps.append(_ResidualStep(stage, matrices, shape, scratch))
                case Pool():
                    steps.append(_PoolStep(stage, np.empty((1, channels, *shape), self._dtype)))
                    samples //= stage.size
                case Convolution():
                    steps.append(_ConvolutionStep(stage, self._matrices[stage.name], shape, scratch))
                    channels = stage.outputs
        return steps, np.empty((1, channels, blocks, samples), self._dtype)


def _layers(stage: Convolution | Residual | Pool) -> list[tuple[Convolution, Integers | None]]:
    """The convolutions of a stage, each with the left shift of the identity that is added to it, if one is."""
    match stage:
        case Residual():
            return [(stage.reduce, None), (stage.conv, None), (stage.expand, stage.identity_shift)]
        case Convolution():
            return [(stage, None)]
        case _:
            return []


def _largest_sum(layer: Convolution, identity_shift: Integers | None) -> int:
    """No integer on the way to an accumulator, in any order of summing, the identity and ½ included, is larger."""
    largest = max(map(abs, layer.input_range))
    sums = np.abs(layer.weight.astype(np.int64)).sum(axis=(1, 2)) * largest + np.abs(layer.bias.astype(np.int64))
    if identity_shift is not None:
        sums += np.int64(255) << identity_shift
    return int((sums + _half(layer)).max())


def _half(layer: Convolution) -> Integers:
    """What is added to an accumulator so that the shift rounds half up, (outputs,)."""
    return np.where(layer.shift > 0, np.int64(1) << np.maximum(layer.shift - 1, 0), 0)


class _Matrix:
    """A convolution's weights as a matrix per group, and the range of its output.

    Columns are those of ``kernel`` × input channels, then of the identity if there is one, then of the row of ones.
    """

    def __init__(self, layer: Convolution, identity_shift: Integers | None, dtype: type[np.floating[Any]]) -> None:
        rows = (layer.groups, layer.outputs // layer.groups)
        scale = np.float64(2.0) ** -layer.shift
        parts = [(layer.weight * scale[:, None, None]).transpose(0, 2, 1).reshape(*rows, -1)]
        if identity_shift is not None:
            parts.append((np.float64(2.0) ** identity_shift * scale).reshape(*rows, 1) * np.eye(rows[1]))
        parts.append(((layer.bias + _half(layer)) * scale).reshape(*rows, 1))
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


class _Columns:
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


class _ConvolutionStep:
    def __init__(self, stage: Convolution, matrix: _Matrix, shape: tuple[int, int], scratch: Floats) -> None:
        self._name, self._matrix, self._scratch = stage.name, matrix, scratch
        self._columns = _Columns(stage, shape, scratch.dtype)
        self.entry = self._columns.centre

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        self._columns.spread()
        self._matrix.apply(self._columns.operand, self._scratch, out)
        yield self._name, out


class _ResidualStep:
    """The last convolution's operand holds its input, the identity, and ones; the first one's is the end of it."""

    def __init__(self, stage: Residual, matrices: list[_Matrix], shape: tuple[int, int], scratch: Floats) -> None:
        self._stage, self._matrices, self._scratch = stage, matrices, scratch
        groups = stage.reduce.groups
        self._narrow = stage.conv.outputs // groups
        rows = self._narrow + stage.reduce.inputs // groups
        self._operand = np.ones((groups, rows + 1, shape[0] * shape[1]), scratch.dtype)
        activations = self._operand[:, :-1].reshape(groups, rows, *shape)
        self._inner, self.entry = activations[:, : self._narrow], activations[:, self._narrow :]
        self._columns = _Columns(stage.conv, shape, scratch.dtype)

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        reduce, conv, expand = self._matrices
        reduce.apply(self._operand[:, self._narrow :], self._scratch, self._columns.centre)
        yield self._stage.reduce.name, self._columns.centre
        self._columns.spread()
        conv.apply(self._columns.operand, self._scratch, self._inner)
        yield self._stage.conv.name, self._inner
        expand.apply(self._operand, self._scratch, out)
        yield self._stage.expand.name, out


class _PoolStep:
    def __init__(self, stage: Pool, entry: Floats) -> None:
        self._stage, self.entry = stage, entry

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        size = self._stage.size
        windows = self.entry.reshape(*out.shape, size)
        np.copyto(out, windows[..., 0])
        for place in range(1, size):
            np.maximum(out, windows[..., place], out=out)
        yield self._stage.name, out
