import pytest
import torch

from experiments.table1 import OWN, REFITTED, configurations, refit_codebook
from experiments.training import DESIGNS, shipped
from model.datasets import load_dataset
from spikecae.design import load_design


def test_every_cell_is_beside_the_papers() -> None:
    made = configurations()
    best = {
        (item.labels["trained on"], item.labels["tested on"]): item for item in made if item.labels["recipe"] == "best"
    }
    assert len(best) == 4
    assert all(len(item.seeds) >= 3 for item in best.values())
    assert best["D2 0.2", "D2 0.05"].paper == {"sndr_mean_db": 15.2567}
    adapted = [item for item in made if item.labels["recipe"] in (OWN, REFITTED)]
    assert all(item.labels["trained on"] != item.labels["tested on"] for item in adapted)


def test_a_refitted_codebook_is_nearer_to_the_latents() -> None:
    """Each codeword in use is the mean of the latents nearest to it, where k-means has come to rest."""
    tiny = load_design(DESIGNS / "tiny.toml")
    dataset, model = load_dataset(tiny), shipped(tiny)
    network = model.checkpoint.model.eval()
    codebook = network.quantizer.codebook
    with torch.no_grad():
        codebook.mul_(0.5)
        adc = dataset.train.adc
        latents = network.encoder(torch.from_numpy(model.checkpoint.normalization.apply(adc))).flatten(0, 1)
        before = torch.cdist(latents, codebook).min(dim=1).values.square().mean()
        refit_codebook(model, dataset, seed=0)
        distances = torch.cdist(latents, codebook)
        after = distances.min(dim=1).values.square().mean()
        assert after < 0.5 * before
        nearest = distances.argmin(dim=1)
        largest = int(nearest.bincount().argmax())
        mean = latents[nearest == largest].mean(dim=0)
    assert codebook[largest].tolist() == pytest.approx(mean.tolist(), abs=0.05 * float(latents.std()))
