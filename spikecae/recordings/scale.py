"""Whether spikes are of a size that the converter can take."""

import numpy as np

from spikecae.codec.account import many
from spikecae.codec.container import check_lsb
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import LEAST_CODES, MOST_CLIPPED
from spikecae.recordings.finder import Found

__all__ = ["Scale", "check_step"]


class Scale:
    """Counts of the spikes so far, for a converter whose steps are of ``unit``.

    Attributes:
        samples, clipped: all, and those beyond the converter's range.
        events, low: all, and those too low for the converter to see.
    """

    def __init__(self, adc: Adc, unit: str) -> None:
        self._adc, self._unit = adc, unit
        self.samples = self.clipped = self.events = self.low = 0

    def add(self, found: Found) -> None:
        """Count some more."""
        heights = np.ptp(found.snippets, axis=-1).max(axis=-1)
        self.samples += found.codes.size
        self.clipped += found.clipped
        self.events += len(heights)
        self.low += int(np.count_nonzero(heights < LEAST_CODES * self._adc.lsb))

    def check(self) -> None:
        """Judge all that was counted.

        Raises:
            InputError: the converter's step is far too small or too large.
        """
        adc = self._adc
        if 2 * self.low > self.events:
            raise InputError(
                f"more than half of the {many(self.events, 'spike')} are less than {LEAST_CODES} of the converter's "
                f"steps of {adc.lsb:g} {self._unit} high, from peak to peak; check the recording's gains, or give a "
                f"smaller uv_per_step"
            )
        if self.clipped > MOST_CLIPPED * self.samples:
            raise InputError(
                f"{100 * self.clipped / self.samples:.1f} % of the spikes' samples lie beyond the converter's "
                f"{adc.minimum}..{adc.maximum} steps of {adc.lsb:g} {self._unit}, {100 * MOST_CLIPPED:g} % may; check "
                f"the recording's gains, or give a larger uv_per_step"
            )


def check_step(uv_per_step: float) -> None:
    """Judge the units in a step of the converter.

    Raises:
        InputError: it is no such number.
    """
    try:
        check_lsb(uv_per_step)
    except ValueError as error:
        raise InputError(f"uv_per_step: {error}") from None
