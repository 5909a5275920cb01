"""Encoders judged on recordings, and the page about it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import minimum_filter
from spikeinterface.core import BaseRecording, NumpySorting, append_recordings, append_sortings
from spikeinterface.preprocessing import bandpass_filter

from spikecae import compress, evaluate, read_scae
from spikecae.errors import InputError
from spikecae.evaluation.evaluate import Evaluated
from spikecae.evaluation.quality import sndr
from spikecae.evaluation.result import Evaluation, OwnSpikes, Quality, Sorted
from spikecae.evaluation.sorting import sort_before_and_after
from spikecae.evaluation.units import shares_with_event
from spikecae.evaluation.verdict import judge
from tests.recordings import recorded, traces
from tests.spikecae.command import Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")


@pytest.fixture(scope="module")
def recording() -> BaseRecording:
    made = recorded(traces(seconds=14.0, seed=5))
    made.set_channel_gains(1.0)
    made.set_channel_offsets(0.0)
    return made


@pytest.fixture(scope="module")
def evaluated(recording: BaseRecording) -> Evaluated:
    return evaluate(recording, "lite_probe", progress=False)


def test_figures_are_those_of_what_the_file_holds(
    recording: BaseRecording, evaluated: Evaluated, tmp_path: Path
) -> None:
    told = evaluated.figures
    made = compress(recording, "lite_probe", tmp_path / "x.scae", progress=False)
    spikes = read_scae(tmp_path / "x.scae")
    assert (told.events, told.spikes) == (len(spikes), made.spikes)
    header = 16 + int.from_bytes((tmp_path / "x.scae").read_bytes()[8:12], "big")
    assert told.wire_bits_per_spike * told.spikes == 8 * (made.file_bytes - header - 48)
    assert told.encoder.bits_per_spike < told.wire_bits_per_spike
    assert told.compression_ratio == pytest.approx(16 * 48 / told.encoder.bits_per_spike)
    assert told.recording_ratio == pytest.approx(14 * 30_000 * 8 * 16 / (told.wire_bits_per_spike * told.spikes))
    from spikecae.recordings.prepared import Prepared

    blocks = list(Prepared(recording, "lite_probe", None, None).blocks(1, progress=False))
    original = np.concatenate([part.snippets for part in blocks])
    found = sndr(original, spikes.waveforms())
    assert told.encoder.sndr_mean_db == pytest.approx(found.mean_db, abs=1e-3)
    assert told.encoder.sndr_worst_db == pytest.approx(found.worst_db, abs=1e-3)
    place = np.arange(len(original)), (spikes.channels == spikes.channel[:, None]).argmax(axis=1), 16
    errors = 100 * (spikes.waveforms()[place] / original[place] - 1)
    assert told.amplitude_error_percent == pytest.approx(np.median(np.abs(errors)), rel=1e-3)
    worst = told.groups[0]
    assert worst.sndr_global_db == min(group.sndr_global_db for group in told.groups)
    mine = spikes.channel == int(worst.name)
    means = original[mine].mean(axis=0), spikes.waveforms()[mine].mean(axis=0)
    expected = 100 * np.linalg.norm(means[1] - means[0]) / np.linalg.norm(means[0])
    assert worst.template_error_percent == pytest.approx(expected, rel=1e-3)


def test_pca_is_told_at_the_encoders_bits(evaluated: Evaluated) -> None:
    told = evaluated.figures
    assert told.pca is not None
    assert told.pca.bits_per_spike == pytest.approx(told.later_half.bits_per_spike, rel=0.02)
    below = [point.sndr_mean_db for point in told.pca_curve if point.bits_per_spike < told.pca.bits_per_spike]
    assert max(below) < told.pca.sndr_mean_db


def test_units_of_a_sorting_take_the_place_of_channels(recording: BaseRecording, tmp_path: Path) -> None:
    compress(recording, "lite_probe", tmp_path / "x.scae", progress=False)
    spikes = read_scae(tmp_path / "x.scae")
    mine = spikes.channel == 3
    frames, labels = spikes.sample[mine] + 5, np.array(["three"] * int(mine.sum()))
    sorting = NumpySorting.from_samples_and_labels([frames], [labels], 30_000.0)
    told = evaluate(recording, "lite_probe", sorting=sorting, progress=False).figures
    assert told.grouped_by == "unit"
    (unit,) = told.groups
    assert unit.name == "three"
    assert mine.sum() <= unit.events <= mine.sum() + 3  # of a neighbour at the same time, perhaps
    quiet = np.flatnonzero(np.diff(spikes.sample) > 100)[: mine.sum()]
    silent = spikes.sample[quiet] + 50  # no event is near
    train = np.sort(np.concatenate([spikes.sample[mine], silent]))
    halved = NumpySorting.from_unit_dict([{"half": train, "none": silent}], 30_000.0)
    shares = shares_with_event(halved, spikes.recorded, spikes.sample, spikes.channel, np.eye(8, dtype=bool))
    assert shares == [mine.sum() / len(train), 0.0]
    other = NumpySorting.from_samples_and_labels([frames], [labels], 25_000.0)
    with pytest.raises(InputError, match="sorting is of 1 segments at 25000 Hz, the recording of 1 at 30000 Hz"):
        evaluate(recording, "lite_probe", sorting=other, progress=False)


def quality(db: float, bits: float = 30.0) -> Quality:
    return Quality(sndr_mean_db=db, sndr_global_db=db, sndr_worst_db=db, bits_per_spike=bits)


@pytest.mark.parametrize(
    ("encoder", "pca", "linear", "retrain", "said"),
    [
        (quality(20.0), quality(20.9), True, False, "0.9 dB better at equal bits (limit 1"),
        (quality(20.0), quality(21.1), True, True, "1.1 dB better at equal bits (limit 1"),
        (quality(20.0), quality(29.0), False, False, "9.0 dB better at equal bits, as it may be of networks"),
        (quality(17.1), None, True, False, "at 17.1 dB, those of its training at 20.0 dB"),
        (quality(16.9), None, True, True, "at 16.9 dB, those of its training at 20.0 dB (limit 3 dB less)"),
        (quality(20.0, 44.0), None, True, False, "1.47 times the bits"),
        (
            quality(20.0, 46.0),
            quality(10.0),
            True,
            True,
            "1.53 times the bits of those (46.0 a spike)",
        ),
    ],
)
def test_the_rules_have_the_thresholds_that_they_state(
    encoder: Quality, pca: Quality | None, linear: bool, retrain: bool, said: str
) -> None:
    own = OwnSpikes(data="x", sndr_mean_db=20.0, bits_per_spike=30.0)
    told, reasons = judge(encoder, encoder, pca, own, fitted_beats_pca=linear)
    assert told is retrain
    assert any(said in reason for reason in reasons)


class Loaded(HTMLParser):
    """What a page would fetch, and which elements stay open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.drawn = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.drawn += tag == "svg"
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else(evaluated: Evaluated, tmp_path: Path) -> None:
    written = evaluated.save(tmp_path / "out")
    assert Evaluation.model_validate_json(written[0].read_bytes(), strict=False) == evaluated.figures
    text = written[1].read_text(encoding="utf-8")
    loaded = Loaded()
    loaded.feed(text)
    assert not loaded.fetched
    assert not loaded.open
    assert loaded.drawn == 3 + 5
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"url\(|@import|nan|inf,", text)
    assert f"{evaluated.figures.encoder.sndr_mean_db:.1f} dB" in text
    assert ("Retrain" in text) == evaluated.figures.retrain


