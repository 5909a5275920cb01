"""Recordings from files by the command line: options, a description, readers by name, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from spikeinterface.preprocessing import resample

from spikecae.design import load_design
from spikecae.errors import InputError
from spikecae.opening.description import Description
from spikecae.opening.formats import open_recording
from spikecae.opening.gains import with_gains
from spikecae.recordings.compress import compress
from spikecae.recordings.read import read_scae
from tests.recordings import RATE, codes, column, recorded, traces, write_intan, write_spikeglx
from tests.spikecae.command import ROOT, Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
RAW = ("--sampling-rate", RATE, "--channels", 8, "--dtype", "int16", "--gain", 0.195, "--offset", 3.0)
TINY = load_design(ROOT / "designs" / "tiny.toml")


@pytest.fixture(scope="module")
def uv() -> NDArray[np.float32]:
    return traces(seconds=3.0)


def placed(folder: Path, form: str) -> Path:
    """A file with the contacts of the column."""
    if form == "npy":
        np.save(folder / "contacts.npy", np.array(column(8)))
    elif form == "csv":
        np.savetxt(folder / "contacts.csv", column(8), delimiter=",")
    return folder / f"contacts.{form}"


def same(made: Path, expected: Path) -> None:
    found, wanted = read_scae(made, "tiny"), read_scae(expected, "tiny")
    np.testing.assert_array_equal(found.sample, wanted.sample)
    np.testing.assert_array_equal(found.waveforms(), wanted.waveforms())
    assert found.recorded.contacts_um == wanted.recorded.contacts_um


def test_a_raw_file_by_options_or_a_description_is_the_recording_that_it_is(
    run: Run, uv: NDArray[np.float32], tmp_path: Path
) -> None:
    whole = recorded(codes(uv, 0.195))
    whole.set_channel_gains(0.195)
    whole.set_channel_offsets(3.0)
    compress(whole, "tiny", tmp_path / "wanted.scae", progress=False)
    (tmp_path / "day.raw").write_bytes(codes(uv, 0.195).tobytes())
    for form in ("npy", "csv"):
        run("compress", "day.raw", f"{form}.scae", "--codec", "tiny", *RAW, "--probe", placed(tmp_path, form))
        same(tmp_path / f"{form}.scae", tmp_path / "wanted.scae")
    assert read_scae(tmp_path / "npy.scae", "tiny").recorded.offsets_uv == (3.0,) * 8
    said = {"sampling_rate_hz": RATE, "channels": 8, "dtype": "int16", "gain": 0.195, "probe": "contacts.csv"}
    beside = tmp_path / "day.raw.toml"
    beside.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items()))
    run("compress", "day.raw", "beside.scae", "--codec", "tiny")
    same(tmp_path / "beside.scae", tmp_path / "wanted.scae")


def test_advice_to_retrain_keeps_what_the_options_said(run: Run, uv: NDArray[np.float32], tmp_path: Path) -> None:
    (tmp_path / "day.raw").write_bytes(codes(uv, 0.195).tobytes())
    options = (*RAW, "--probe", placed(tmp_path, "npy"))
    said = run("evaluate", "day.raw", "--codec", "lite_probe", *options)
    assert f"RAW={tmp_path / 'evaluation' / 'recording.json'}" in said
    (again,) = [line for line in said.splitlines() if ".venv/bin/spikecae evaluate" in line]
    assert again.split()[-2:] == ["--raw", str(tmp_path / "evaluation" / "recording.json")]
    told = run("evaluate", "day.raw", "--codec", "lite_probe", "--raw", "evaluation/recording.json")
    assert said.splitlines()[:2] == told.splitlines()[:2]


@pytest.mark.parametrize("options", [(), ("--stream", "imec0.ap"), ("--reader", "spikeglx", "--stream", "imec0.ap")])
def test_spikeinterfaces_readers(run: Run, uv: NDArray[np.float32], tmp_path: Path, options: tuple[str, ...]) -> None:
    write_spikeglx(tmp_path / "run", uv)
    write_spikeglx(tmp_path / "run", uv[::12], kind="lf")
    run("compress", "run", "out.scae", "--codec", "tiny", *options)
    assert len(read_scae(tmp_path / "out.scae", "tiny")) == pytest.approx(90, abs=20)


def test_another_rate_is_resampled_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    slow = codes(traces(seconds=3.0, rate=20_000.0), 0.195)
    slow.tofile(tmp_path / "day.raw")
    whole = recorded(slow, rate=20_000.0)
    whole.set_channel_gains(0.195)
    whole.set_channel_offsets(0.0)
    compress(resample(whole, RATE), "tiny", tmp_path / "wanted.scae", progress=False)
    options = ("--sampling-rate", 20_000, "--channels", 8, "--dtype", "int16", "--gain", 0.195)
    options = (*options, "--probe", placed(tmp_path, "npy"))
    refused = run("compress", "day.raw", "out.scae", "--codec", "tiny", *options, status=1)
    assert "sampled at 20000 Hz, and codec 'tiny' was made for 30000 Hz; resample it" in refused
    run("compress", "day.raw", "out.scae", "--codec", "tiny", *options, "--resample")
    same(tmp_path / "out.scae", tmp_path / "wanted.scae")


def test_a_recording_in_a_matlab_file(uv: NDArray[np.float32], tmp_path: Path) -> None:
    savemat(tmp_path / "day.mat", {"data": codes(uv, 0.195).T})
    with pytest.raises(InputError, match=r"no samplingInterval \(ms\); write sampling_rate_hz into"):
        open_recording(tmp_path / "day.mat", Description(), RATE)
    found = open_recording(tmp_path / "day.mat", Description(sampling_rate_hz=RATE), RATE)
    np.testing.assert_array_equal(found.get_traces(), codes(uv, 0.195))
    savemat(tmp_path / "cut.mat", {"spikes": np.ones((9, 40))})
    with pytest.raises(InputError, match=r"found spikes, and a continuous recording is 'data'.*spikecae encode"):
        open_recording(tmp_path / "cut.mat", Description(), RATE)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "write sampling_rate_hz, channels, dtype (and gain, unit, contacts_um) into day.raw.toml beside it"),
        (("--reader", "nothing"), "reader 'nothing' is none of SpikeInterface's; name one of alphaomega"),
        (("--reader", "spikeglx"), "day.raw is a file, and SpikeInterface's reader 'spikeglx' takes a folder"),
        ((*RAW, "--dtype", "int7"), "dtype = 'int7': input should be 'int16', 'uint16'"),
        ((*RAW, "--channels", 7), "no whole number of samples of 7 channels as int16"),
        ((*RAW, "--probe", "none.npy"), "no probe file none.npy; check the path"),
        ((*RAW, "--probe", "three.npy"), "8 channels, but three.npy has 3 contacts; give one a channel"),
        ((*RAW, "--probe", "row.npy"), "row.npy: (3,) numbers are no positions of contacts; save x and y"),
        ((*RAW, "--probe", "words.csv"), "words.csv: no positions of contacts (could not convert string"),
        (RAW[:6], "the recording has no gains, and codec 'tiny' works in uV"),
    ],
)
def test_what_is_lacking_or_wrong_is_named(run: Run, tmp_path: Path, options: tuple[object, ...], reason: str) -> None:
    np.zeros((4000, 8), np.int16).tofile(tmp_path / "day.raw")
    np.save(tmp_path / "three.npy", np.array(column(3)))
    np.save(tmp_path / "row.npy", np.arange(3))
    (tmp_path / "words.csv").write_text("x,y\n0,1\n")
    assert reason in run("compress", "day.raw", "out.scae", "--codec", "tiny", *options, status=1)


def test_gains_are_of_volts_or_of_a_unit_of_their_own(uv: NDArray[np.float32], tmp_path: Path) -> None:
    plain = with_gains(recorded(uv), Description(gain=[0.5] * 8, unit="mV"), "x")
    assert plain.get_channel_gains().tolist() == [500.0] * 8
    own = with_gains(recorded(uv), Description(gain=2.0, offset=1.0, unit="1"), "x")
    np.testing.assert_allclose(own.get_traces(), 2 * uv + 1, rtol=1e-6)
    assert not own.has_scaleable_traces()
    write_intan(tmp_path / "day.rhd", uv)
    for said, reason in (
        ({"gain": 0.5}, "the file says 0.195 µV per step, its description 0.5"),
        ({"unit": "1"}, "the file says 0.195 µV per step, its description a unit of its own"),
        ({"gain": [0.195] * 3}, "gain has 3 values for 8 channels"),
    ):
        opened = open_recording(tmp_path / "day.rhd", Description(), TINY.recording.sampling_rate_hz)
        with pytest.raises(InputError, match=reason):
            with_gains(opened, Description.model_validate(said), "x")
