"""What the analog-to-digital converter does to a sample, and its inverse."""

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Adc
from spikecae.errors import InputError

__all__ = ["LEAST_CODES", "MICROVOLTS", "MOST_CLIPPED", "check_converter", "codes_to_units", "units_to_codes"]

MICROVOLTS = {"uV": 1.0, "µV": 1.0, "mV": 1e3, "V": 1e6}
"""In a design's unit of a sample; any other is one of its own."""
MOST_CLIPPED = 0.01
"""Share of samples beyond the converter's range above which their scale is taken to be wrong."""
LEAST_CODES = 4
"""From peak to peak of the median spike: with less, the converter sees next to nothing of it."""


def check_converter(adc: Adc) -> None:
    """Make sure that the encoder's input can hold all codes.

    Raises:
        InputError: codes of this converter do not fit the encoder's signed 16-bit input.
    """
    if adc.maximum > np.iinfo(np.int16).max:
        raise InputError(
            f"adc.bits = {adc.bits} unsigned does not fit the encoder's signed 16-bit input; set adc.signed = true"
        )


def units_to_codes(samples: NDArray[np.floating], adc: Adc) -> tuple[NDArray[np.int16], int]:
    """Integer codes of ``samples`` (recording units), and how many samples were clipped.

    Rounds half up. An unsigned converter has zero at mid-scale.

    Raises:
        InputError: a sample is NaN or infinite, or :func:`check_converter` refuses the converter.
    """
    check_converter(adc)
    samples = np.asarray(samples, np.float64)
    wrong = ~np.isfinite(samples)
    if wrong.any():
        where = tuple(map(int, np.unravel_index(int(wrong.argmax()), wrong.shape)))
        raise InputError(
            f"sample {where} is {samples[where]}, and {int(wrong.sum())} of {samples.size} samples are no numbers; "
            f"leave them out, or repair the recording"
        )
    codes = np.floor(samples / adc.lsb + 0.5) + adc.zero
    clipped = int(np.count_nonzero((codes < adc.minimum) | (codes > adc.maximum)))
    return np.clip(codes, adc.minimum, adc.maximum).astype(np.int16), clipped


def codes_to_units(codes: NDArray[np.number], adc: Adc) -> NDArray[np.float64]:
    """Recording units of ``codes``, which need not be integers."""
    return (np.asarray(codes, np.float64) - adc.zero) * adc.lsb
