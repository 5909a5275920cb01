"""Its golden arithmetic."""

import numpy as np

from spikecae.golden.products import half_of, requantize
from spikecae.golden.step import prepare
from spikecae.widths import integer_range
from tests.gain.stage import Gain


class _Prepared:
    def __init__(self, stage, given) -> None:
        self._stage, self._given = stage, given
        self.widest = given.channels * given.samples
        products = np.abs(stage.gain.astype(np.int64)) * max(map(abs, given.range))
        self.largest = int((products + half_of(stage.shift)).max())

    def step(self, blocks: int, dtype, scratch):
        shape = (1, self._given.channels, blocks, self._given.samples)
        return _Step(self._stage, np.empty(shape, dtype))


class _Step:
    def __init__(self, stage, entry) -> None:
        self._stage, self.entry = stage, entry

    def run(self, out):
        stage = self._stage
        column = np.float64(2.0) ** -stage.shift
        scale = (stage.gain * column).astype(self.entry.dtype)[:, None, None]
        half = (half_of(stage.shift) * column).astype(self.entry.dtype)[:, None, None]
        product = (self.entry * scale + half).reshape(out.shape)
        requantize(product, integer_range(stage.bits, signed=True), out)
        yield stage.name, out


prepare.register(Gain, _Prepared)
