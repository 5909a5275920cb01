"""Golden linear map."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikecae.golden.products import Matrix, largest_sum
from spikecae.golden.step import Floats, prepare
from spikecae.stages.base import Values
from spikecae.stages.linear import Linear

__all__: list[str] = []


class _Prepared:
    def __init__(self, stage: Linear, given: Values) -> None:
        self._stage, self._given = stage, given
        self._columns = stage.output(given).samples
        self._matrices: dict[type, Matrix] = {}
        self.largest = largest_sum(stage, None)
        self.widest = stage.outputs * self._columns

    def step(self, blocks: int, dtype: type[np.floating[Any]], scratch: Floats) -> "_Step":
        matrix = self._matrices.setdefault(dtype, Matrix(self._stage, None, dtype))
        return _Step(self._stage, matrix, self._given, self._columns, blocks, scratch)


class _Step:
    """Samples become the rows of the product's operand, and spikes, where each is mapped by itself, its columns."""

    def __init__(
        self, stage: Linear, matrix: Matrix, given: Values, columns: int, blocks: int, scratch: Floats
    ) -> None:
        self._name, self._matrix, self._scratch = stage.name, matrix, scratch
        self.entry = np.empty((1, given.channels, blocks, given.samples), scratch.dtype)
        self._operand = np.ones((1, stage.inputs + 1, blocks * columns), scratch.dtype)
        mapped = stage.inputs // given.samples
        self._rows = self._operand[0, :-1].reshape(mapped, given.samples, blocks, columns)

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        mapped, samples, blocks, columns = self._rows.shape
        # (spikes mapped together, spikes apart, blocks, samples) to (together, samples, blocks, apart)
        apart = self.entry.reshape(mapped, columns, blocks, samples)
        np.copyto(self._rows, apart.transpose(0, 3, 2, 1))
        self._matrix.apply(self._operand, self._scratch, out)
        yield self._name, out


prepare.register(Linear, _Prepared)
