"""Files that hold spikes already cut: the same rules as for recordings."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from model.datasets import load_dataset
from model.datasets.readers.arrays import read_arrays
from spikecae.design import Design, load_design
from spikecae.opening.description import Description

DESIGNS = Path(__file__).parents[3] / "designs"


@pytest.fixture(scope="module")
def wave_clus() -> Design:
    return load_design(DESIGNS / "wave_clus.toml")


@pytest.fixture
def tetrode() -> np.ndarray:
    """``[n, 2, 16]`` µV: as the design ``tiny`` has them."""
    rng = np.random.default_rng(1)
    shape = np.exp(-0.5 * ((np.arange(16) - 6) / 2.5) ** 2)
    return -200 * rng.uniform(0.5, 1.5, (300, 2, 1)) * shape + rng.normal(0, 8, (300, 2, 16))


def mat(path: Path, **variables: object) -> Path:
    savemat(path, variables)
    return path


def hc1_file(path: Path, snippets: np.ndarray) -> Path:
    return mat(path, ec_spikes=snippets.transpose(1, 2, 0))


def test_a_dead_wire_is_refused(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    tetrode[:, 1] = 0
    with pytest.raises(
        ValueError, match=r"dead\.mat: channel 1: no signal in 100 % of its snippets, and design 'tiny'"
    ):
        load_dataset(tiny, hc1_file(tmp_path / "dead.mat", tetrode))


def test_one_blank_spike_is_counted_apart(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    whole = load_dataset(tiny, hc1_file(tmp_path / "whole.mat", tetrode))
    tetrode[200] = 0
    tetrode[210, 1] = 5.0
    blank = load_dataset(tiny, hc1_file(tmp_path / "blank.mat", tetrode))
    assert blank.quality.excluded_spikes == {"silent": 2, "blanked": 2}
    assert blank.quality.notes == ["spike 200, channel 0: silent", "spike 210, channel 1: blanked"]
    assert blank.quality.summary == (
        "left out: 2 spikes near blanked samples; 2 spikes of events that are silent on a channel"
    )
    total = [len(spikes.train) + len(spikes.validation) + len(spikes.test) for spikes in (whole, blank)]
    assert total[0] - total[1] == 2
    assert blank.quality.silent_spikes == 0
    assert blank.test.spikes.any(-1).all()


def test_nan_is_named_and_left_out(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    tetrode[[3, 4, 5, 6, 7, 8, 9], 1, 2] = np.nan
    found = load_dataset(tiny, hc1_file(tmp_path / "broken.mat", tetrode))
    assert found.quality.excluded_spikes == {"not a number": 14}
    assert found.quality.notes[0] == "spike 3, channel 1: not a number"
    assert found.quality.notes[-1] == "2 more such spikes"
    assert np.isfinite(found.train.spikes).all()


def test_eight_spikes_are_too_few_before_any_work(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match="8 events leave 3 blocks of 2 spikes to the train split, and 8 are needed, which 18 events give; ",
    ):
        load_dataset(tiny, hc1_file(tmp_path / "eight.mat", tetrode[:8]))


def continuous(wave_clus: Design) -> np.ndarray:
    rng = np.random.default_rng(0)
    data = rng.normal(0, 0.05, 120_000)
    for time in range(500, 119_000, 700):
        data[time - 9 : time + 10] += 1.5 * np.hanning(19)
    return data


def test_a_column_is_one_channel(wave_clus: Design, tmp_path: Path) -> None:
    data, interval = continuous(wave_clus), 1000 / 24_000
    row, column = (
        load_dataset(wave_clus, mat(tmp_path / f"{name}.mat", data=shaped, samplingInterval=interval))
        for name, shaped in (("row", data[None]), ("column", data[:, None]))
    )
    assert column.quality.channels == 1
    np.testing.assert_array_equal(row.test.adc, column.test.adc)


def test_a_rate_must_be_given_and_be_one(wave_clus: Design, tmp_path: Path) -> None:
    data = continuous(wave_clus)[None]
    unsaid = mat(tmp_path / "no_rate.mat", data=data)
    with pytest.raises(ValueError, match=r"no samplingInterval .*write sampling_rate_hz into no_ra"):
        load_dataset(wave_clus, unsaid)
    assert len(load_dataset(wave_clus, unsaid, description=Description(sampling_rate_hz=24_000.0)).test) > 10
    with pytest.raises(ValueError, match="sampled at 20000 Hz, design 'wave_clus' expects 24000 Hz"):
        load_dataset(wave_clus, unsaid, description=Description(sampling_rate_hz=20_000.0))
    for interval in (0.0, -1.0, np.nan):
        zero = mat(tmp_path / "zero.mat", data=data, samplingInterval=interval)
        with pytest.raises(ValueError, match=r"samplingInterval is .*, which is no sampling rate; correct it"):
            load_dataset(wave_clus, zero)
    said = mat(tmp_path / "said.mat", data=data, samplingInterval=1000 / 24_000)
    with pytest.raises(ValueError, match="the file says 24000 Hz, its description 30000 Hz"):
        load_dataset(wave_clus, said, description=Description(sampling_rate_hz=30_000.0))


def test_a_rate_in_the_file_is_compared(wave_clus: Design, tmp_path: Path) -> None:
    spikes = np.random.default_rng(0).normal(0, 0.3, (200, 64))
    for variables in ({"sr": 10_000.0}, {"par": {"sr": 10_000.0, "w_pre": 20.0}}):
        with pytest.raises(ValueError, match="sampled at 10000 Hz, design 'wave_clus' expects 24000 Hz"):
            load_dataset(wave_clus, mat(tmp_path / "other.mat", spikes=spikes, **variables))
    assert len(load_dataset(wave_clus, mat(tmp_path / "same.mat", spikes=spikes, sr=24_000.0)).test) == 25


def test_spikes_in_microvolts_are_judged_with_their_rate(wave_clus: Design, tmp_path: Path) -> None:
    spikes = np.random.default_rng(0).normal(0, 80, (200, 64))
    with pytest.raises(
        ValueError, match=r"% of the spikes' samples lie beyond the converter's -2048 to 2047 steps of 0"
    ):
        load_dataset(wave_clus, mat(tmp_path / "uv.mat", spikes=spikes))
    with pytest.raises(ValueError, match=r"sampled at 30000 Hz.*; and \d+ % of the spikes' samples"):
        load_dataset(wave_clus, mat(tmp_path / "both.mat", spikes=spikes, sr=30_000.0))
    scaled = Description(gain=1 / 80, unit="1")
    assert len(load_dataset(wave_clus, mat(tmp_path / "uv.mat", spikes=spikes), description=scaled).test) == 25


def test_integers_of_matlab_ask_for_a_gain(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    path = hc1_file(tmp_path / "codes.mat", tetrode.astype(np.int16))
    with pytest.raises(ValueError, match="samples are int16 without a gain"):
        load_dataset(tiny, path)
    found = load_dataset(tiny, path, description=Description(gain=2.0, offset=100.0))
    np.testing.assert_allclose(found.test.spikes[-1], 2.0 * tetrode[-1].astype(np.int16) + 100)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_codes(tiny: Design, tetrode: np.ndarray, tmp_path: Path, order: str) -> None:
    codes = np.asarray(np.round(tetrode / tiny.adc.lsb), np.int16, order=order)
    np.save(tmp_path / "codes.npy", codes)
    found = load_dataset(tiny, tmp_path / "codes.npy")
    assert found.quality.notes == [
        "codes.npy: int16 without a gain: integers are taken as codes of the design's converter, 2.34375 uV per step"
    ]
    assert load_dataset(tiny, tmp_path / "codes.npy", description=Description(gain=tiny.adc.lsb)).quality.notes == []
    np.testing.assert_array_equal(found.test.adc[-1], codes[-1])
    assert found.provenance == "unknown"
    np.savez(tmp_path / "units.npz", snippets=codes * tiny.adc.lsb, times=np.arange(300)[::-1] * 30_000)
    turned = load_dataset(tiny, tmp_path / "units.npz")
    np.testing.assert_array_equal(turned.test.adc[-1], codes[0])
    assert turned.test.times_s[-1].tolist() == [299.0, 299.0]


def test_arrays_of_a_queue_are_single_spikes(tiny: Design, tetrode: np.ndarray, tmp_path: Path) -> None:
    queue = tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": "queue"})})
    np.savez(
        tmp_path / "q.npz", snippets=tetrode, channels=np.arange(300) % 3, times=np.arange(600).reshape(300, 2) * 30
    )
    table = read_arrays(tmp_path / "q.npz", queue, Description())
    assert table.snippets.shape == (600, 1, 16)
    assert table.channels[:6, 0].tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(table.times_s[:3], [0.0, 0.001, 0.002])
    np.save(tmp_path / "single.npy", tetrode[:, 0])
    assert read_arrays(tmp_path / "single.npy", queue, Description()).snippets.shape == (300, 1, 16)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"spikes": np.zeros((9, 2, 16))}, "an array 'snippets' is needed"),
        ({"snippets": np.zeros((9, 2, 17))}, r"of shape \(9, 2, 17\); design 'tiny' takes shape \(n, 2, 16\)"),
        ({"snippets": np.zeros((9, 2, 16), bool)}, "snippets are bool; expected numbers"),
        ({"snippets": np.ones((9, 2, 16)), "times": np.arange(9) - 3}, "times go down to -3; they count samples"),
        (
            {"snippets": np.ones((9, 2, 16)), "times": np.arange(8)},
            r"times are int64 of shape \(8,\); expected integers",
        ),
        ({"snippets": np.zeros((0, 2, 16))}, "0 events leave 0 blocks"),
        ({"snippets": np.array([{}] * 3, object)}, "holds Python objects, which are no numbers; save an array of num"),
        (
            {"snippets": np.ones((9, 2, 16)), "channels": np.arange(8)},
            r"channels are int64 of shape \(8,\); expected integers of shape \(9,\), for 9 snippets; save one for each",
        ),
        ({"snippets": np.ones((9, 2, 16)), "channels": np.arange(9) - 3}, "channels go from -3 to 5; .* number them"),
    ],
)
def test_arrays_that_do_not_fit(tiny: Design, tmp_path: Path, arrays: dict, message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        load_dataset(tiny, tmp_path / "a.npz")
    assert "a.npz" in str(caught.value)


@pytest.mark.parametrize("kind", ["npy", "npz", "mat"])
def test_keys_of_recordings_do_not_apply_to_spikes(
    tiny: Design, tetrode: np.ndarray, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"spikes.{kind}"
    if kind == "mat":
        hc1_file(path, tetrode)
    elif kind == "npz":
        np.savez(path, snippets=tetrode)
    else:
        np.save(path, tetrode)
    for key, value in {
        "stream": "x",
        "channels": 9,
        "header_bytes": 77,
        "dtype": "int32",
        "contacts_um": [[0.0, 0.0]],
        "probe": Path("p.json"),
    }.items():
        description = Description.model_validate({key: value})
        with pytest.raises(ValueError, match=rf"spikes\.{kind}: {key} = .* does not apply to .*; take it out of the"):
            load_dataset(tiny, path, description=description)


def test_keys_of_raw_files_do_not_apply_to_matlab(wave_clus: Design, tmp_path: Path) -> None:
    path = mat(tmp_path / "r.mat", data=continuous(wave_clus)[None], samplingInterval=1000 / 24_000)
    with pytest.raises(ValueError, match=r"r\.mat: channels = 1, stream = 'x' do not apply .* or leave STREAM away"):
        load_dataset(wave_clus, path, description=Description(channels=1, stream="x"))
