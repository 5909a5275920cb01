import numpy as np
import pytest

from model.datasets.simulator import FAMILIES, Simulation, background, shape, simulate, simulated_spikes
from spikecae.design import Design

RATE = 24000.0


@pytest.fixture(scope="module")
def queue(tiny: Design) -> Design:
    recording = tiny.recording.model_copy(update={"sampling_rate_hz": RATE, "polarity": "positive", "peak": 5})
    block = tiny.block.model_copy(update={"kind": "queue"})
    return tiny.model_copy(update={"recording": recording, "block": block})


def test_the_trace_is_spikes_and_noise() -> None:
    """Taking away the spikes, laid down one by one, leaves noise of the deviation asked for."""
    trace, times, units = simulate(Simulation("easy1", 0.1, seed=3, duration_s=2.0), RATE)
    rest = trace.astype(np.float64)
    for time, unit in zip(times, units, strict=True):
        at = np.arange(max(0, int(time) - 200), min(len(trace), int(time) + 200))
        wave = shape((at - time)[None] * 1000 / RATE, FAMILIES["easy1"][unit - 1][None])[0]
        wave[np.abs(at - time - 0.75 * RATE / 1000) > 1.76 * RATE / 1000] = 0
        rest[at] -= wave
    assert rest.std() == pytest.approx(0.1, rel=0.02)
    assert np.abs(rest).max() < 0.6


def test_units_fire_at_their_rate_and_rest_between() -> None:
    _, times, units = simulate(Simulation("difficult2", 0.05, seed=1, duration_s=20.0), RATE)
    assert (np.diff(times) >= 0).all()
    for unit in (1, 2, 3):
        own = times[units == unit] / RATE
        assert len(own) == pytest.approx(400, abs=5 * 20)
        assert np.diff(own).min() >= 0.002
        assert np.diff(own).std() == pytest.approx(0.048, rel=0.2)


def test_background_is_coloured_as_spikes_are() -> None:
    noise = background(48000, RATE, np.random.default_rng(0))
    assert (noise.mean(), noise.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(48000, 1 / RATE)
    assert power[frequency < 3000].sum() > 0.9 * power.sum()
    kurtosis = (noise**4).mean()
    assert 2.5 < kurtosis < 6


def test_snippets_are_aligned_labelled_and_repeatable(queue: Design) -> None:
    simulation = Simulation("easy2", 0.05, seed=2, duration_s=5.0)
    spikes, again = simulated_spikes(simulation, queue), simulated_spikes(simulation, queue)
    snippets = spikes.table.snippets[:, 0]
    np.testing.assert_array_equal(spikes.table.snippets, again.table.snippets)
    alone = snippets[~spikes.overlapped]
    assert (alone[:, 5] >= alone[:, [4, 6]].max(axis=1)).mean() > 0.98
    assert alone[:, 5] == pytest.approx(1, abs=0.35)
    assert spikes.table.provenance == "synthetic"
    times = spikes.table.times_s
    near = np.array([np.sort(np.abs(times - time))[1] < 0.001 for time in times])
    assert spikes.overlapped[near].all()


def test_difficult_shapes_are_closer_than_easy_ones() -> None:
    time = np.arange(-1, 2.5, 1 / 24)[None]

    def closest(family: str) -> float:
        waves = [shape(time, row[None])[0] for row in FAMILIES[family]]  # type: ignore[index]
        return min(float(np.linalg.norm(waves[a] - waves[b])) for a, b in ((0, 1), (0, 2), (1, 2)))

    assert closest("difficult2") < closest("difficult1") < closest("easy2") < closest("easy1")


def test_drift_lowers_and_widens(queue: Design) -> None:
    spikes = simulated_spikes(Simulation("easy2", 0.01, seed=4, duration_s=20.0, drift=0.5), queue)
    alone = spikes.table.snippets[~spikes.overlapped, 0]
    assert alone[:50, 5].mean() > 0.95
    assert 0.45 < alone[-50:, 5].mean() < 0.6
