"""The golden detector against hand-worked recordings and numpy's statistics."""

import numpy as np
import pytest

from spikecae.front_end.detector import RunningMedian, SpikeDetector
from spikecae.front_end.front_end import FrontEnd
from tests.planted import front_end, recording


def settle(made: FrontEnd) -> np.ndarray:
    """Codes -1, 1, -1, ...: median(|x|) comes to 1, and the threshold to 7.4 codes."""
    codes = np.where(np.arange(made.settling + 20) % 2, 1, -1)
    return np.repeat(codes[:, None], made.channels, axis=1) + made.zero


@pytest.mark.parametrize(
    ("deviation", "error"), [(1.0, 0.13), (2.0, 0.06), (3.4, 0.06), (20.0, 0.06), (400.0, 0.06), (6000.0, 0.06)]
)
def test_running_median_is_that_of_the_voltage(deviation: float, error: float) -> None:
    """Also where few codes span the noise, so that the median of the codes is far off."""
    v = np.random.default_rng(1).normal(0, deviation, (60_000, 4))
    noise = RunningMedian(front_end(4, bits=16, noise_shift=11, turns=5))
    noise.push(np.floor(v + 0.5).astype(np.int64))
    np.testing.assert_allclose(noise.estimate / 65536, np.median(np.abs(v), axis=0), rtol=error)


