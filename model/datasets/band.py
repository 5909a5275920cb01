"""The band that spikes are found in: the same filter as the chip's, where it has one, and a sharp one elsewhere."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi, sosfiltfilt

from spikecae.design import Design
from spikecae.front_end.band_pass import BandPass
from spikecae.front_end.front_end import designed_band_pass

__all__ = ["band_filter", "sections_of"]

ORDER = 5
"""Of the filter at an edge that the chip leaves to its amplifiers, once in each direction: as SpikeInterface's."""

Traces = NDArray[np.float64]


def band_filter(design: Design, rate_hz: float) -> Callable[[Traces], Traces] | None:
    """What makes of traces ``[T, C]`` what the encoder is to see; None where the chip has no filter.

    The chip's own is what :mod:`spikecae.front_end.filter` is, but for rounding and saturation: causal, of few poles,
    the first sample taken to have come forever. It comes last, as an amplifier's comes first.

    Args:
        design: band, rate and filter.
        rate_hz: of the recording. The chip's coefficients are per sample.
    """
    band_pass = designed_band_pass(design)
    if band_pass is None or design.front_end is None:
        return None
    low, high = design.recording.band_hz
    sharp = []
    if "low" not in design.front_end.filtered:
        sharp.append(butter(ORDER, low, "highpass", fs=rate_hz, output="sos"))
    if "high" not in design.front_end.filtered:
        sharp.append(butter(ORDER, high, "lowpass", fs=rate_hz, output="sos"))
    own = sections_of(band_pass)

    def apply(traces: Traces) -> Traces:
        for sections in sharp:
            traces = sosfiltfilt(sections, traces, axis=0)
        start = sosfilt_zi(own)[:, :, None] * traces[0]
        filtered: Traces = sosfilt(own, traces, axis=0, zi=start)[0]
        return filtered

    return apply


def sections_of(band_pass: BandPass) -> NDArray[np.float64]:
    """Its transfer function in scipy's form, ``[sections, 6]``."""
    return np.array(list(_rows(band_pass)))


def _rows(band_pass: BandPass) -> Iterator[list[float]]:
    for section in band_pass.sections:
        half = section.a / 2
        numerator = [1.0, -1.0] if section.edge == "low" else [half, half]
        yield [*numerator, 0.0, 1.0, section.a - 1, 0.0]
