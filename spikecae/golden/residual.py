"""Golden ResNeXt block."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikecae.golden.products import Columns, Matrix, largest_sum
from spikecae.golden.step import Floats, prepare
from spikecae.stages.base import Values
from spikecae.stages.residual import Residual

__all__: list[str] = []


class _Prepared:
    def __init__(self, stage: Residual, given: Values) -> None:
        self._stage, self._samples = stage, given.samples
        self._layers = [(stage.reduce, None), (stage.conv, None), (stage.expand, stage.identity_shift)]
        self._matrices: dict[type, list[Matrix]] = {}
        self.largest = max(largest_sum(*layer) for layer in self._layers)
        self.widest = max(layer.outputs for layer in stage.convolutions) * given.samples

    def step(self, blocks: int, dtype: type[np.floating[Any]], scratch: Floats) -> "_Step":
        matrices = self._matrices.setdefault(dtype, [Matrix(*layer, dtype) for layer in self._layers])
        return _Step(self._stage, matrices, (blocks, self._samples), scratch)


class _Step:
    """The last convolution's operand holds its input, the identity, and ones; the first one's is the end of it."""

    def __init__(self, stage: Residual, matrices: list[Matrix], shape: tuple[int, int], scratch: Floats) -> None:
        self._stage, self._matrices, self._scratch = stage, matrices, scratch
        groups = stage.reduce.groups
        self._narrow = stage.conv.outputs // groups
        rows = self._narrow + stage.reduce.inputs // groups
        self._operand = np.ones((groups, rows + 1, shape[0] * shape[1]), scratch.dtype)
        activations = self._operand[:, :-1].reshape(groups, rows, *shape)
        self._inner, self.entry = activations[:, : self._narrow], activations[:, self._narrow :]
        self._columns = Columns(stage.conv, shape, scratch.dtype)

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        reduce, conv, expand = self._matrices
        reduce.apply(self._operand[:, self._narrow :], self._scratch, self._columns.centre)
        yield self._stage.reduce.name, self._columns.centre
        self._columns.spread()
        conv.apply(self._columns.operand, self._scratch, self._inner)
        yield self._stage.conv.name, self._inner
        expand.apply(self._operand, self._scratch, out)
        yield self._stage.expand.name, out


prepare.register(Residual, _Prepared)
