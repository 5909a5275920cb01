"""Golden model of the digital band-pass: integer for integer as the hardware.

Every section (:mod:`spikecae.front_end.band_pass`) works in units of 2**-fraction codes, and floors. Each result of a
section is saturated to the converter's range. The output is floored behind a high-pass, whose state lags by half a code
as it floors its own steps; else it is rounded half up. The first sample of a channel is taken to have come forever: no
offset, however large, makes a step.
"""

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import rshift_round, saturate
from spikecae.front_end.band_pass import BandPass

__all__ = ["BandPassFilter"]

Samples = NDArray[np.int64]


class BandPassFilter:
    """All channels' filters.

    Args:
        band_pass: sections.
        bits: width of the converter.
    """

    def __init__(self, band_pass: BandPass, bits: int) -> None:
        self._band_pass, self._bits = band_pass, bits
        self._states: list[Samples] = []

    def push(self, x: Samples) -> Samples:
        """What the next samples ``x`` (T, C), codes with zero taken off, become, of the same shape."""
        fraction, lags = self._band_pass.fraction, self._band_pass.lags
        filtered = np.empty_like(x)
        for n, codes in enumerate(x):
            y = self._sections(codes << fraction)
            codes = y >> fraction if lags else rshift_round(y, fraction)
            filtered[n] = saturate(codes, self._bits, signed=True)
        return filtered

    def _sections(self, x: Samples) -> Samples:
        """One frame, (C,), through all of them."""
        first = not self._states
        width = self._bits + self._band_pass.fraction
        for number, section in enumerate(self._band_pass.sections):
            if first:
                self._states.append(x.copy())
            state = self._states[number]
            apart = x - state
            step = (apart * section.multiplier) >> section.shift
            self._states[number] = state + step
            y = apart if section.edge == "low" else (2 * state + step) >> 1
            x = saturate(y, width, signed=True).astype(np.int64)
        return x
