"""Snippets of NWB files in, from files that pynwb writes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import spikecae
from spikecae.design import load_design
from spikecae.errors import InputError
from tests.recordings import RATE, recorded, traces
from tests.spikecae.command import ROOT, Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
pynwb = pytest.importorskip("pynwb", reason="the extra 'nwb' is not installed")
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
TETRODE = load_design(ROOT / "designs" / "lite_tetrode.toml")
SAMPLES, PEAK = TETRODE.block.samples, TETRODE.recording.peak


def spikes(count: int, largest: int, samples: int = SAMPLES, peak: int = PEAK, seed: int = 0) -> NDArray[np.float32]:
    """µV ``[n, 4, D]``, largest on one wire."""
    rng = np.random.default_rng(seed)
    shape = -np.exp(-(((np.arange(samples) - peak) / 2.5) ** 2))
    heights = rng.uniform(80, 160, (count, 1, 1)) * np.where(np.arange(4) == largest, 1.0, 0.5)[:, None]
    return np.asarray(heights * shape + rng.normal(0, 4, (count, 4, samples)), np.float32)


def written(path: Path, parts: dict[str, dict[str, Any]]) -> Path:
    """A file of two tetrodes with a series by each name; its electrodes are the first tetrode's, or told."""
    made = pynwb.NWBFile("s", "i", START)
    device = made.create_device(name="probe")
    for tetrode in range(2):
        group = made.create_electrode_group(name=f"t{tetrode}", description="d", location="l", device=device)
        for _ in range(4):
            made.add_electrode(location="l", group=group)
    for name, part in parts.items():
        rows = made.create_electrode_table_region(part.pop("rows", [0, 1, 2, 3]), "wires")
        part.setdefault("timestamps", 7.5 + np.arange(len(part["data"])) * 0.01)
        part.setdefault("conversion", 1e-6)
        made.add_acquisition(pynwb.ecephys.SpikeEventSeries(name=name, electrodes=rows, **part))
    with pynwb.NWBHDF5IO(path, "w") as file:
        file.write(made)
    return path


def test_a_recording_is_asked_for_where_snippets_are(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "in.nwb", {"a": {"data": spikes(20, largest=1)}})
    for command in ("evaluate", "compress"):
        said = run(command, "in.nwb", *(["out"] if command == "compress" else []), "--codec", "lite_tetrode", status=1)
        assert "in.nwb: it holds SpikeEventSeries and no recording; encode these by: spikecae snippets" in said


