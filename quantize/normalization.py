"""The input's normalization as the chip computes it: an integer offset and gain per sample, one shift."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.normalization import Normalization

__all__ = ["InputTable", "input_table"]

MAX_SHIFT = 31


@dataclass(frozen=True)
class InputTable:
    """``x8 = sat_s8(((adc − offset[t]) · gain[t] + half) >> shift)``; int16 and uint16 ``[D]``."""

    offset: NDArray[np.int16]
    gain: NDArray[np.uint16]
    shift: int


def input_table(normalization: Normalization, exponent: int, shift: int | None = None) -> InputTable:
    """Gains with which ``x8 · 2^−exponent`` is ``(adc − offset) / scale``: of as many bits as fit, or as suit a
    ``shift`` that is given.

    Raises:
        ValueError: a scale asks for a gain that no shift, or this one, can express.
    """
    wanted = 2.0**exponent / normalization.scale.astype(np.float64)
    if shift is None:
        shift = min(MAX_SHIFT, int(np.floor(np.log2(65535 / wanted.max()))))
    gain = np.floor(wanted * 2.0**shift + 0.5)
    if shift < 0 or gain.min() < 1 or gain.max() > 65535:
        raise ValueError(
            f"deviations of {normalization.scale.min():g}..{normalization.scale.max():g} ADC codes are out of the "
            f"input stage's reach; change adc.lsb so that spikes span the converter's range"
        )
    return InputTable(normalization.offset.astype(np.int16), gain.astype(np.uint16), shift)
