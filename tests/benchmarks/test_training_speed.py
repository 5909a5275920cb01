import pytest
import torch
from torch import Tensor, nn

from benchmarks.training import Plain, macs_per_block, measure
from model.autoencoder.network import Autoencoder
from spikecae.design import Design


def test_the_plain_network_is_the_same_one(tiny: Design) -> None:
    ours, plain = Autoencoder(tiny), Plain(tiny)
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in ours.parameters())
    x = torch.randn(3, tiny.block.spikes, tiny.block.samples)
    assert plain(x)[0].shape == ours(x).output.shape == x.shape


def test_products_are_those_that_pytorch_makes(tiny: Design) -> None:
    model = Plain(tiny).eval()
    counted = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal counted
        # Every weight meets each sample once: a transposed convolution at stride 1 has as many samples in as out.
        counted += module.weight.numel() * output.shape[-1]

    for module in model.modules():
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            module.register_forward_hook(count)
    model(torch.zeros(1, tiny.block.spikes, tiny.block.samples))
    search = tiny.encoder.features * tiny.codebook.codewords * tiny.latent_samples
    assert macs_per_block(tiny) == counted + search


def test_a_measurement_is_consistent(tiny: Design) -> None:
    found = measure(tiny, rounds=3)
    assert found["threads"] == torch.get_num_threads()
    share = float(found["ours_gmac_per_s"]) / float(found["matrix_gmac_per_s"])
    assert float(found["share_of_matrix_speed"]) == pytest.approx(share, rel=0.05, abs=0.01)
    assert float(found["ratio"]) > 0
