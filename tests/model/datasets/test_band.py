"""What spikes are cut from where the chip has a filter: what the encoder sees."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from spikeinterface.core import NumpyRecording

from model.datasets.signal import Signal
from spikecae.design import Design, Detector
from spikecae.front_end.filter import BandPassFilter
from spikecae.front_end.front_end import designed_band_pass

RATE = 30000.0


def filtering(design: Design, wish: str, order: int = 1) -> Design:
    wanted = {"contacts_um": [[0.0, 0.0], [0.0, 20.0]], "filter": wish, "filter_order": order}
    return design.model_copy(update={"front_end": Detector.model_validate(wanted)})


def wide_band(frames: int) -> np.ndarray:
    rng, time = np.random.default_rng(1), np.arange(frames)[:, None] / RATE
    return np.rint(2000 + 900 * np.sin(2 * np.pi * 4 * time + [0, 1]) + rng.normal(0, 150, (frames, 2))).astype(
        np.int16
    )


@pytest.mark.parametrize("order", [1, 2])
def test_recordings_are_filtered_as_by_the_chip(tiny: Design, order: int) -> None:
    """In pieces, too: what came before a piece rings no more."""
    design, codes = filtering(tiny, "band_pass", order), wide_band(12000)
    band_pass = designed_band_pass(design)
    assert band_pass is not None
    chips = BandPassFilter(band_pass, 16).push(codes.astype(np.int64))
    signal = Signal(NumpyRecording([codes], RATE), design)
    for first, last in ((0, 12000), (0, 500), (7000, 7400)):
        assert np.abs(signal.read(0, first, last).traces - chips[first:last]).max() < 0.5 + order / 2


def test_the_other_edge_is_the_amplifiers(tiny: Design) -> None:
    design, codes = filtering(tiny, "high_pass"), wide_band(9000)
    band_pass = designed_band_pass(design)
    assert band_pass is not None
    amplified = sosfiltfilt(butter(5, 6000.0, fs=RATE, output="sos"), codes, axis=0)
    chips = BandPassFilter(band_pass, 16).push(np.rint(amplified).astype(np.int64))
    traces = Signal(NumpyRecording([codes], RATE), design).read(0, 0, 9000).traces
    assert np.abs(traces - chips).max() < 1.5


def test_without_a_filter_it_is_none_of_this(tiny: Design) -> None:
    recording = NumpyRecording([wide_band(3000)], RATE)
    plain, asked = (Signal(recording, design).read(0, 0, 3000).traces for design in (tiny, filtering(tiny, "none")))
    np.testing.assert_array_equal(plain, asked)
