import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from model.datasets import SpikeDataset, load_dataset
from model.datasets.synthetic import synthetic_recording
from model.training.training_report import load_report
from spikecae.design import Design, load_design
from spikecae.opening.description import Description

DESIGNS = Path(__file__).parents[3] / "designs"


def test_embedded_spikes_are_seeded(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    again = load_dataset(tiny)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(again, name).adc, getattr(tiny_spikes, name).adc)
    other = tiny.model_copy(update={"synthetic": tiny.synthetic.model_copy(update={"seed": 99})})
    assert load_dataset(other).train.adc.tobytes() != tiny_spikes.train.adc.tobytes()
    assert tiny_spikes.provenance == "synthetic"


def test_embedded_spikes_are_blocks_around_their_peak(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    train = tiny_spikes.train
    assert train.adc.shape[1:] == train.spikes.shape[1:] == (2, 16)
    assert train.adc.dtype == np.int16
    assert train.spikes.dtype == np.float32
    deepest = train.spikes.min(1).argmin(-1)
    assert (deepest == tiny.recording.peak).mean() > 0.99  # a later, larger spike of another unit may follow
    assert np.abs(train.adc * tiny.adc.lsb - train.spikes).max() <= tiny.adc.lsb / 2 + 1e-3
    assert len(tiny_spikes.test) >= 256


@pytest.mark.parametrize("name", ["wave_clus", "hc1"])
def test_every_design_has_embedded_spikes_enough(name: str) -> None:
    design = load_design(DESIGNS / f"{name}.toml")
    spikes = load_dataset(design)
    assert len(spikes.test) >= 256
    assert spikes.clipped_samples == 0
    assert np.median(np.abs(spikes.test.adc).max(-1)) > 2**5  # loud enough to use the converter


def test_events_stand_at_true_spikes(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    """Nearly every event lies within 0.3 ms of a true spike; the others are rebounds 1 to 3 ms after a large one."""
    from spikeinterface.generation import generate_sorting

    made = tiny.synthetic
    truth = generate_sorting(
        num_units=made.units,
        sampling_frequency=tiny.recording.sampling_rate_hz,
        durations=[made.duration_s],
        firing_rates=tuple(made.firing_rate_hz),
        refractory_period_ms=4.0,
        seed=made.seed,
    )
    times = np.sort(truth.to_spike_vector()["sample_index"]) / tiny.recording.sampling_rate_hz
    found = np.concatenate([split.times_s[:, 0] for split in (tiny_spikes.train, tiny_spikes.test)])
    right = np.searchsorted(times, found).clip(1, len(times) - 1)
    distance = np.minimum(np.abs(times[right] - found), np.abs(times[right - 1] - found))
    assert (distance < 0.3e-3).mean() > 0.94
    assert (distance < 3e-3).all()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["folder", "zarr"])
def test_saved_recordings_open_through_spikeinterface(
    tiny: Design, tiny_spikes: SpikeDataset, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"recording.{suffix}"
    recording = synthetic_recording(tiny)
    recording.save(folder=path, format="zarr" if suffix == "zarr" else "binary", verbose=False)
    spikes = load_dataset(tiny, path)
    assert spikes.provenance == "synthetic"  # SpikeInterface's generators leave their name
    np.testing.assert_allclose(spikes.test.spikes, tiny_spikes.test.spikes, atol=1e-2)


def test_what_spikeinterface_does_not_open_is_refused(tiny: Design, tmp_path: Path) -> None:
    path = tmp_path / "recording.dat"
    path.write_bytes(bytes(1000))
    with pytest.raises(ValueError, match=r"recording\.dat: a raw binary file does not say"):
        load_dataset(tiny, path)
    pickle = tmp_path / "recording.pkl"
    pickle.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match="a pickle can run code"):
        load_dataset(tiny, pickle)
    folder = tmp_path / "saved"
    folder.mkdir()
    pickle.rename(folder / "cached.pkl")
    with pytest.raises(ValueError, match="a pickle can run code"):
        load_dataset(tiny, folder)


@pytest.mark.parametrize(
    ("name", "file", "blocks"),
    [
        ("wave_clus", "wave_clus/spikes_C_Difficult2_noise005.mat", 368),
        ("hc1", "hc1/d533101.mat", 1246),
        ("hc1", "hc1/harris_d533101_5sec.mat", 20),
        ("wave_clus", "wave_clus/C_Easy1_noise015_5sec.mat", 10),
    ],
)
def test_real_files_load(name: str, file: str, blocks: int) -> None:
    folder = os.environ.get("SPIKECAE_DATA")
    if not folder or not (Path(folder) / file).is_file():
        pytest.skip(f"SPIKECAE_DATA has no {file}")
    design = load_design(DESIGNS / f"{name}.toml")
    unsaid = Description(sampling_rate_hz=design.recording.sampling_rate_hz) if "5sec" in file else None
    spikes = load_dataset(design, Path(folder) / file, description=unsaid)
    assert len(spikes.test) >= blocks
    assert spikes.clipped_samples == 0
    assert spikes.provenance == ("semi-synthetic" if name == "wave_clus" else "unknown")
    peaks = np.abs(spikes.train.spikes).max(1).argmax(-1) if name == "hc1" else spikes.train.spikes.argmax(-1)
    assert abs(int(np.median(peaks)) - design.recording.peak) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "neuropixels"])
def test_the_shipped_weights_were_trained_on_these_embedded_spikes(name: str) -> None:
    """Bit for bit: however samples are judged, a recording without a fault gives what it always gave."""
    spikes = load_dataset(load_design(DESIGNS / f"{name}.toml"))
    assert spikes.training_sha256 == load_report(DESIGNS / name / "training.json").data_sha256
    assert spikes.quality.summary == ""
    assert spikes.quality.notes == []


@pytest.mark.parametrize(
    ("name", "file"), [("wave_clus", "wave_clus/spikes_C_Difficult2_noise005.mat"), ("hc1", "hc1/d533101.mat")]
)
def test_the_shipped_weights_were_trained_on_these_files(name: str, file: str) -> None:
    folder = os.environ.get("SPIKECAE_DATA")
    if not folder or not (Path(folder) / file).is_file():
        pytest.skip(f"SPIKECAE_DATA has no {file}")
    spikes = load_dataset(load_design(DESIGNS / f"{name}.toml"), Path(folder) / file)
    assert spikes.training_sha256 == load_report(DESIGNS / name / "training.json").data_sha256


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("hc1", "3174b9eb3872b568", "4aa36c6b7094874e"),
        ("wave_clus", "2872f1a6b7a7db08", "0598976a25c27ac2"),
    ],
)
def test_embedded_spikes_of_other_designs_are_as_before(name: str, train: str, test: str) -> None:
    spikes = load_dataset(load_design(DESIGNS / f"{name}.toml"))
    assert spikes.training_sha256.startswith(train)
    assert hashlib.sha256(spikes.test.adc.tobytes()).hexdigest().startswith(test)
