import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.build import build_spec
from quantize.code import fit_code
from quantize.compare import MismatchError, compare, exact_products
from quantize.fake_quant import FakeQuantEncoder, Quantize
from quantize.stage import calibrated_encoder
from spikecae import golden
from spikecae.design import Design
from spikecae.golden import products
from spikecae.golden.normalize import normalize
from spikecae.golden.vector_quantizer import search
from spikecae.spec import EncoderSpec, load_spec, save_spec
from tests.quantize.conftest import made_up_checkpoint


def variant(design: Design, **changes: object) -> Design:
    return design.model_copy(update={"encoder": design.encoder.model_copy(update=changes)})


def quantized(design: Design, checkpoint: Checkpoint, adc: np.ndarray) -> tuple[FakeQuantEncoder, EncoderSpec]:
    encoder = calibrated_encoder(design, checkpoint, adc)
    return encoder, build_spec(design, encoder, fit_code(encoder, adc, design.codebook.rate_weight))


@pytest.mark.parametrize(
    "changes",
    [{}, {"share_blocks": True}, {"kernel": 5, "pools": [4]}, {"kernel": 1, "pools": [2, 1]}, {"groups": 1}],
    ids=str,
)
def test_golden_model_equals_it_at_every_tap(
    tiny: Design, tiny_spikes: SpikeDataset, changes: dict[str, object], tmp_path: Path
) -> None:
    design = variant(tiny, **changes)
    checkpoint = made_up_checkpoint(design, tiny_spikes.train.adc, seed=2)
    encoder, spec = quantized(design, checkpoint, tiny_spikes.train.adc)
    save_spec(spec, tmp_path)
    adc = tiny_spikes.test.adc.copy()
    adc[::7] *= 4  # some that saturate
    agreement = compare(load_spec(tmp_path), encoder, adc)
    assert agreement.blocks == len(adc)
    assert agreement.taps == len(golden.encode(spec, adc[:1]).taps)
    taps = golden.encode(spec, adc).taps
    for name, tap in taps.items():
        assert len(np.unique(tap)) > 8, f"{name} hardly varies"


@pytest.mark.parametrize(("activations", "latents"), [(6, 5), (4, 8), (8, 4)])
def test_golden_model_equals_it_with_narrow_values(
    tiny: Design, tiny_spikes: SpikeDataset, activations: int, latents: int, tmp_path: Path
) -> None:
    widths = tiny.quantization.model_copy(update={"activation_bits": activations, "latent_bits": latents})
    design = tiny.model_copy(update={"quantization": widths})
    checkpoint = made_up_checkpoint(design, tiny_spikes.train.adc, seed=2)
    encoder, spec = quantized(design, checkpoint, tiny_spikes.train.adc)
    save_spec(spec, tmp_path)
    adc = tiny_spikes.test.adc.copy()
    adc[::7] *= 4  # some that saturate
    compare(load_spec(tmp_path), encoder, adc)
    taps = golden.encode(spec, adc).taps
    assert np.abs(taps["normalize"]).max() > 100
    assert 2 ** (activations - 1) <= max(taps["conv"].max(), taps["pool1"].max()) <= 2**activations - 1
    assert np.abs(taps["project"]).max() <= 2 ** (latents - 1)
    assert np.abs(spec.quantizer.codebooks[0].words).max() <= 2 ** (latents - 1)


def test_a_shared_block_has_the_same_integer_weights_in_both_places(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    design = variant(tiny, share_blocks=True)
    checkpoint = made_up_checkpoint(design, tiny_spikes.train.adc, seed=2)
    _, spec = quantized(design, checkpoint, tiny_spikes.train.adc)
    first, second = (stage for stage in spec.stages if stage.kind == "residual")
    for one, other in zip(first.convolutions, second.convolutions, strict=True):
        assert np.array_equal(one.weight, other.weight)
        assert np.array_equal(one.weight_exponent, other.weight_exponent)


def test_sums_beyond_24_bits_stay_exact(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    checkpoint = made_up_checkpoint(tiny, tiny_spikes.train.adc, seed=3)
    encoder, _ = quantized(tiny, checkpoint, tiny_spikes.train.adc)
    place = next(place for place in encoder.folded.places() if place.name == "block0.expand")
    place.convolution.bias.data[0] = 2.0**24 / 2 ** int(
        encoder.exponents.weight[place.name][0] + encoder.exponents.activation[place.source]
    )
    spec = build_spec(tiny, encoder, fit_code(encoder, tiny_spikes.train.adc, 0.0))
    assert spec.stages[2].expand.bias[0] == 1 << 24
    compare(spec, encoder, tiny_spikes.test.adc[:64])


def test_products_of_less_precision_are_off_during_the_comparison() -> None:
    torch.set_float32_matmul_precision("medium")
    try:
        with exact_products():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    "fault",
    [
        lambda product: np.rint(product - 0.5),
        lambda product: np.floor(product - 0.5),
        lambda product: np.ceil(product - 1),
    ],
    ids=["half to even", "floor", "half down"],
)
def test_another_rounding_rule_in_the_golden_model_turns_the_comparison_red(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch, fault: Callable
) -> None:
    encoder, spec = quantized(tiny, loaded, tiny_spikes.train.adc)
    compare(spec, encoder, tiny_spikes.test.adc)
    monkeypatch.setattr(products, "requantize", lambda x, limits, out: np.clip(fault(x), *limits, out=out))
    with pytest.raises(MismatchError, match=r"block \d+, channel \d+, sample \d+: expected -?\d+, got -?\d+"):
        compare(spec, encoder, tiny_spikes.test.adc)


def test_another_tie_break_is_seen(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = copy.deepcopy(loaded)
    twins.model.quantizer.codebook.data[5] = twins.model.quantizer.codebook.data[3]
    encoder, spec = quantized(tiny, twins, tiny_spikes.train.adc)
    compare(spec, encoder, tiny_spikes.test.adc)

    def last_of_the_best(stage: object, latents: np.ndarray) -> np.ndarray:
        indices = search(stage, latents)
        return np.where(indices == 3, 5, indices)

    monkeypatch.setattr("spikecae.golden.model.quantize", last_of_the_best)
    with pytest.raises(MismatchError, match="of vq"):
        compare(spec, encoder, tiny_spikes.test.adc)


def test_message_counts_blocks_from_the_first_of_the_batch(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, spec = quantized(tiny, loaded, tiny_spikes.train.adc)

    def one_off(stage: object, adc: np.ndarray) -> np.ndarray:
        x = normalize(stage, adc)
        x[2, 1, 3] += 1
        return x

    monkeypatch.setattr("spikecae.golden.model.read_source", one_off)
    with pytest.raises(MismatchError, match="values of normalize; first in block 102, channel 1, sample 3"):
        compare(spec, encoder, tiny_spikes.test.adc[100:110], first=100)


def test_rounding_follows_numpy_integers_and_passes_gradients_straight() -> None:
    x = torch.tensor([0.3, -0.7, 200.0, -200.0, 1.125], requires_grad=True)
    y = Quantize.apply(x, torch.tensor(2), -128, 127)
    assert y.tolist() == [0.25, -0.75, 31.75, -32.0, 1.25]
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 0, 0, 1]


def test_gradients_reach_every_weight(tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    encoder, _ = quantized(tiny, loaded, tiny_spikes.train.adc)
    encoder(torch.from_numpy(tiny_spikes.train.adc[:64]))["project"].square().sum().backward()
    for place in encoder.folded.places():
        assert place.convolution.weight.grad.abs().sum() > 0, place.name
        assert place.convolution.bias.grad.abs().sum() > 0, place.name
