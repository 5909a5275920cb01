"""Golden convolution."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikecae.golden.products import Columns, Matrix, largest_sum
from spikecae.golden.step import Floats, prepare
from spikecae.stages.base import Values
from spikecae.stages.convolution import Convolution

__all__: list[str] = []


class _Prepared:
    def __init__(self, stage: Convolution, given: Values) -> None:
        self._stage, self._samples = stage, given.samples
        self._matrices: dict[type, Matrix] = {}
        self.largest = largest_sum(stage, None)
        self.widest = stage.outputs * given.samples

    def step(self, blocks: int, dtype: type[np.floating[Any]], scratch: Floats) -> "_Step":
        matrix = self._matrices.setdefault(dtype, Matrix(self._stage, None, dtype))
        return _Step(self._stage, matrix, (blocks, self._samples), scratch)


class _Step:
    def __init__(self, stage: Convolution, matrix: Matrix, shape: tuple[int, int], scratch: Floats) -> None:
        self._name, self._matrix, self._scratch = stage.name, matrix, scratch
        self._columns = Columns(stage, shape, scratch.dtype)
        self.entry = self._columns.centre

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        self._columns.spread()
        self._matrix.apply(self._columns.operand, self._scratch, out)
        yield self._name, out


prepare.register(Convolution, _Prepared)
