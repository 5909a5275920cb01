import numpy as np
import pytest
import torch

from model.datasets import SpikeDataset
from model.linear.coder import Coder, level_bits
from model.linear.fit import fit_linear, with_inverse
from model.linear.linear_model import LinearModel
from model.linear.refine import refined
from model.linear.sample import Sample, sample_of
from spikecae.design import Design
from tests.linear_designs import linear_design


@pytest.fixture(scope="module")
def samples(tiny: Design, tiny_spikes: SpikeDataset) -> tuple[Sample, Sample]:
    model = fit_linear(linear_design(tiny), tiny_spikes, seed=0)
    return sample_of(tiny_spikes.train, model.normalization), sample_of(tiny_spikes.validation, model.normalization)


@pytest.mark.parametrize(("joint", "codewords"), [(True, 1), (False, 4)])
def test_the_coder_is_the_model(
    tiny: Design, tiny_spikes: SpikeDataset, samples: tuple[Sample, Sample], joint: bool, codewords: int
) -> None:
    """But for the grid that latents and classes are rounded to first, which moves some of them over an edge."""
    model = fit_linear(linear_design(tiny, joint=joint, codewords=codewords), tiny_spikes, seed=0)
    blocks = samples[1].normalized
    with torch.no_grad():
        decoded, _ = Coder(model)(torch.from_numpy(blocks.reshape(-1, 32 if joint else 16)))
    wanted, rows = model.reconstruct(blocks).reshape(decoded.shape), blocks.reshape(decoded.shape)
    assert np.square(decoded.numpy() - wanted).mean() < 0.25 * np.square(wanted - rows).mean()
    assert np.square(decoded.numpy() - rows).mean() == pytest.approx(np.square(wanted - rows).mean(), rel=0.08)


def test_bits_lie_between_those_of_the_levels_around() -> None:
    costs = torch.zeros(2, 63)
    costs[0, 31:34] = torch.tensor([1.0, 3.0, 4.0])
    residual = torch.tensor([[0.0, 5.0], [1.0, 0.0], [1.25, 0.0], [-0.5, 0.0]], requires_grad=True)
    bits = level_bits(residual, costs)
    assert bits.tolist() == pytest.approx([1.0, 3.0, 3.25, 0.5], abs=1e-5)
    bits.sum().backward()
    assert residual.grad is not None
    assert residual.grad[2, 0].item() == pytest.approx(1.0)  # bits a level between 1 and 2


def test_costs_are_those_of_the_levels_seen(
    tiny: Design, tiny_spikes: SpikeDataset, samples: tuple[Sample, Sample]
) -> None:
    model = fit_linear(linear_design(tiny), tiny_spikes, seed=0)
    coder, blocks = Coder(model), samples[0].normalized
    costs = coder.costs(torch.from_numpy(blocks.reshape(-1, 32)))
    assert torch.allclose((2.0**-costs).sum(dim=1), torch.ones(6), atol=1e-5)
    levels = model.quantize(model.latents(blocks))[1][:, 0, 0]
    share = float((levels == 0).mean())
    assert float(2 ** -costs[0, 31]) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(("joint", "codewords"), [(True, 1), (False, 4)])
def test_training_lowers_what_is_lost_and_sent(
    tiny: Design, tiny_spikes: SpikeDataset, samples: tuple[Sample, Sample], joint: bool, codewords: int
) -> None:
    """At the price that it was trained with, and with the inverse of least squares."""
    start = fit_linear(linear_design(tiny, joint=joint, codewords=codewords), tiny_spikes, seed=0)
    trained, again = (refined(start, *samples, worth=0.5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(trained.weight, again.weight)
    price = 0.5 * (2 * np.log(2) / 12) / np.square(start.weight).sum(axis=1).mean()
    blocks = torch.from_numpy(samples[1].normalized.reshape(-1, start.weight.shape[1]))

    def loss(model: LinearModel) -> float:
        coder = Coder(with_inverse(model, *samples))
        return coder.loss(blocks, blocks, coder.costs(blocks), price)

    assert loss(trained) < loss(start)
