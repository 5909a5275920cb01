"""Decoded spikes in files of other programs, read back by those programs or by hand."""

import json
import runpy
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import spikecae
from spikecae.errors import InputError
from spikecae.files import OutputError
from spikecae.recordings.spikes import DecodedSpikes
from tests.recordings import recorded, traces
from tests.spikecae.command import Run

pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMES = [f"AP{number}" for number in range(8)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments with spikes, channels with names and contacts."""
    path = tmp_path_factory.mktemp("made") / "spikes"
    raw = recorded([traces(seconds=1.0, seed=seed) for seed in (1, 2)]).rename_channels(NAMES)
    raw.set_channel_gains(1.0)
    raw.set_channel_offsets(0.0)
    spikecae.compress(raw, "lite_probe", path, progress=False)
    return path


@pytest.fixture(scope="module")
def spikes(folder: Path) -> DecodedSpikes:
    return spikecae.read_scae(folder)


def test_an_nwb_file_is_valid_and_holds_the_same(spikes: DecodedSpikes, tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason="the extra 'nwb' is not installed")
    path = spikecae.export_to_nwb(spikes, tmp_path / "x.nwb", session_start_time=START, identifier="one")
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(path, "r") as file:
        read = file.read()
        assert (read.identifier, read.session_start_time) == ("one", START)
        table = read.electrodes.to_dataframe()
        assert list(table["channel_name"]) == NAMES
        np.testing.assert_array_equal(table[["rel_x", "rel_y"]], spikes.recorded.contacts_um)
        series = read.processing["ecephys"].data_interfaces
        found = 0
        for channel in range(8):
            for segment in range(2):
                mine = np.flatnonzero((spikes.channel == channel) & (spikes.segment == segment))
                name = f"spikes_{channel}_segment{segment}"
                assert (name in series) == (len(mine) > 0)
                if not len(mine):
                    continue
                one = series[name]
                np.testing.assert_array_equal(one.data[:], spikes.waveforms(mine))
                np.testing.assert_array_equal(one.timestamps[:], spikes.times_s[mine])
                assert list(one.electrodes.data[:]) == spikes.channels[mine[0]].tolist()
                assert (one.unit, one.conversion) == ("volts", 1e-6)
                told = json.loads(one.comments)
                assert (told["channel_id"], told["segment"], told["peak_sample"]) == (NAMES[channel], segment, 16)
                assert told["spec_hash"] == spikes.header.spec_hash
                found += len(mine)
    assert found == len(spikes) > 30
    with pytest.raises(OutputError, match=r"x\.nwb exists and is not empty; .*overwrite=True"):
        spikecae.export_to_nwb(spikes, path, session_start_time=START)
    with pytest.raises(InputError, match=r"x\.h5 does not end in \.nwb"):
        spikecae.export_to_nwb(spikes, tmp_path / "x.h5", session_start_time=START)


def test_spikes_go_to_the_electrodes_of_a_file_that_has_some(spikes: DecodedSpikes) -> None:
    pynwb = pytest.importorskip("pynwb", reason="the extra 'nwb' is not installed")

    def with_electrodes(names: list[str]) -> object:
        made = pynwb.NWBFile("s", "i", START)
        group = made.create_electrode_group("g", "g", "g", made.create_device("d"))
        made.add_electrode_column("channel_name", "n")
        for name in names:
            made.add_electrode(group=group, location="l", channel_name=name)
        return made

    made = with_electrodes(["other", *NAMES[::-1]])
    spikecae.add_to_nwb(spikes, made)
    first = spikes.channel[0]
    one = made.processing["ecephys"][f"spikes_{first}_segment0"]  # type: ignore[attr-defined]
    assert list(one.electrodes.data) == [8 - channel for channel in spikes.channels[0]]
    with pytest.raises(InputError, match=r"channel AP7 is none of the file's electrodes, .*'AP0', .*name them"):
        spikecae.add_to_nwb(spikes, with_electrodes(NAMES[:7]))


def test_spikes_without_a_gain_have_no_volts(tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason="the extra 'nwb' is not installed")
    raw = recorded(-traces(channels=2, seconds=2.0, rate=24_000.0), rate=24_000.0)
    spikecae.compress(raw, "lite", tmp_path / "x.scae", progress=False)
    with pytest.raises(InputError, match=r"units of '1', as the recording had no gains.*set_channel_gains"):
        spikecae.add_to_nwb(spikecae.read_scae(tmp_path / "x.scae"), pynwb.NWBFile("s", "i", START))


def test_phy_finds_what_its_parameters_name(
    spikes: DecodedSpikes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read as phylib does: the parameters are run, and arrays lie beside them. Segments follow each other."""
    pytest.importorskip("pandas", reason="the extra 'sorting' is not installed")
    import spikeinterface.postprocessing.template_similarity as similarity

    monkeypatch.setattr(similarity, "_compute_similarity_matrix", similarity._compute_similarity_matrix_numpy)
    path = spikecae.export_to_phy(spikes, tmp_path / "new" / "phy")
    told = runpy.run_path(str(path))
    raw = np.fromfile(path.parent / told["dat_path"], told["dtype"]).reshape(-1, told["n_channels_dat"])
    assert (raw.shape, told["sample_rate"]) == ((60_000, 8), 30_000.0)
    arrays = {file.stem: np.load(file) for file in path.parent.glob("*.npy")}
    times = arrays["spike_times"].ravel()
    np.testing.assert_array_equal(times, spikes.sample + 30_000 * spikes.segment)
    units = sorted({NAMES[channel] for channel in spikes.channel})
    assert [units[unit] for unit in arrays["spike_clusters"].ravel()] == [NAMES[each] for each in spikes.channel]
    np.testing.assert_array_equal(arrays["channel_positions"], spikes.recorded.contacts_um)
    assert arrays["templates"].shape[:2] == (len(units), 48)
    gaps = np.diff(times, prepend=-1000, append=10**6) > 100
    alone = int(np.flatnonzero(gaps[:-1] & gaps[1:])[0])
    window = slice(times[alone] - 16, times[alone] + 32)
    np.testing.assert_allclose(raw[window, spikes.channels[alone]].T, spikes.waveforms(alone), atol=1e-3)
    with pytest.raises(OutputError, match="phy exists; name a new folder"):
        spikecae.export_to_phy(spikes, path.parent)


def test_the_commands_write_both(
    run: Run, folder: Path, spikes: DecodedSpikes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pynwb", reason="the extra 'nwb' is not installed")
    import spikeinterface.postprocessing.template_similarity as similarity

    monkeypatch.setattr(similarity, "_compute_similarity_matrix", similarity._compute_similarity_matrix_numpy)
    (tmp_path / "spikes.scae").write_bytes((folder / "spikes.scae").read_bytes())
    for command in ("nwb", "phy"):
        (line,) = [line for line in run(command, "--help").splitlines() if line.strip().startswith("spikecae ")]
        assert repr(spikes) in run(*line.split()[1:])
    assert (tmp_path / "spikes.nwb").is_file()
    assert (tmp_path / "for_phy" / "params.py").is_file()
    again = "nwb", "spikes.scae", "spikes.nwb", "--start", "2026-05-01"
    assert "replace it with --overwrite" in run(*again, status=1)
    run(*again, "--overwrite")
