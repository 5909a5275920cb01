"""Recordings of SpikeInterface to ``.scae`` files and back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from spikeinterface.core import BaseRecording, NumpyRecording, get_noise_levels, load
from spikeinterface.preprocessing import bandpass_filter

from spikecae import compress, read_scae
from spikecae.codec.container import read_header
from spikecae.errors import InputError
from spikecae.files import OutputError
from spikecae.recordings.spikes import DecodedSpikes
from tests.recordings import RATE, codes, column, probe, recorded, traces
from tests.spikecae.command import Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")

GAIN_UV = 0.5
NAMES = [f"AP{number}" for number in range(8)]


def two_segments(seconds: float = 1.5) -> BaseRecording:
    """Integers with gains and offsets that differ from channel to channel, names, and a probe."""
    gains = GAIN_UV * (1 + 0.1 * np.arange(8))
    parts = [np.round(traces(seconds=seconds, seed=seed) / gains).astype(np.int16) for seed in (1, 2)]
    recording = NumpyRecording(parts, RATE, channel_ids=NAMES)
    recording.set_probe(probe(column(8)))
    recording.set_channel_gains(gains)
    recording.set_channel_offsets(100.0 + np.arange(8))
    return recording


@pytest.fixture(scope="module")
def recording() -> BaseRecording:
    return two_segments()


@pytest.fixture(scope="module")
def folder(recording: BaseRecording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "out"
    compress(recording, "lite_probe", path, progress=False)
    return path


@pytest.fixture(scope="module")
def spikes(folder: Path) -> DecodedSpikes:
    return read_scae(folder)


def in_band(recording: BaseRecording, segment: int) -> np.ndarray:
    filtered = bandpass_filter(recording, freq_min=300, freq_max=6000, dtype="float32")
    return filtered.get_traces(segment_index=segment, return_in_uV=True)


def test_waveforms_are_those_of_the_recording_in_microvolts(recording: BaseRecording, spikes: DecodedSpikes) -> None:
    assert len(spikes) > 30
    waveforms, signal, error = spikes.waveforms(), 0.0, 0.0
    assert waveforms.shape == (len(spikes), 4, 48)
    for segment in range(2):
        traces_uv = in_band(recording, segment)
        for event in np.flatnonzero(spikes.segment == segment):
            window = slice(spikes.sample[event] - 16, spikes.sample[event] + 32)
            original = traces_uv[window, spikes.channels[event]].T
            place = spikes.channels[event].tolist().index(spikes.channel[event])
            assert original[place].min() == original[place, 16] == original.min()
            signal += float(np.square(original).sum())
            error += float(np.square(original - waveforms[event]).sum())
    assert 10 * np.log10(signal / error) > 15
    some = [5, 3, 3]
    np.testing.assert_array_equal(spikes.waveforms(some), waveforms[some])
    np.testing.assert_array_equal(spikes.waveforms(-2), waveforms[-2])


def test_a_file_explains_itself(recording: BaseRecording, folder: Path) -> None:
    with open(folder / "spikes.scae", "rb") as file:
        header = read_header(file)
    told = header.recording
    assert told is not None
    assert header.schema_version == 4
    assert (header.unit, header.adc.lsb) == ("uV", 2.34375)
    assert told.sampling_rate_hz == RATE
    assert told.segment_samples == (45_000, 45_000)
    assert list(told.channel_ids) == NAMES
    assert told.gains_uv == tuple(recording.get_channel_gains())
    assert told.offsets_uv == tuple(recording.get_channel_offsets())
    assert told.contacts_um == tuple(column(8))
    assert (told.band_hz, told.threshold, told.polarity, told.peak) == ((300.0, 6000.0), 5.0, "negative", 16)
    assert told.neighbours is not None
    assert told.neighbours[0] == (0, 1, 2, 3)
    np.testing.assert_allclose(told.noise, get_noise_levels(bandpass_filter(recording)), rtol=0.1)
    assert "NumpyRecording" in told.source
    assert sorted(path.name for path in (folder / "codec").iterdir()) == [
        *("decoder.onnx", "lite_probe.toml", "spec.json", "spec.npz"),
    ]


def test_spikeinterfaces_objects_say_the_same(spikes: DecodedSpikes) -> None:
    waveforms = spikes.waveforms()
    snippets = spikes.to_snippets()
    sorting = spikes.to_sorting()
    for segment in range(2):
        rows = np.flatnonzero(spikes.segment == segment)
        assert snippets.get_frames(segment_index=segment).tolist() == spikes.sample[rows].tolist()
        made = snippets.get_snippets(segment_index=segment)
        for row, snippet in zip(rows, made, strict=True):
            np.testing.assert_array_equal(snippet[:, spikes.channels[row]].T, waveforms[row])
            assert np.count_nonzero(snippet.any(axis=0)) == 4
        for unit in sorting.unit_ids:
            own = rows[spikes.channel[rows] == NAMES.index(unit)]
            assert sorting.get_unit_spike_train(unit, segment_index=segment).tolist() == spikes.sample[own].tolist()
    few = spikes.to_snippets(["AP7"])
    assert few.get_total_snippets() == int((spikes.channels == 7).any(axis=1).sum())
    labelled = spikes.to_sorting(np.arange(len(spikes)) % 3)
    assert labelled.unit_ids.tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="2 labels for"):
        spikes.to_sorting(["a", "b"])


def test_the_recording_that_comes_back_has_spikes_and_zeros(
    recording: BaseRecording, spikes: DecodedSpikes, tmp_path: Path
) -> None:
    back = spikes.to_recording()
    assert (back.get_num_segments(), back.get_num_samples(1)) == (2, 45_000)
    assert list(back.channel_ids) == NAMES
    np.testing.assert_array_equal(back.get_channel_locations(), recording.get_channel_locations())
    whole = back.get_traces(segment_index=1, return_in_uV=True)
    parts = [back.get_traces(1, first, first + 1000) for first in range(0, 45_000, 1000)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    original, there = in_band(recording, 1), whole != 0
    assert 0.02 < there.mean() < 0.5
    assert np.square(original - whole)[there].sum() < 0.05 * np.square(original)[there].sum()
    np.testing.assert_allclose(get_noise_levels(back), np.array(spikes.recorded.noise))
    hissing = spikes.to_recording(noise=True)
    noisy = hissing.get_traces(1, 20_000, 40_000)
    np.testing.assert_array_equal(noisy[there[20_000:40_000]], whole[20_000:40_000][there[20_000:40_000]])
    np.testing.assert_array_equal(hissing.get_traces(1, 30_000, 31_000), noisy[10_000:11_000])
    np.testing.assert_allclose(np.median(np.abs(noisy), axis=0) / 0.6745, spikes.recorded.noise, rtol=0.15)
    back.dump_to_json(tmp_path / "back.json")
    again = load(tmp_path / "back.json")
    np.testing.assert_array_equal(again.get_traces(1, 0, 3000), whole[:3000])


def test_however_many_threads_and_stretches_the_file_is_the_same(
    recording: BaseRecording, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikecae.recordings.finder.MOST_VALUES", 8 * 7001)
    compress(recording, "lite_probe", tmp_path / "x.scae", n_jobs=3, progress=False)
    there, here = read_scae(folder), read_scae(tmp_path / "x.scae")
    np.testing.assert_array_equal(here.sample, there.sample)
    np.testing.assert_array_equal(here.channel, there.channel)
    np.testing.assert_allclose(here.waveforms(), there.waveforms(), atol=40)  # a code may round the other way


def test_spikes_of_a_queue_come_back_one_by_one(tmp_path: Path) -> None:
    """Channels of their own, in blocks of 4; what does not fill a block is kept."""
    raw = recorded(-traces(channels=3, seconds=2.0, rate=24_000.0), rate=24_000.0)
    raw.set_channel_gains(1.0)
    raw.set_channel_offsets(0.0)
    made = compress(raw, "lite", tmp_path / "x.scae", progress=False)
    spikes = read_scae(tmp_path / "x.scae")
    assert made.spikes == made.events == len(spikes)
    assert len(spikes) > 30
    assert spikes.waveforms().shape == (len(spikes), 1, 64)
    low, high = 300.0, 6000.0
    traces_uv = bandpass_filter(raw, freq_min=low, freq_max=high, dtype="float32").get_traces()
    original = np.stack([traces_uv[s - 19 : s + 45, c] for s, c in zip(spikes.sample, spikes.channel, strict=True)])
    error = np.square(original - spikes.waveforms()[:, 0]).sum() / np.square(original).sum()
    assert -10 * np.log10(error) > 12
    assert (np.diff(spikes.sample) >= 0).all()


def test_groups_are_neighbourhoods_of_their_own(tmp_path: Path) -> None:
    raw = recorded(codes(traces(seconds=1.0), GAIN_UV), placed=False)
    raw.set_channel_gains(GAIN_UV)
    raw.set_channel_offsets(0.0)
    raw.set_property("tetrode", ["a", "b"] * 4)
    compress(raw, "lite_probe", tmp_path / "x.scae", groups="tetrode", progress=False)
    spikes = read_scae(tmp_path / "x.scae")
    assert {tuple(row) for row in spikes.channels.tolist()} == {(0, 2, 4, 6), (1, 3, 5, 7)}
    assert spikes.probe is None
    with pytest.raises(InputError, match=r"no contact positions, and 8 channels are more .*set_probe.*groups="):
        compress(raw, "lite_probe", tmp_path / "y.scae", progress=False)
    with pytest.raises(InputError, match=r"groups = 'shank' is no property of the recording, which has .*tetrode"):
        compress(raw, "lite_probe", tmp_path / "y.scae", groups="shank", progress=False)


def with_nan() -> BaseRecording:
    raw = traces(seconds=1.0)
    raw[12_345, 3] = np.nan
    return gained(recorded(raw))


def hiss() -> BaseRecording:
    return gained(recorded(np.random.default_rng(0).normal(0, 8, (24_000, 2)), 24_000.0))


def gained(recording: BaseRecording, gain: float = 1.0) -> BaseRecording:
    recording.set_channel_gains(gain)
    recording.set_channel_offsets(0.0)
    return recording


@pytest.mark.parametrize(
    ("made", "codec", "reason"),
    [
        (with_nan, "lite_probe", r"channel 3 is nan at 0\.4115 s of segment 0.*leave the channel out"),
        (lambda: recorded(traces(seconds=1.0)), "lite_probe", r"no gains.*set_channel_gains\(0\.195\)"),
        (lambda: gained(recorded(traces(seconds=0.05))), "lite_probe", r"lasts 0\.0500 s \(1500 samples in 1 seg"),
        (lambda: gained(recorded(traces(seconds=1.0), 20_000.0)), "lite_probe", r"20000 Hz.*30000 Hz; resample"),
        (lambda: gained(recorded(traces(2, 1.0))), "lite_probe", r"2 channels, .*neighbourhoods of 4"),
        (lambda: gained(recorded(np.zeros((30_000, 8)))), "lite_probe", r"all 8 channels are flat"),
        (
            lambda: gained(recorded(traces(seconds=1.0)), 100.0),
            "lite_probe",
            r"% of the spikes' samples.*check the rec",
        ),
        (lambda: gained(recorded(traces(seconds=1.0)), 1e-6), "lite_probe", r"than half of .* less than 4 .* smaller"),
        (lambda: gained(recorded(traces(seconds=1.0)), np.nan), "lite_probe", r"gain of channel 0 is nan; say what"),
        (lambda: gained(recorded(traces(seconds=1.0), np.nan)), "lite_probe", r"sampled at nan Hz"),
        (lambda: gained(recorded(traces(seconds=1.0) > 0)), "lite_probe", r"samples are bool; give .* floats"),
        (
            lambda: gained(recorded(traces(seconds=1.0))).rename_channels(["x" * 201, *"abcdefg"]),
            "lite_probe",
            r"the recording's channel_ids\.0.* at most 200 characters; mend it",
        ),
        (lambda: "a/path", "lite_probe", r"recording is a str; open it with SpikeInterface"),
        (
            lambda: gained(recorded(traces(seconds=1.0))),
            "light",
            r"'light' is neither a shipped design \(hc1, lite",
        ),
        (hiss, "lite", r"spikes in 1\.0 s of 2 channels, 8 are needed: .* positive peaks.*gain=-1"),
    ],
)
def test_what_does_not_go_says_why_and_what_helps(made: object, codec: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=reason):
        compress(made(), codec, tmp_path / "x.scae", progress=False)
    assert not (tmp_path / "x.scae").exists()


def test_no_other_file_is_replaced_and_none_without_a_recording_read(
    recording: BaseRecording, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.scae").write_text("mine")
    with pytest.raises(OutputError, match=r"exists and is not a \.scae file; .* replace it with overwrite=True$"):
        compress(recording, "lite_probe", tmp_path / "x.scae", progress=False)
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OutputError, match=r"notes is a file; name one that ends in \.scae, or a folder"):
        compress(recording, "lite_probe", tmp_path / "notes", progress=False)
    with pytest.raises(OutputError, match=r"notes is a file, and the output would lie in it"):
        compress(recording, "lite_probe", tmp_path / "notes" / "x.scae", progress=False)
    data = (folder / "spikes.scae").read_bytes()
    with pytest.raises(OutputError, match=r"codec/spec\.json exists and is not that of codec 'tiny' .*overwrite=True"):
        compress(recording, "tiny", folder, progress=False)
    assert (folder / "spikes.scae").read_bytes() == data
    shutil.copytree(folder, tmp_path / "other")
    compress(recording, "tiny", tmp_path / "other", progress=False, overwrite=True)
    assert read_scae(tmp_path / "other", tmp_path / "other" / "codec").header.design == "tiny"
    (tmp_path / "cut.scae").write_bytes(data[:-2000])
    with pytest.raises(InputError, match=r"cut\.scae is damaged: .*its end is missing"):
        read_scae(tmp_path / "cut.scae")
    with pytest.raises(InputError, match=r"made with spec .* of 'lite_probe', which is not in .*tiny; name the folder"):
        read_scae(folder, "tiny")
    end = 16 + int.from_bytes(data[8:12], "big")
    assert json.loads(data[16:end])["recording"]["schema_version"] == 1


def test_without_spikes_everything_is_empty_and_says_so(tmp_path: Path) -> None:
    quiet = gained(recorded(np.random.default_rng(0).uniform(-8, 8, (30_000, 8)).astype(np.float32)))
    made = compress(quiet, "lite_probe", tmp_path / "x.scae", progress=False)
    assert str(made).endswith(f"x.scae: no spikes were found; 0 events in {made.file_bytes:,} bytes")
    spikes = read_scae(tmp_path / "x.scae")
    assert spikes.waveforms().shape == (0, 4, 48)
    assert spikes.to_sorting().get_num_units() == 0
    assert not spikes.to_recording().get_traces().any()


def test_labels_and_channels_that_are_none_say_so(spikes: DecodedSpikes) -> None:
    assert list(spikes.to_snippets("AP3").channel_ids) == ["AP3"]
    with pytest.raises(InputError, match=r"channel 'AP9' is none of the file's"):
        spikes.to_snippets("AP9")
    for labels, said in (([1], "1 labels for"), (np.zeros((len(spikes), 1)), r"an array \(\d+, 1\) of labels")):
        with pytest.raises(InputError, match=said):
            spikes.to_sorting(labels)
    with pytest.raises(InputError, match="labels are float64; give integers, or text"):
        spikes.to_sorting([0.5] * len(spikes))


def test_the_command_compresses_what_spikeinterface_saved(
    run: Run, recording: BaseRecording, folder: Path, tmp_path: Path
) -> None:
    recording.save(folder=tmp_path / "recording", progress_bar=False, verbose=False)
    line = next(line for line in run("compress", "--help").splitlines() if line.strip().startswith("spikecae compress"))
    told = json.loads(run(*line.split()[1:], "--json", stdout=True))
    assert told["path"] == "spikes/spikes.scae"
    made = read_scae(tmp_path / "spikes")
    assert (told["events"], told["file_bytes"]) == (len(made), (tmp_path / "spikes" / "spikes.scae").stat().st_size)
    np.testing.assert_array_equal(made.waveforms(), read_scae(folder).waveforms())
    said = run("compress", "recording", "spikes", "--codec", "tiny", status=1)
    assert "is not that of codec 'tiny'" in said
    assert said.endswith("replace it with --overwrite\n")
