"""A reader that does not ship: spikes in a table of text. No file of the toolkit knows it."""

from pathlib import Path

import numpy as np
import pytest

from model.datasets import SpikeTable, load_dataset
from model.datasets.readers import registry
from model.datasets.readers.recording import read_recording
from model.datasets.readers.registry import reads
from model.datasets.readers.snippets import snippet_table
from spikecae.design import Design, load_design
from spikecae.opening.description import Description

WAVE_CLUS = Path(__file__).parents[3] / "designs/wave_clus.toml"


def read_table(path: Path, design: Design, description: Description) -> SpikeTable:
    """A line for each spike of one channel: its time in seconds, then its samples in the design's unit."""
    lines = np.loadtxt(path, delimiter=",", ndmin=2)
    return snippet_table(
        lines[:, 1:].reshape(len(lines), 1, -1),
        lines[:, 0],
        np.zeros((len(lines), 1), np.int32),
        design,
        description,
        provenance=description.provenance or "unknown",
        source=path.name,
        rate_hz=description.sampling_rate_hz,
    )


@pytest.fixture(scope="module")
def wave_clus() -> Design:
    return load_design(WAVE_CLUS)


@pytest.fixture
def table(wave_clus: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "_READERS", dict(registry._READERS))
    reads(".csv")(read_table)
    rng = np.random.default_rng(3)
    shape = -1.0 * np.exp(-((np.arange(wave_clus.block.samples) - 20) ** 2) / 18)
    spikes = shape * rng.uniform(0.8, 1.2, (300, 1)) + rng.normal(0, 0.05, (300, wave_clus.block.samples))
    np.savetxt(tmp_path / "s.csv", np.column_stack([np.arange(300) * 0.01, spikes]), delimiter=",")
    return tmp_path / "s.csv"


def test_a_reader_is_one_function(wave_clus: Design, table: Path) -> None:
    data = load_dataset(wave_clus, table)
    lines = np.loadtxt(table, delimiter=",")
    first = np.floor(lines[0, 1:] / wave_clus.adc.lsb + 0.5)
    np.testing.assert_array_equal(data.train.adc[0, 0], first)
    assert (data.provenance, data.source) == ("unknown", "s.csv")


def test_what_is_judged_for_one_is_judged_for_all(wave_clus: Design, table: Path) -> None:
    with pytest.raises(ValueError, match=r"s\.csv: .*12000 Hz"):
        load_dataset(wave_clus, table, description=Description(sampling_rate_hz=12000))


def test_without_it_the_file_is_refused_by_name(wave_clus: Design, table: Path) -> None:
    registry._READERS.pop(".csv")
    with pytest.raises(ValueError, match=r"s\.csv: .*\.mat.*\.npz"):
        load_dataset(wave_clus, table)


def test_two_for_one_suffix_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\.mat files have a reader already, read_matlab"):
        reads(".mat")(read_recording)