@pytest.mark.slow
def test_the_command_says_the_same(run: Run, recording: BaseRecording, evaluated: Evaluated, tmp_path: Path) -> None:
    recording.frame_slice(0, 420_000).save(folder=tmp_path / "recording", progress_bar=False, verbose=False)
    said = run("evaluate", "recording", "--codec", "lite_probe")
    assert str(evaluated) in said
    assert evaluated.figures.retrain
    lines = [line.split() for line in said.splitlines() if line.startswith("  ")]
    assert [line[:3] for line in lines[:2]] == [["make", stage, "DESIGN=lite_probe"] for stage in ("quantize", "codec")]
    assert lines[0][4] == f"DATA={tmp_path / 'recording'}"
    assert lines[2][-1] == "build/lite_probe@own/codec"
    told = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    assert told["encoder"] == evaluated.figures.encoder.model_dump()
    assert (tmp_path / "evaluation" / "evaluation.html").is_file()
    assert run("evaluate", "none", "--codec", "lite", status=1).startswith("error: no recording none; check the path")
    (tmp_path / "x.pkl").write_bytes(b"")
    assert "a pickle can run code" in run("evaluate", "x.pkl", "--codec", "lite", status=1)
    assert "spikecae evaluate recording --codec lite_probe" in run("evaluate", "--help")
    said = run("evaluate", "none", "--codec", "lite", "--out", "x.pkl/out", status=1)
    assert said.startswith("error: x.pkl is a file, and the output would lie in it")  # before the recording is opened


