from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.datasets.detection import detect_spikes
from model.datasets.noise import survey
from model.datasets.signal import Signal
from model.datasets.spikes import SpikeTable
from spikecae.design import Design, load_design
from spikecae.recordings.peaks import noise_deviation
from tests.recordings import PITCH_UM, RATE, probe, recorded, traces

SECOND = int(RATE)


@pytest.fixture(scope="module")
def uv() -> NDArray[np.float32]:
    return traces(seconds=12.0)


@pytest.fixture(scope="module")
def good(tiny: Design, uv: NDArray) -> SpikeTable:
    return found(uv, tiny)


def found(parts: NDArray | list[NDArray], tiny: Design) -> SpikeTable:
    return detect_spikes(recorded(parts), tiny, "unknown", "made")


def events(table: SpikeTable) -> set[tuple[int, int]]:
    return set(zip(np.round(table.times_s * RATE).astype(int).tolist(), table.channels[:, 0].tolist(), strict=True))


def test_nothing_is_left_out_of_a_good_recording(good: SpikeTable) -> None:
    quality = good.quality
    assert (quality.summary, quality.notes, quality.bad_samples, quality.excluded_spikes) == ("", [], {}, {})
    assert (quality.duration_s, quality.segments, quality.channels) == (12.0, 1, 8)
    assert quality.noise is not None
    assert 4.5 < quality.noise.least <= quality.noise.largest < 5.2
    assert len(good.snippets) > 300