def test_snippets_of_two_tetrodes_come_back_in_order_of_time(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("zarr", reason="the extra 'zarr' is not installed")
    first, second = np.round(spikes(60, largest=2) / 0.5) * 0.5, spikes(50, largest=0, seed=1)
    times = np.random.default_rng(2).permutation(60) * 0.02 + 7.505  # as they come
    parts = {
        "unsorted": {"data": (first / 0.5).astype(np.int16), "conversion": 0.5e-6, "timestamps": times},
        "other": {"data": second, "rows": [4, 5, 6, 7]},
    }
    written(tmp_path / "in.nwb", parts)
    options = ("--codec", "lite_tetrode", "--sampling-rate", 10_000)
    run("snippets", "in.nwb", "out", *options)
    found = spikecae.read_scae(tmp_path / "out")
    assert found.channel_ids == list(range(8))
    assert found.recorded.groups == ("t0",) * 4 + ("t1",) * 4
    assert (np.diff(found.times_s) >= 0).all()
    assert found.recorded.segment_starts_s == (7.0,)
    for channel, given, when in ((2, first, times), (4, second, 7.5 + np.arange(50) * 0.01)):
        mine = np.flatnonzero(found.channel == channel)
        order = np.argsort(when)
        np.testing.assert_allclose(found.times_s[mine], when[order], atol=0.5 / 10_000)
        alone = spikecae.save_snippets(
            tmp_path / f"{channel}.zarr", given[order], "lite_tetrode", uv_per_step=found.header.adc.lsb
        )
        np.testing.assert_array_equal(found.waveforms(mine), alone[:])
        assert found.channels[mine[0]].tolist() == [channel // 4 * 4 + wire for wire in range(4)]
    assert 3 < np.median(found.recorded.noise) < 5  # from what comes before the peaks
    run("snippets", "in.nwb", "one", *options, "--series", "other")
    assert len(spikecae.read_scae(tmp_path / "one")) == 50


def test_what_was_exported_is_encoded_again(run: Run, tmp_path: Path) -> None:
    raw = recorded(traces(seconds=2.0)).rename_channels([f"AP{number}" for number in range(8)])
    raw.set_channel_gains(1.0)
    raw.set_channel_offsets(0.0)
    spikecae.compress(raw, "lite_probe", tmp_path / "spikes", progress=False)
    before = spikecae.read_scae(tmp_path / "spikes")
    spikecae.export_to_nwb(before, tmp_path / "spikes.nwb", session_start_time=START)
    (line,) = [line for line in run("snippets", "--help").splitlines() if line.strip().startswith("spikecae ")]
    run(*line.split()[1:])
    again = spikecae.read_scae(tmp_path / "again")
    names = [np.array(found.channel_ids)[found.channel] for found in (before, again)]
    assert names[0].tolist() == names[1].tolist()
    np.testing.assert_allclose(again.times_s, before.times_s, atol=0.5 / RATE)
    assert again.recorded.threshold == before.recorded.threshold
    same = np.abs(again.waveforms() - before.waveforms()) < 0.2 * np.ptp(before.waveforms(), axis=-1, keepdims=True)
    assert same.mean() > 0.99


@pytest.mark.parametrize(
    ("change", "given", "reason"),
    [
        ({}, {"sampling_rate_hz": None}, r"NWB does not say at which rate .*--sampling-rate.*made for 10000 Hz"),
        ({}, {"sampling_rate_hz": 30_000.0}, "sampled at 30000 Hz, and codec 'lite_tetrode' was made for 10000 Hz"),
        ({}, {"series": ["b"]}, "the file has no SpikeEventSeries 'b'; name one of a"),
        (
            {"data": spikes(9, 0, samples=32)},
            {},
            rf"snippets are of 32 samples, .* codes 40; cut them anew, the peak at sample {PEAK}, .*block.samples = 32",
        ),
        (
            {"data": spikes(9, 0).transpose(0, 2, 1)},
            {},
            r"of 4 samples, .* codes 40; \(40, 4\) look like samples and channels, NWB has channels first; cut",
        ),
        ({"data": spikes(9, 0)[:, :2], "rows": [0, 1]}, {}, "snippets are of 2 channels and 2 electrodes, .* codes 4"),
        ({"data": spikes(9, 0)[:, 0], "rows": [0]}, {}, "snippets are of 1 channels and 1 electrodes, .* codes 4"),
        ({"conversion": 1.0}, {}, r"median spike would be .* V high, by a conversion of 1; say how many µV a step is"),
        ({"data": -spikes(9, 0)}, {}, "most of its spikes have their largest negative sample at .*; cut them anew"),
        ({"data": spikes(9, 0, peak=25)}, {}, rf"largest negative sample at 25, .* has it at {PEAK}"),
        ({"data": spikes(0, 0), "timestamps": np.zeros(0)}, {}, "SpikeEventSeries a hold 0 events; give a file"),
        ({"timestamps": np.full(9, np.nan)}, {}, "9 timestamps for 9 events, or some that are no numbers"),
    ],
)
def test_what_is_lacking_is_named(tmp_path: Path, change: dict[str, Any], given: dict[str, Any], reason: str) -> None:
    path = written(tmp_path / "in.nwb", {"a": {"data": spikes(9, 0)} | change})
    options = {"sampling_rate_hz": 10_000.0, "progress": False} | given
    with pytest.raises(InputError, match=reason):
        spikecae.compress_nwb(path, "lite_tetrode", tmp_path / "out", **options)


def test_a_gain_takes_the_place_of_a_conversion_that_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path / "in.nwb", {"a": {"data": spikes(60, 0) / 0.5, "conversion": 1.0}})
    spikecae.compress_nwb(path, "lite_tetrode", tmp_path / "out", sampling_rate_hz=10_000, gain_uv=0.5, progress=False)
    found = spikecae.read_scae(tmp_path / "out")
    assert 60 < np.median(-found.waveforms().min(axis=(1, 2))) < 160


def test_without_such_a_series_it_says_what_there_is(tmp_path: Path) -> None:
    made = pynwb.NWBFile("s", "i", START)
    made.add_acquisition(pynwb.TimeSeries(name="Probe0", data=[1.0], rate=1.0, unit="V"))
    with pynwb.NWBHDF5IO(tmp_path / "in.nwb", "w") as file:
        file.write(made)
    with pytest.raises(InputError, match=r"no SpikeEventSeries \(in its acquisition: TimeSeries 'Probe0'\); a cont"):
        spikecae.compress_nwb(tmp_path / "in.nwb", "lite_tetrode", tmp_path / "out")
    (tmp_path / "bad.nwb").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match=r"bad\.nwb: not a readable NWB file"):
        spikecae.compress_nwb(tmp_path / "bad.nwb", "lite_tetrode", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match=r"no NWB file .*none\.nwb; check the path"):
        spikecae.compress_nwb(tmp_path / "none.nwb", "lite_tetrode", tmp_path / "out")
