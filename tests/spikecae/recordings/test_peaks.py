"""Peaks and the band-pass, against plain scipy and SpikeInterface."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from spikeinterface.preprocessing import bandpass_filter

from spikecae.design import Design
from spikecae.front_end.geometry import close_contacts
from spikecae.recordings.band import BandPass
from spikecae.recordings.peaks import find_peaks
from tests.recordings import RATE, column, recorded, traces


def by_whole_maxima(
    height: NDArray, threshold: NDArray, close: NDArray, reach: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rule as it is said, over all samples of all channels."""
    largest = maximum_filter1d(height, 2 * reach + 1, axis=0, mode="nearest")
    samples, channels = np.nonzero((height > threshold) & (height == largest))
    around = np.where(close[channels], largest[samples], -np.inf).max(axis=1)
    keep = height[samples, channels] >= around
    return samples[keep], channels[keep]


@pytest.mark.parametrize("polarity", ["negative", "positive", "both"])
@pytest.mark.parametrize("whole_numbers", [False, True])
def test_peaks_are_those_of_the_whole_maxima(tiny: Design, polarity: str, whole_numbers: bool) -> None:
    found = traces(seconds=1.0, seed=3)
    found = np.rint(found / 8) if whole_numbers else found  # many ties
    close = close_contacts(np.array(column(8)), 60.0)
    recording = tiny.recording.model_copy(update={"polarity": polarity})
    threshold = np.full(8, 2.0 if whole_numbers else 20.0)
    height = {"negative": -found, "positive": found, "both": np.abs(found)}[polarity]
    reach = round(recording.refractory_ms * recording.sampling_rate_hz / 1000)
    expected = by_whole_maxima(height, threshold, close, reach)
    assert len(expected[0]) > 20
    for layout in (found, np.asfortranarray(found)):
        for ours, theirs in zip(find_peaks(layout, threshold, close, recording), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_band_pass_is_spikeinterfaces(tiny: Design) -> None:
    raw = traces(channels=20, seconds=0.5) + 4000.0 * np.arange(20, dtype=np.float32)  # offsets, too
    low, high = tiny.recording.band_hz
    expected = bandpass_filter(recorded(raw), freq_min=low, freq_max=high, dtype="float64").get_traces()
    band = BandPass(tiny, RATE)
    middle = slice(2 * band.reach, len(raw) - 2 * band.reach)
    ours = np.concatenate([band.apply(raw, first, first + 3000) for first in range(0, len(raw), 3000)])
    np.testing.assert_allclose(ours[middle], expected[middle], atol=0.05)
    assert np.abs(ours).max() < 500  # nothing rings at the ends
