import torch

from model.autoencoder.vector_quantizer import VectorQuantizer
from model.training.codebook_average import CodebookAverage


def test_search_finds_the_nearest_codeword() -> None:
    torch.manual_seed(0)
    quantizer = VectorQuantizer(32, 6)
    latents = torch.randn(10, 4, 6)
    nearest = torch.cdist(latents, quantizer.codebook.detach()).argmin(-1)
    assert torch.equal(quantizer.search(latents), nearest)
    torch.testing.assert_close(quantizer(latents).values, quantizer.codebook.detach()[nearest])


def test_lowest_index_wins_a_tie() -> None:
    quantizer = VectorQuantizer(4, 2)
    quantizer.codebook.data = torch.tensor([[9.0, 9.0], [1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert quantizer.search(torch.tensor([[[0.0, 5.0]], [[1.0, 0.0]]])).tolist() == [[1], [1]]


def test_gradient_passes_straight_through() -> None:
    torch.manual_seed(1)
    quantizer = VectorQuantizer(8, 3)
    latents = torch.randn(2, 5, 3, requires_grad=True)
    weights = torch.randn(2, 5, 3)
    (quantizer(latents).values * weights).sum().backward()
    torch.testing.assert_close(latents.grad, weights)
    assert quantizer.codebook.grad is None


def test_losses_pull_one_side_each() -> None:
    quantizer = VectorQuantizer(2, 2)
    quantizer.codebook.data = torch.tensor([[0.0, 0.0], [4.0, 0.0]])
    latents = torch.tensor([[[1.0, 0.0], [4.0, 2.0]]], requires_grad=True)
    result = quantizer(latents)
    assert result.commitment.item() == result.codebook.item() == (1 + 4) / 2
    result.commitment.backward()
    assert quantizer.codebook.grad is None
    torch.testing.assert_close(latents.grad, torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]))


def test_averages_settle_on_the_means_of_what_chose_them() -> None:
    torch.manual_seed(2)
    quantizer = VectorQuantizer(2, 2)
    quantizer.codebook.requires_grad_(False)
    quantizer.codebook.data = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    average = CodebookAverage(quantizer.codebook)
    latents = torch.cat([torch.randn(500, 2) * 0.1 + 3, torch.randn(100, 2) * 0.1 - 2])
    for _ in range(800):
        average.update(latents, quantizer.search(latents))
    means = torch.stack([latents[:500].mean(0), latents[500:].mean(0)])
    torch.testing.assert_close(quantizer.codebook.data, means, atol=0.02, rtol=0)


def test_averages_forget_slowly() -> None:
    quantizer = VectorQuantizer(1, 1)
    quantizer.codebook.requires_grad_(False)
    quantizer.codebook.data = torch.zeros(1, 1)
    average = CodebookAverage(quantizer.codebook)
    latents = torch.full((5, 1), 2.0)
    average.update(latents, torch.zeros(5, dtype=torch.int64))
    # counts 0.99 · 1 + 0.01 · 5, sums 0.99 · 0 + 0.01 · 10
    torch.testing.assert_close(quantizer.codebook.data, torch.tensor([[0.10 / 1.04]]))


def test_dead_codewords_are_put_back_onto_latents() -> None:
    quantizer = VectorQuantizer(4, 2)
    quantizer.codebook.requires_grad_(False)
    quantizer.codebook.data = torch.tensor([[0.0, 0.0], [1.0, 1.0], [90.0, 90.0], [-90.0, 90.0]])
    average = CodebookAverage(quantizer.codebook)
    latents = torch.rand(200, 2)
    average.update(latents, quantizer.search(latents))
    assert average.revive(latents, torch.Generator().manual_seed(0)) == 2
    rows = {tuple(row) for row in latents.tolist()}
    assert {tuple(row) for row in quantizer.codebook[2:].tolist()} <= rows
    assert not {tuple(row) for row in quantizer.codebook[:2].tolist()} & rows
