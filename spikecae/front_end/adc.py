"""What the analog-to-digital converter does to a sample, and its inverse."""

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Adc

__all__ = ["codes_to_units", "units_to_codes"]


def units_to_codes(samples: NDArray[np.floating], adc: Adc) -> tuple[NDArray[np.int16], int]:
    """Integer codes of ``samples`` (recording units), and how many samples were clipped.

    Rounds half up. An unsigned converter has zero at mid-scale.

    Raises:
        ValueError: codes of this converter do not fit the encoder's signed 16-bit input.
    """
    if adc.maximum > np.iinfo(np.int16).max:
        raise ValueError(
            f"adc.bits = {adc.bits} unsigned does not fit the encoder's signed 16-bit input; set adc.signed = true"
        )
    codes = np.floor(np.asarray(samples, np.float64) / adc.lsb + 0.5) + adc.zero
    clipped = int(np.count_nonzero((codes < adc.minimum) | (codes > adc.maximum)))
    return np.clip(codes, adc.minimum, adc.maximum).astype(np.int16), clipped


def codes_to_units(codes: NDArray[np.number], adc: Adc) -> NDArray[np.float64]:
    """Recording units of ``codes``, which need not be integers."""
    return (np.asarray(codes, np.float64) - adc.zero) * adc.lsb
