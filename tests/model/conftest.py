import pytest
import torch

from model.datasets import SpikeDataset, load_dataset
from spikecae.design import Design


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that wait for each other are slow where tests run side by side."""
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_spikes(tiny: Design) -> SpikeDataset:
    return load_dataset(tiny)
