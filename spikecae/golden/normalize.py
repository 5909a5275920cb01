"""Golden normalization."""

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers, rshift_round, saturate
from spikecae.golden.step import read_source
from spikecae.stages.normalize import Normalize

__all__ = ["normalize"]


@read_source.register
def normalize(stage: Normalize, adc: NDArray[np.int16]) -> Integers:
    """ADC codes (..., D) to signed 8 bit (..., D / decimation)."""
    *shape, codes = adc.shape
    sums = adc.astype(np.int64).reshape(*shape, codes // stage.decimation, stage.decimation).sum(axis=-1)
    centred = sums - stage.offset
    return saturate(rshift_round(centred * stage.gain, stage.shift), 8, signed=True)
