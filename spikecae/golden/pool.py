"""Golden max pool."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikecae.golden.step import Floats, prepare
from spikecae.stages.base import Values
from spikecae.stages.pool import Pool

__all__: list[str] = []


class _Prepared:
    widest = 0

    def __init__(self, stage: Pool, given: Values) -> None:
        self._stage, self._given = stage, given
        self.largest = max(map(abs, given.range))

    def step(self, blocks: int, dtype: type[np.floating[Any]], scratch: Floats) -> "_Step":
        return _Step(self._stage, np.empty((1, self._given.channels, blocks, self._given.samples), dtype))


class _Step:
    def __init__(self, stage: Pool, entry: Floats) -> None:
        self._stage, self.entry = stage, entry

    def run(self, out: Floats) -> Iterator[tuple[str, Floats]]:
        size = self._stage.size
        windows = self.entry.reshape(*out.shape, size)
        np.copyto(out, windows[..., 0])
        for place in range(1, size):
            np.maximum(out, windows[..., place], out=out)
        yield self._stage.name, out


prepare.register(Pool, _Prepared)
