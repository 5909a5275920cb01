from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from model.datasets import load_dataset
from model.datasets.readers.matlab import read_matlab
from spikecae.design import Design, load_design
from spikecae.opening.description import Description

DESIGNS = Path(__file__).parents[3] / "designs"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def wave_clus() -> Design:
    return load_design(DESIGNS / "wave_clus.toml")


@pytest.fixture(scope="module")
def hc1() -> Design:
    return load_design(DESIGNS / "hc1.toml")


def mat(path: Path, **variables: object) -> Path:
    savemat(path, variables)
    return path


def test_wave_clus_snippets(wave_clus: Design, tmp_path: Path) -> None:
    spikes = RNG.normal(0, 0.3, (90, 64))
    table = read_matlab(mat(tmp_path / "times_C_Easy1_noise01.mat", spikes=spikes), wave_clus, Description())
    np.testing.assert_array_equal(table.snippets[:, 0], spikes.astype(np.float32))
    assert np.isnan(table.times_s).all()
    assert table.provenance == "semi-synthetic"
    path = mat(tmp_path / "patient7.mat", spikes=spikes)
    assert read_matlab(path, wave_clus, Description()).provenance == "unknown"
    assert read_matlab(path, wave_clus, Description(provenance="real")).provenance == "real"


def test_hc1_snippets_in_order_of_time(hc1: Design, tmp_path: Path) -> None:
    spikes = RNG.normal(0, 50, (4, 40, 30))
    times = RNG.permutation(30)[None] * 100
    table = read_matlab(mat(tmp_path / "d.mat", ec_spikes=spikes, ec_st=times), hc1, Description())
    np.testing.assert_allclose(table.times_s, np.arange(30) * 0.01)
    last = int(times.argmax())
    np.testing.assert_array_equal(table.snippets[-1], spikes[:, :, last].astype(np.float32))
    assert table.channels[0].tolist() == [0, 1, 2, 3]
    assert table.provenance == "unknown"


def test_wave_clus_continuous(wave_clus: Design, tmp_path: Path) -> None:
    data = RNG.normal(0, 0.05, (1, 60_000))
    times = np.arange(500, 59_000, 700)
    for time in times:
        data[0, time - 9 : time + 10] += np.hanning(19)
    path = mat(tmp_path / "C_Easy1_noise005.mat", data=data, samplingInterval=1000 / 24_000)
    table = read_matlab(path, wave_clus, Description())
    assert len(table.snippets) == len(times)
    assert np.abs(table.times_s * 24_000 - times).max() <= 2
    path = mat(tmp_path / "slow.mat", data=data, samplingInterval=0.1)
    with pytest.raises(ValueError, match=r"slow\.mat: sampled at 10000 Hz"):
        read_matlab(path, wave_clus, Description())


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ec_spikes": np.ones((3, 40, 9))}, "'ec_spikes' has 3 channels, design 'hc1' codes 4 at a time"),
        ({"ec_spikes": np.ones((4, 48, 9))}, "snippets of 48 samples, design 'hc1' codes 40"),
        ({"ec_spikes": np.ones((4, 40, 9)), "ec_st": np.ones((1, 7))}, "'ec_st' has 7 times for 9 spikes"),
        (
            {"ec_spikes": np.full((4, 40, 9), np.nan)},
            "channel 0, channel 1, channel 2, channel 3: no signal in 100 % of its snippets",
        ),
        ({"spikes": np.ones((9, 40))}, "'spikes' holds snippets of 1 channel, .* neighbourhoods of 4"),
        ({"data": np.ones((3, 20_000)), "sr": 10_000.0}, "the recording has 3 channels, .* neighbourhoods of 4"),
        ({"data": "text"}, "'data' is .* expected numbers in 2 dimensions"),
        ({"waves": np.ones((9, 40))}, "found waves; expected 'spikes', 'ec_spikes' or 'data'"),
    ],
)
def test_what_does_not_fit_is_refused(hc1: Design, tmp_path: Path, variables: dict[str, object], message: str) -> None:
    path = mat(tmp_path / "input.mat", **variables)
    with pytest.raises(ValueError, match=message) as caught:
        read_matlab(path, hc1, Description())
    assert "input.mat" in str(caught.value)


def test_corrupt_files_are_refused(hc1: Design, tmp_path: Path) -> None:
    path = mat(tmp_path / "input.mat", ec_spikes=RNG.normal(0, 50, (4, 40, 30)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"input\.mat: not a readable MATLAB file"):
        load_dataset(hc1, path)
    path.write_bytes(b"a text file under a wrong name")
    with pytest.raises(ValueError, match=r"input\.mat: not a readable MATLAB file"):
        load_dataset(hc1, path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))
    with pytest.raises(ValueError, match=r"-v7"):
        load_dataset(hc1, path)
    with pytest.raises(FileNotFoundError, match=r"absent\.mat"):
        load_dataset(hc1, tmp_path / "absent.mat")
