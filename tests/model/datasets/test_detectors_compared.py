"""The chip's detector and the float one on a ground-truth recording: how many spikes each finds, how many are true."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from spikeinterface.generation import generate_ground_truth_recording
from spikeinterface.preprocessing import bandpass_filter

from spikecae.design import Design
from spikecae.front_end.adc import units_to_codes
from spikecae.front_end.detector import SpikeDetector
from spikecae.front_end.front_end import front_end_of
from spikecae.front_end.geometry import close_contacts, nearest_contacts
from spikecae.recordings.peaks import find_peaks, noise_deviation

TOLERANCE = 15
"""Frames, 0.5 ms."""
VISIBLE = 1.2
"""A true spike counts if its unit's mean peak is so many thresholds high."""


@dataclass(frozen=True)
class Recorded:
    """What an amplifier delivers, in recording units; where its contacts are; the true spikes, each at its peak."""

    traces: NDArray[np.float32]
    positions: NDArray[np.float64]
    times: NDArray[np.int64]
    channels: NDArray[np.int64]
    heights: NDArray[np.float64]


@pytest.fixture(scope="module")
def recorded(neuropixels: Design) -> Recorded:
    """8 s of 12 units on 16 contacts in two columns, with the noise and amplitudes of the embedded recording."""
    made = neuropixels.synthetic
    raw, sorting = generate_ground_truth_recording(
        durations=[8.0],
        sampling_frequency=30000.0,
        num_channels=16,
        num_units=12,
        generate_probe_kwargs={"num_columns": 2, "xpitch": 32, "ypitch": 15, "contact_shapes": "circle"},
        generate_sorting_kwargs={"firing_rates": (4.0, 10.0), "refractory_period_ms": 4.0},
        noise_kwargs={"noise_levels": made.noise, "strategy": "on_the_fly"},
        generate_unit_locations_kwargs={"margin_um": 10.0, "minimum_z": 5.0, "maximum_z": 40.0},
        generate_templates_kwargs={"unit_params": {"alpha": tuple(made.amplitude)}},
        seed=11,
    )
    low, high = neuropixels.recording.band_hz
    traces = bandpass_filter(raw, freq_min=low, freq_max=high, dtype="float32").get_traces()
    threshold = neuropixels.recording.threshold * noise_deviation(traces)
    found = []
    for unit in sorting.unit_ids:
        train = sorting.get_unit_spike_train(unit, segment_index=0)
        train = train[(train > 60) & (train < len(traces) - 60)]
        mean = np.mean([traces[time - 20 : time + 40] for time in train], axis=0)
        lag, channel = np.unravel_index(mean.argmin(), mean.shape)
        height = -mean.min() / threshold[channel]
        found += [(time + lag - 20, channel, height) for time in train]
    times, channels, heights = map(np.array, zip(*sorted(found), strict=True))
    return Recorded(traces, raw.get_channel_locations(), times, channels, heights)


def matched(
    times: NDArray[np.int64],
    channels: NDArray[np.int64],
    others: NDArray[np.int64],
    their_channels: NDArray[np.int64],
    close: NDArray[np.bool_],
) -> float:
    """Share of the events that have one of the others at the same time on a close channel."""
    near = np.abs(times[:, None] - others) <= TOLERANCE
    return float((near & close[channels[:, None], their_channels]).any(axis=1).mean())


def test_fixed_point_detector_is_as_good_as_the_float_one(neuropixels: Design, recorded: Recorded) -> None:
    settings = neuropixels.recording
    close = close_contacts(recorded.positions, settings.radius_um)
    front_end = front_end_of(neuropixels, 16, nearest_contacts(recorded.positions, 4), close)
    detector = SpikeDetector(front_end)
    codes, clipped = units_to_codes(recorded.traces, neuropixels.adc)
    spikes = detector.push(codes)
    assert (detector.overruns, clipped) == (0, 0)
    traces = recorded.traces
    deviation = noise_deviation(traces)
    np.testing.assert_allclose(detector.noise * neuropixels.adc.lsb / 0.6745, deviation, rtol=0.08)
    float_times, float_channels = find_peaks(traces, settings.threshold * deviation, close, settings)

    first, last = front_end.settling, len(traces) - 200
    counted = (recorded.times >= first) & (recorded.times < last) & (recorded.heights > VISIBLE)
    assert counted.sum() > 400
    truth = recorded.times[counted], recorded.channels[counted]
    score = {}
    for name, times, channels in [
        ("chip", spikes.times, spikes.peaks),
        ("float", float_times, float_channels),
    ]:
        within = (times >= first) & (times < last)
        recall = matched(*truth, times, channels, close)
        precision = matched(times[within], channels[within], recorded.times, recorded.channels, close)
        score[name] = (recall, precision)
    print(f"recall, precision: {score}")
    assert score["chip"][0] >= max(0.95, score["float"][0] - 0.02)
    assert score["chip"][1] >= max(0.93, score["float"][1] - 0.03)