def test_a_blank_beginning_leaves_the_threshold_as_it_is(uv: NDArray, tiny: Design, good: SpikeTable) -> None:
    blank = uv.copy()
    blank[: 6 * SECOND] = 0
    table = found(blank, tiny)
    assert events(table) == {event for event in events(good) if event[0] >= 6 * SECOND + SECOND // 60}
    assert table.quality.notes == ["all channels: blanked from 0.000 to 6.000 s"]
    assert table.quality.bad_samples == {"blanked": 8 * 6 * SECOND}


def test_a_blank_channel_costs_only_its_own_spikes(uv: NDArray, tiny: Design, good: SpikeTable) -> None:
    blank = uv.copy()
    blank[: 6 * SECOND, 3] = 0
    table = found(blank, tiny)
    late = {event for event in events(good) if event[0] > 6.1 * SECOND}
    assert late == {event for event in events(table) if event[0] > 6.1 * SECOND}
    early = table.channels[table.times_s < 5.9]
    assert not (early == 3).any()
    assert 0.3 * len(good.snippets) < len(early) < 0.5 * len(good.snippets)
    assert table.quality.excluded_spikes["blanked"] > 0
    assert table.quality.notes == ["channel 3: blanked from 0.000 to 6.000 s"]


@pytest.mark.parametrize("at", [100_000, 300_000])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_bad_sample_costs_no_more_than_its_neighbourhood(
    uv: NDArray, tiny: Design, good: SpikeTable, at: int, value: float
) -> None:
    broken = uv.copy()
    broken[at, 2] = value
    table = found(broken, tiny)
    reach = RATE / 60 + 16
    lost = events(good) - events(table)
    assert all(abs(time - at) <= reach and abs(channel - 2) <= 2 for time, channel in lost)
    assert events(table) <= events(good)
    assert table.quality.notes == [f"channel 2: not a number at {at / RATE:.4f} s"]
    assert np.isfinite(table.snippets).all()


def test_saturation_is_told_and_what_lies_in_it_is_left_out(uv: NDArray, tiny: Design, good: SpikeTable) -> None:
    loud = uv.copy()
    loud[90_000:93_000, 4] = -1200
    table = found(loud, tiny)
    assert table.quality.notes == ["channel 4: clipped from 3.000 to 3.100 s"]
    assert table.quality.excluded_spikes["clipped"] > 0
    assert events(table) <= events(good)
    assert np.abs(table.snippets).max() < 700


@pytest.mark.parametrize(
    ("value", "reason"), [(0.0, "never varies"), (np.nan, "not a number in 100 % of what was looked at")]
)
def test_dead_channels_are_left_out_and_the_others_keep_their_numbers(
    uv: NDArray, tiny: Design, good: SpikeTable, value: float, reason: str
) -> None:
    dead = uv.copy()
    dead[:, 5] = value
    table = found(dead, tiny)
    assert [(entry.what, entry.reason) for entry in table.quality.left_out] == [("channel 5", reason)]
    assert not (table.channels == 5).any()
    assert (table.channels == 7).any()
    assert len(table.snippets) > 0.9 * len(good.snippets)


@pytest.mark.parametrize("factor", [0.001, 60.0])
def test_implausible_noise_is_left_out(uv: NDArray, tiny: Design, factor: float) -> None:
    odd = uv.copy()
    odd[:, 1] *= factor
    (entry,) = found(odd, tiny).quality.left_out
    assert entry.what == "channel 1"
    assert "that of the others about 4.9" in entry.reason


def test_segments_that_differ_have_thresholds_of_their_own(uv: NDArray, tiny: Design, good: SpikeTable) -> None:
    table = found([uv[: 6 * SECOND] * 0.1, uv[6 * SECOND :]], tiny)
    assert len(table.snippets) == pytest.approx(len(good.snippets), abs=3)
    assert (np.diff(table.times_s) >= 0).all()  # the second goes on where the first ends
    (note,) = table.quality.notes
    assert note.startswith("segment 0: noise 0.49")
    assert "thresholds of its own" in note
    silent = found([uv[: 6 * SECOND] * 0.001, uv[6 * SECOND :]], tiny)
    assert silent.quality.left_out[0].what == "segment 0"
    assert silent.times_s.min() > 6.0
    blank = found([np.zeros_like(uv[: 6 * SECOND]), uv[6 * SECOND :]], tiny)
    assert blank.quality.left_out[0].reason == "no channel has a signal in it"


def test_short_segments_are_left_out(uv: NDArray, tiny: Design) -> None:
    (entry,) = found([uv, uv[:100]], tiny).quality.left_out
    assert (entry.what, entry.reason) == ("segment 1", "lasts 0.0033 s")
    with pytest.raises(ValueError, match=r"made: the recording lasts 0\.0007 s \(20 samples\); .* give a longer one"):
        found(uv[:20], tiny)


def test_a_recording_with_nothing_in_it_is_refused_with_the_reason(tiny: Design) -> None:
    with pytest.raises(
        ValueError, match=r"0 of 4 channels can be used.*channel 3 \(never varies\); mend the recording"
    ):
        found(np.zeros((SECOND, 4)), tiny)
    one = np.zeros((SECOND, 4))
    one[:, 2] = np.random.default_rng(0).normal(size=SECOND)
    with pytest.raises(ValueError, match="1 of 4 channels can be used, design 'tiny' codes neighbourhoods of 2"):
        found(one, tiny)


def test_a_contact_without_a_position_is_left_out(uv: NDArray, tiny: Design) -> None:
    places = [(0.0, PITCH_UM * n) for n in range(8)]
    places[6] = (np.nan, np.nan)
    recording = recorded(uv, placed=False)
    recording.set_probe(probe(places))
    table = detect_spikes(recording, tiny, "unknown", "made")
    (entry,) = table.quality.left_out
    assert (entry.what, entry.reason) == ("channel 6", "its contact has no position")
    assert set(table.channels.ravel().tolist()) == {0, 1, 2, 3, 4, 5, 7}


def test_the_beginning_counts_only_where_the_whole_agrees(uv: NDArray, tiny: Design) -> None:
    """Bit for bit the estimate of the first chunk in a steady recording; the whole's where the noise changes later."""
    steady = Signal(recorded(uv), tiny)
    beginning = noise_deviation(steady.read(0, 0, steady.chunk + steady.margin).traces)
    np.testing.assert_array_equal(survey(steady, [0]).deviation[0], beginning)
    louder = uv.copy()
    louder[5 * SECOND :] *= 1.5
    whole = noise_deviation(Signal(recorded(louder), tiny).read(0, 0, 12 * SECOND).traces)
    deviation = survey(Signal(recorded(louder), tiny), [0]).deviation[0]
    assert (deviation > 1.2 * beginning).all()
    np.testing.assert_allclose(deviation, whole, rtol=0.25)


def test_a_survey_reads_little_of_a_long_recording(tiny: Design) -> None:
    class Counted(Signal):
        samples_read = 0

        def read(self, segment, first, last):
            Counted.samples_read += last - first
            return super().read(segment, first, last)

    hour = np.lib.stride_tricks.as_strided(traces(2, 1.0), (3600 * SECOND, 2), (0, 4))
    survey(Counted(recorded(hour), tiny), [0])
    assert Counted.samples_read < 16 * SECOND


def test_every_channel_of_a_queue_is_judged_alone(uv: NDArray) -> None:
    design = load_design(Path(__file__).parents[3] / "designs" / "wave_clus.toml")
    said = {"sampling_rate_hz": RATE, "polarity": "negative"}
    design = design.model_copy(update={"recording": design.recording.model_copy(update=said)})
    dead = uv.copy()
    dead[:, 5] = 0
    table = detect_spikes(recorded(dead, placed=False), design, "unknown", "made")
    assert set(np.unique(table.channels)) == {0, 1, 2, 3, 4, 6, 7}
    with pytest.raises(ValueError, match="0 of 8 channels can be used, none is left"):
        detect_spikes(recorded(np.zeros_like(uv), placed=False), design, "unknown", "made")