def test_running_median_settles_from_any_start_and_follows() -> None:
    v = np.random.default_rng(2).normal(0, 1, (40_000, 2)) * [30_000 / 4, 0.05]
    made = front_end(2, bits=16, noise_shift=8, turns=5)
    noise = RunningMedian(made)
    assert noise.estimate.tolist() == [65536, 65536]
    thresholds = noise.push(np.rint(v[: made.settling]).astype(np.int64))
    np.testing.assert_allclose(noise.estimate / 65536, [0.6745 * 7500, 0.25], rtol=0.25)
    np.testing.assert_array_equal(thresholds[-1], noise.estimate * made.gain // (1 << 20))
    noise.push(np.rint(v[:, ::-1]).astype(np.int64))
    np.testing.assert_allclose(noise.estimate / 65536, [0.25, 0.6745 * 7500], rtol=0.25)


def test_spikes_hardly_move_the_median() -> None:
    v = np.random.default_rng(3).normal(0, 10, (60_000, 1))
    v[::200] = -500
    noise = RunningMedian(front_end(1, noise_shift=11, turns=5))
    noise.push(np.rint(v).astype(np.int64))
    assert noise.estimate[0] / 65536 == pytest.approx(6.745, rel=0.06)


def test_peak_is_the_largest_after_the_crossing_and_the_first_on_a_tie() -> None:
    made = front_end(1, search=5, refractory=8)
    x = settle(made)
    start = len(x)
    #       crossing v     peak v     v tie        v crosses 8 after the peak: too early, and stays above
    more = [0, 0, -20, -30, -40, -35, -40, 0, 0, 0, 0, 0, -90, -90, 0, -60, 0, 0, 0, 0, 0] + [0] * 20
    codes = np.concatenate([x, np.array(more)[:, None]])
    spikes = SpikeDetector(made).push(codes)
    assert (spikes.times - start).tolist() == [4, 15]
    np.testing.assert_array_equal(spikes.snippets[0, 0], codes[start + 4 - 5 : start + 4 + 12, 0])


def test_crossing_counts_again_right_after_the_refractory_time() -> None:
    made = front_end(1, search=1, refractory=8)
    x = settle(made)
    more = np.zeros((60, 1), int)
    more[[2, 10, 12, 21, 30]] = -50  # 10 is 8 after 2, and 21 is 9 after 12
    spikes = SpikeDetector(made).push(np.concatenate([x, more]))
    assert (spikes.times - len(x)).tolist() == [2, 12, 21, 30]


def test_nothing_counts_before_the_noise_is_known() -> None:
    made = front_end(1)
    codes = np.where(np.arange(400) % 2, 1, -1)[:, None]
    codes[made.settling - 1 :: 40] = -300
    spikes = SpikeDetector(made).push(codes)
    assert spikes.times.tolist() == list(range(made.settling + 39, 380, 40))


@pytest.mark.parametrize(("polarity", "found"), [("negative", [10]), ("positive", [40]), ("both", [10, 40])])
def test_polarity(polarity: str, found: list[int]) -> None:
    made = front_end(1, polarity=polarity, zero=512)
    x = settle(made)
    more = np.full((80, 1), 512)
    more[10], more[40] = 0, 1023
    spikes = SpikeDetector(made).push(np.concatenate([x, more]))
    assert (spikes.times - len(x)).tolist() == found


def test_one_event_of_peaks_on_close_channels() -> None:
    made = front_end(12, 2)  # channels no more than 3 apart are close
    x = settle(made)
    more = np.zeros((90, 12), int)
    more[10, [4, 5, 6]] = [-50, -80, -80]  # one event, at the first of the largest
    more[12, 10] = -40  # far from it
    more[40, 2], more[44, 4], more[46, 6] = -30, -60, -50  # the one between wins, although the others are far apart
    more[60, 3], more[69, 4] = -90, -40  # close, but farther apart than the refractory time
    spikes = SpikeDetector(made).push(np.concatenate([x, more]))
    events = list(zip((spikes.times - len(x)).tolist(), spikes.peaks.tolist(), strict=True))
    assert events == [(10, 5), (12, 10), (44, 4), (60, 3), (69, 4)]
    assert spikes.channels[0].tolist() == [4, 5]
    assert spikes.snippets[0, :, 5].tolist() == [-50, -80]


def test_larger_peak_takes_the_first_place_it_beats() -> None:
    made = front_end(12, 2)
    x = settle(made)
    more = np.zeros((60, 12), int)
    more[10, 0], more[10, 8], more[12, 4] = -30, -60, -50  # none is close to another
    more[14, 2] = -70  # beats those on 0 and 4, and leaves before that on 8
    more[14, 11] = -50  # loses against that on 8
    spikes = SpikeDetector(made).push(np.concatenate([x, more]))
    assert list(zip((spikes.times - len(x)).tolist(), spikes.peaks.tolist(), strict=True)) == [(14, 2), (10, 8)]


def test_events_without_a_place_are_counted() -> None:
    made = front_end(12, 2, pending=2)
    x = settle(made)
    more = np.zeros((60, 12), int)
    more[10, [0, 4, 8]] = -60
    detector = SpikeDetector(made)
    spikes = detector.push(np.concatenate([x, more]))
    assert spikes.peaks.tolist() == [0, 4]
    assert detector.overruns == 1


@pytest.mark.parametrize(("channels", "spikes"), [(1, 0), (6, 0), (6, 3)])
def test_pieces_of_any_length_give_the_same(channels: int, spikes: int) -> None:
    made = front_end(channels, spikes, polarity="both")
    codes = recording(made, 3000, 30, seed=channels)
    whole = SpikeDetector(made).push(codes)
    assert len(whole.times) > 30
    detector = SpikeDetector(made)
    cuts = np.sort(np.random.default_rng(0).integers(0, 3000, 200))
    pieces = [detector.push(piece) for piece in np.split(codes, cuts)]
    for name in ("times", "peaks", "channels", "snippets"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(whole, name))


def test_codes_beyond_the_converter_saturate() -> None:
    made = front_end(1)
    x = settle(made)
    more = np.zeros((60, 1), int)
    more[10] = -4000
    spikes = SpikeDetector(made).push(np.concatenate([x, more]))
    assert spikes.snippets[0, 0, made.peak] == -512


@pytest.mark.parametrize(
    ("codes", "reason"), [(np.zeros((5, 3)), r"\(5, 3\), expected \(T, 2\)"), ([[0, 40000]], "16")]
)
def test_what_is_no_recording_is_refused(codes: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SpikeDetector(front_end(2)).push(np.asarray(codes))