def by_channel(_: str, sorted_: BaseRecording, **__: object) -> NumpySorting:
    """A sorter that takes each channel's troughs below 80 µV for a unit."""
    raw = bandpass_filter(sorted_, dtype="float32").get_traces()
    lowest = raw == minimum_filter(raw, (61, 3))
    frames, channels = np.nonzero(lowest & (raw < -80))
    return NumpySorting.from_samples_and_labels([frames], [channels], 30_000.0)


@pytest.mark.slow
def test_a_sorter_runs_before_and_after(
    recording: BaseRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas", reason="the extra 'sorting' is not installed")
    monkeypatch.setattr("spikeinterface.sorters.run_sorter", by_channel)
    halves = [recording.frame_slice(start, start + 150_000) for start in (0, 150_000)]
    both = append_recordings(halves)
    known = append_sortings([by_channel("", half) for half in halves])
    counts = {str(unit): sum(known.get_unit_spike_train(unit, part).size for part in (0, 1)) for unit in known.unit_ids}
    made = evaluate(both, "lite_probe", sorting=known, sorter="lupin", progress=False)
    told = made.figures.sorting
    assert told is not None
    assert (told.sorter, told.seconds, told.against) == ("lupin", 10.0, "known units")
    assert (told.units_before, told.units_after) == (8, 8)
    assert all(abs(counts[unit.name] - unit.spikes) <= 1 for unit in told.units)  # at the seam
    assert min(unit.before for unit in told.units) > 0.9
    assert 0.8 < told.units[0].after <= 1
    assert 0.9 < min(unit.with_event for unit in told.units) < 1  # some fall together
    assert "% of their spikes have an event of their own" in str(told)
    assert str(told) in str(made)
    assert "Sorting before and after" in made.save(tmp_path)[1].read_text(encoding="utf-8")

    def sort(sorter: str) -> Sorted:
        return sort_before_and_after(
            both, "lite_probe", sorter, None, groups=None, uv_per_step=None, n_jobs=1, progress=False
        )

    alone = sort("lupin")
    assert alone.against == "units before"
    assert {unit.name: unit.after for unit in alone.units} == pytest.approx(
        {unit.name: unit.after for unit in told.units}, abs=0.05
    )
    monkeypatch.setattr("spikeinterface.sorters.run_sorter", lambda *_, **__: [][0])
    with pytest.raises(InputError, match=r"'lupin' fails on the recording before compression \(list index out"):
        sort("lupin")


def test_a_sorter_that_is_not_there_is_refused_at_once(recording: BaseRecording) -> None:
    with pytest.raises(InputError, match=r"sorter 'lupine' is none that SpikeInterface knows; here are .*lupin"):
        evaluate(recording, "lite_probe", sorter="lupine", progress=False)
    with pytest.raises(InputError, match=r"sorter 'hdsort' is not installed, or lacks packages .*; here are"):
        evaluate(recording, "lite_probe", sorter="hdsort", progress=False)


def test_too_few_spikes_are_refused(recording: BaseRecording) -> None:
    with pytest.raises(InputError, match=r"\d+ spikes in 0\.5 s of 8 channels, 50 are needed: .*; give a longer rec"):
        evaluate(recording.frame_slice(0, 15_000), "lite_probe", progress=False)
