from pathlib import Path

import numpy as np
import pytest
import torch

from model.autoencoder.layers import BatchNorm
from model.autoencoder.network import Autoencoder
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.datasets import SpikeDataset, load_dataset
from model.normalization import fit_normalization
from spikecae.design import Design, load_design

DESIGNS = Path(__file__).parents[2] / "designs"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Threads that wait for each other are slow where tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Design:
    return load_design(DESIGNS / "tiny.toml")


@pytest.fixture(scope="session")
def tiny_spikes(tiny: Design) -> SpikeDataset:
    return load_dataset(tiny)


def made_up_checkpoint(design: Design, adc: np.ndarray, seed: int) -> Checkpoint:
    """A checkpoint without training: random weights, statistics of these spikes, codewords drawn from their latents."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = Autoencoder(design)
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.weight.data.uniform_(0.3, 2.0, generator=generator)
            module.bias.data.normal_(0, 0.5, generator=generator)
    normalization = fit_normalization(adc, design.normalization.kind)
    blocks = torch.from_numpy(normalization.apply(adc))
    with torch.no_grad():
        for _ in range(20):
            model.encoder(blocks)  # running statistics
        model.eval()
        rows = model.encoder(blocks).reshape(-1, design.latent_samples)
        chosen = torch.randperm(len(rows), generator=generator)[: design.codebook.codewords]
        model.quantizer.codebook.copy_(rows[chosen])
    return Checkpoint(model, normalization, epoch=1)


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny: Design, tiny_spikes: SpikeDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint.safetensors"
    save_checkpoint(path, tiny, made_up_checkpoint(tiny, tiny_spikes.train.adc, seed=0))
    return path


@pytest.fixture(scope="session")
def loaded(tiny: Design, tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint, tiny)
