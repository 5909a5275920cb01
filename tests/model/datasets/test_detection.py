import numpy as np
import pytest
from probeinterface import Probe
from spikeinterface.core import NumpyRecording

from model.datasets.detection import detect_spikes
from spikecae.design import Design, Recording
from spikecae.front_end.geometry import nearest_contacts
from spikecae.recordings.peaks import find_peaks, noise_deviation

RATE = 30000.0


def probe(positions: list[tuple[float, float]]) -> Probe:
    made = Probe(ndim=2, si_units="um")
    made.set_contacts(positions=np.array(positions), shapes="circle", shape_params={"radius": 5})
    made.set_device_channel_indices(np.arange(len(positions)))
    return made


def recorded(traces: np.ndarray, rate: float = RATE) -> NumpyRecording:
    return NumpyRecording([traces.astype(np.float32)], sampling_frequency=rate)


def test_noise_is_the_papers_estimate() -> None:
    traces = np.random.default_rng(0).normal(0, [3.0, 10.0], (50_000, 2))
    traces[::500] = 400  # spikes hardly move a median
    np.testing.assert_allclose(noise_deviation(traces), [3.0, 10.0], rtol=0.03)


def test_neighbours_are_the_nearest_in_order_of_position() -> None:
    #                     0        1       2         3        4
    positions = np.array([[0, 60], [0, 0], [32, 15], [0, 30], [32, 45]], float)
    # Contact 2 is 35.3 from contacts 1 and 3, and 30 from 4. Along the probe the order is 1, 2, 3, 4, 0.
    assert nearest_contacts(positions, 3).tolist() == [[3, 4, 0], [1, 2, 3], [1, 2, 4], [1, 3, 0], [2, 4, 0]]


def test_peaks_are_the_largest_of_their_surroundings() -> None:
    traces = np.zeros((400, 3))
    traces[100] = [-50, -80, -20]  # one event on two close channels
    traces[120, 0] = -60  # within the refractory time of the larger peak on the close channel 1
    traces[110, 2] = -40  # at the same time, far away
    traces[300, 0] = -45
    traces[350, 2] = 70  # wrong polarity
    close = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    recording = Recording(sampling_rate_hz=RATE, peak=6, polarity="negative", refractory_ms=1.0)
    samples, channels = find_peaks(traces, np.full(3, 30.0), close, recording)
    assert list(zip(samples.tolist(), channels.tolist(), strict=True)) == [(100, 1), (110, 2), (300, 0)]
    both = recording.model_copy(update={"polarity": "both"})
    assert find_peaks(traces, np.full(3, 30.0), close, both)[0].tolist() == [100, 110, 300, 350]


def test_planted_spikes_are_found_and_aligned(tiny: Design) -> None:
    rng = np.random.default_rng(1)
    traces = rng.normal(0, 5, (int(12 * RATE), 3))  # longer than two chunks
    times = np.sort(rng.choice(np.arange(1000, len(traces) - 1000, 500), 150, replace=False))
    times[40] = 5 * 30000 + 3  # across the chunks' border
    times = np.sort(times)
    shape = -200 * np.exp(-0.5 * ((np.arange(-20, 21)) / 4) ** 2)
    for time in times:
        traces[time - 20 : time + 21, 1] += shape
        traces[time - 20 : time + 21, 2] += shape / 2
    recording = recorded(traces)
    recording.set_probe(probe([(0, 0), (0, 20), (0, 40)]))
    table = detect_spikes(recording, tiny, "synthetic", "planted")
    found = np.rint(table.times_s * RATE).astype(int)
    assert len(found) == len(times)
    assert np.abs(found - times).max() <= 2
    assert {tuple(row) for row in table.channels.tolist()} == {(0, 1)}  # nearest of channel 1, the first on a tie
    assert (table.snippets[:, 1].argmin(-1) == tiny.recording.peak).all()
    assert table.snippets.shape == (150, 2, 16)


def test_three_channels_for_a_design_of_four_are_refused(neuropixels: Design) -> None:
    with pytest.raises(ValueError, match=r"planted: the recording has 3 channels, .* codes neighbourhoods of 4"):
        detect_spikes(recorded(np.zeros((3000, 3))), neuropixels, "real", "planted")


def test_another_sampling_rate_is_refused(tiny: Design) -> None:
    with pytest.raises(ValueError, match="sampled at 24000 Hz, design 'tiny' expects 30000 Hz"):
        detect_spikes(recorded(np.zeros((3000, 2)), 24000.0), tiny, "real", "planted")


def test_missing_positions_are_refused(tiny: Design) -> None:
    with pytest.raises(ValueError, match=r"no contact positions.*set_probe"):
        detect_spikes(recorded(np.zeros((3000, 5))), tiny, "real", "planted")


def test_a_recording_without_spikes_is_refused(tiny: Design) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (6000, 2))
    with pytest.raises(ValueError, match="planted: no negative peak beyond 5 noise deviations"):
        detect_spikes(recorded(noise), tiny, "real", "planted")
