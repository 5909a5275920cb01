import time

import pytest

from benchmarks import fitting
from model.datasets import SpikeDataset, load_dataset
from spikecae.design import Design


@pytest.fixture(scope="module")
def spikes(tiny: Design) -> SpikeDataset:
    return load_dataset(tiny)


def test_a_recording_of_so_many_spikes(tiny: Design, spikes: SpikeDataset) -> None:
    """Half of 200 events, of which twelve in a hundred validate; each is a block."""
    few = fitting.first_spikes(tiny, spikes, 200)
    assert (len(few.train), len(few.validation), len(few.test)) == (88, 12, len(spikes.test))
    with pytest.raises(ValueError, match="blocks to train are fewer than the 50000 of 100000 spikes; ask for fewer"):
        fitting.first_spikes(tiny, spikes, 100_000)


def test_waiting_is_no_work(tiny: Design, spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[SpikeDataset] = []

    def fit(design: Design, dataset: SpikeDataset, seed: int) -> None:
        given.append(dataset)
        time.sleep(0.3)

    monkeypatch.setattr(fitting, "fit_linear", fit)
    found = fitting.measure(tiny, spikes, 200)
    assert (len(given[0].train), found["train_blocks"], found["spikes"], found["data"]) == (88, 88, 200, spikes.source)
    assert float(found["wall_s"]) >= 0.3
    assert float(found["processor_s"]) < 0.3
