import numpy as np
import pytest
import torch

from model.autoencoder.network import Autoencoder
from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.fold import fold, unfold
from spikecae.design import Design
from tests.quantize.conftest import made_up_checkpoint


@pytest.mark.parametrize("share", [False, True])
def test_folded_encoder_gives_the_latents_of_the_evaluated_model(
    tiny: Design, tiny_spikes: SpikeDataset, share: bool
) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"share_blocks": share})})
    checkpoint = made_up_checkpoint(design, tiny_spikes.train.adc, seed=1)
    x = torch.from_numpy(checkpoint.normalization.apply(tiny_spikes.test.adc))
    with torch.no_grad():
        expected = checkpoint.model.encoder(x)
        taps = fold(checkpoint.model.encoder)(x)
    assert torch.allclose(taps["project"], expected, rtol=0, atol=1e-5)
    assert expected.abs().max() > 1


def test_formula_on_one_channel_worked_by_hand(tiny: Design) -> None:
    model = Autoencoder(tiny).eval()
    norm = model.encoder.project_norm
    norm.weight.data[0], norm.bias.data[0] = 3.0, 0.5
    norm.running_mean[0], norm.running_var[0], norm.eps = 2.0, 3.75, 0.25  # s = 3 / sqrt(4)
    folded = fold(model.encoder).stages[-1].convolution
    assert torch.allclose(folded.weight[0], 1.5 * model.encoder.project.weight[0])
    assert folded.bias[0].item() == pytest.approx(0.5 - 1.5 * 2.0)


def test_places_name_where_inputs_and_identities_come_from(loaded: Checkpoint) -> None:
    places = {place.name: place for place in fold(loaded.model.encoder).places()}
    assert list(places) == [
        "conv",
        *(f"block{number}.{part}" for number in (0, 1) for part in ("reduce", "conv", "expand")),
        "project",
    ]
    assert places["conv"].source == "normalize"
    assert places["block1.reduce"].source == places["block1.expand"].identity == "block0.expand"
    assert places["block0.expand"].identity == "conv"
    assert places["project"].source == "block1.expand"


def test_taps_are_those_of_the_modules(loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    encoder = loaded.model.encoder
    x = torch.from_numpy(loaded.normalization.apply(tiny_spikes.test.adc[:16]))
    with torch.no_grad():
        taps = fold(encoder)(x)
        first = torch.relu(encoder.input_norm(encoder.input(x)))
        block = encoder.blocks[0](first)
    np.testing.assert_allclose(taps["conv"], first, atol=1e-5)
    np.testing.assert_allclose(taps["block0.expand"], block, atol=1e-5)
    np.testing.assert_allclose(taps["pool0"], block.reshape(16, 16, 8, 2).amax(3), atol=1e-5)


@pytest.mark.parametrize("share", [False, True])
def test_unfolded_weights_fold_to_themselves(tiny: Design, tiny_spikes: SpikeDataset, share: bool) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"share_blocks": share})})
    checkpoint = made_up_checkpoint(design, tiny_spikes.train.adc, seed=1)
    folded, other = fold(checkpoint.model.encoder), Autoencoder(design).eval()
    unfold(folded, other.encoder)
    for place, again in zip(folded.places(), fold(other.encoder).places(), strict=True):
        torch.testing.assert_close(again.convolution.weight, place.convolution.weight, rtol=1e-6, atol=0)
        torch.testing.assert_close(again.convolution.bias, place.convolution.bias, rtol=1e-6, atol=0)
    x = torch.from_numpy(checkpoint.normalization.apply(tiny_spikes.test.adc))
    with torch.no_grad():
        torch.testing.assert_close(other.encoder(x), checkpoint.model.encoder(x), rtol=0, atol=1e-5)
