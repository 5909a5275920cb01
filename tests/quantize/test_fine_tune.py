import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint, load_checkpoint
from model.datasets import SpikeDataset
from model.evaluation import decode_units, evaluate
from quantize.build import build_spec
from quantize.code import fit_code
from quantize.compare import compare
from quantize.fake_quant import FakeQuantEncoder, Products
from quantize.fine_tune import FloatEncoder, fine_tune
from quantize.stage import calibrated_encoder, integer_model, quantize
from spikecae import golden
from spikecae.design import Design
from spikecae.evaluation.quality import sndr
from spikecae.spec import load_spec
from spikecae.stages.convolution import Convolution
from spikecae.stages.residual import Residual

EPOCHS = 3
SHIPPED = Path(__file__).parents[2] / "designs/tiny/model.safetensors"


def with_quantization(design: Design, **settings: object) -> Design:
    return design.model_copy(update={"quantization": design.quantization.model_copy(update=settings)})


@pytest.fixture(scope="module")
def trained(tiny: Design) -> Checkpoint:
    return load_checkpoint(SHIPPED, tiny)


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_four_bits_gain_what_calibration_lost(tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    four = with_quantization(tiny, weight_bits=4)
    encoder = calibrated_encoder(four, trained, tiny_spikes.train.adc)
    before = weights(trained.model)
    found: list[tuple[int, float]] = []
    tuned = fine_tune(four, encoder, trained, tiny_spikes, EPOCHS, lambda *step: found.append(step))
    assert [epoch for epoch, _ in found] == [0, 1, 2, 3]
    decibels = [value for _, value in found]
    assert max(decibels) > decibels[0] + 0.2
    assert decibels[tuned.epoch] == max(decibels)
    assert all(torch.equal(before[name], tensor) for name, tensor in trained.model.state_dict().items())
    spec = build_spec(four, encoder, fit_code(encoder, tiny_spikes.train.adc, 0.0))
    compare(spec, encoder, tiny_spikes.test.adc)
    exact = copy.deepcopy(tuned.model.encoder)  # the weights before rounding are near those after it
    x = torch.from_numpy(tuned.normalization.apply(tiny_spikes.test.adc))
    latents = encoder(torch.from_numpy(tiny_spikes.test.adc))["project"]
    assert torch.corrcoef(torch.stack([exact(x).ravel(), latents.ravel()]))[0, 1] > 0.95


def test_the_float_arm_starts_as_the_checkpoint_and_ends_as_what_is_returned(
    tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset
) -> None:
    found: list[float] = []
    tuned = fine_tune(
        tiny, FloatEncoder(trained), trained, tiny_spikes, EPOCHS, lambda epoch, value: found.append(value)
    )
    start, end = (
        evaluate(item.model, item.normalization, tiny_spikes.validation, tiny).sndr.mean_db for item in (trained, tuned)
    )
    assert found[0] == pytest.approx(start, abs=1e-3)
    assert max(found) == pytest.approx(end, abs=5e-3)  # the decoder returned is rounded to half precision
    assert max(found) > found[0]


def test_both_arms_take_the_same_batches(tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    seen: dict[str, list[torch.Tensor]] = {}
    encoders = {"float": FloatEncoder(trained), "8 bit": calibrated_encoder(tiny, trained, tiny_spikes.train.adc)}
    for name, encoder in encoders.items():
        batches = seen.setdefault(name, [])
        encoder.register_forward_pre_hook(lambda _, inputs, batches=batches: batches.append(inputs[0].clone()))
        fine_tune(tiny, encoder, trained, tiny_spikes, 2)
    assert len(seen["float"]) == len(seen["8 bit"]) > 10
    assert all(torch.equal(*pair) for pair in zip(seen["float"], seen["8 bit"], strict=True))


def test_biases_stay_within_their_declared_width(
    tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantize.fine_tune.LEARNING_RATE", 20.0)  # they would go astray
    narrow = tiny.model_copy(update={"hardware": tiny.hardware.model_copy(update={"bias_bits": 11})})
    encoder = calibrated_encoder(narrow, trained, tiny_spikes.train.adc)
    found: list[float] = []

    def astray(epoch: int, decibels: float) -> None:
        found.append(decibels)
        spec = build_spec(narrow, encoder, code)
        convolutions = [spec.stages[1], *spec.stages[2].convolutions, *spec.stages[4].convolutions, spec.transforms[-1]]
        widest = max(int(np.abs(convolution.bias).max()) for convolution in convolutions)
        assert widest <= 1 << 10, f"epoch {epoch}"
        reached.append(widest)

    code, reached = fit_code(encoder, tiny_spikes.train.adc, 0.0), list[int]()
    fine_tune(narrow, encoder, trained, tiny_spikes, EPOCHS, astray)
    assert max(reached[1:]) >= 1000  # at the limit, and not beyond
    assert min(found) < found[0] - 1


def test_the_same_seed_gives_the_same_spec_and_the_test_split_none_of_it(
    tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset
) -> None:
    design = with_quantization(tiny, fine_tune_epochs=2, weight_bits=6)
    test = replace(tiny_spikes.test, adc=tiny_spikes.test.adc[::-1].copy())
    first = integer_model(design, trained, tiny_spikes).spec.hash
    assert integer_model(design, trained, replace(tiny_spikes, test=test)).spec.hash == first
    other = design.model_copy(update={"training": design.training.model_copy(update={"seed": 1})})
    assert integer_model(other, trained, tiny_spikes).spec.hash != first


def test_the_decoder_learns_from_the_search_with_its_rate_bias(
    tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = with_quantization(tiny, fine_tune_epochs=1)
    design = design.model_copy(update={"codebook": design.codebook.model_copy(update={"rate_weight": 20.0})})
    biases: list[torch.Tensor] = []

    def watched(design: Design, encoder: FakeQuantEncoder, *others: object) -> Checkpoint:
        biases.append(encoder.rate_bias.clone())
        return fine_tune(design, encoder, *others)

    monkeypatch.setattr("quantize.stage.fine_tune", watched)
    integer_model(design, trained, tiny_spikes)
    assert (biases[0] > 0).all()


def test_stage_writes_the_decoder_that_belongs_to_the_fine_tuned_spec(
    tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset, tmp_path: Path
) -> None:
    design = with_quantization(tiny, fine_tune_epochs=EPOCHS, weight_bits=4, code_tables="by_position")
    design = design.model_copy(update={"codebook": design.codebook.model_copy(update={"rate_weight": 8.0})})
    report = quantize(design, SHIPPED, tiny_spikes, tmp_path)
    spec, stored = load_spec(tmp_path), load_checkpoint(tmp_path / "checkpoint.safetensors", design)
    coded = golden.encode(spec, tiny_spikes.test.adc)
    words = torch.from_numpy(spec.quantizer.codebooks[0].words.astype(np.float32) * 2.0**-spec.quantizer.exponent)
    with torch.no_grad():
        outputs = stored.model.decoder(words[torch.from_numpy(coded.indices).long()]).numpy()
    expected = sndr(tiny_spikes.test.spikes, decode_units(outputs, stored.normalization, design))
    assert report.fixed_point.sndr_mean_db == pytest.approx(expected.mean_db, abs=1e-4)
    assert report.fixed_point.huffman_bits_per_index == pytest.approx(coded.payload_bits.sum() / coded.indices.size)
    assert (report.weight_bits, report.fine_tune_epochs) == (4, EPOCHS)
    assert report.code_tables == len(spec.coder.tables) > 1
    assert report.fixed_point.huffman_bits_per_index < report.one_table_huffman_bits_per_index
    assert report.golden_check.blocks == len(tiny_spikes.test)
    convolutions = [spec.stages[1], *spec.stages[2].convolutions, *spec.stages[4].convolutions, spec.transforms[-1]]
    values = np.concatenate([convolution.weight.ravel() for convolution in convolutions])
    assert (values.min(), values.max()) == (-8, 7)


def magnitudes(design: Design, encoder: FakeQuantEncoder, spikes: SpikeDataset) -> float:
    """Of a block's products, on average, from the spec's weights and the golden model's integers."""
    spec = build_spec(design, encoder, fit_code(encoder, spikes.train.adc, 0.0))
    taps = golden.encode(spec, spikes.test.adc).taps
    total, x = 0, taps["normalize"]
    for stage in spec.transforms:
        layers = {stage.name: stage} if isinstance(stage, Convolution) else {}
        if isinstance(stage, Residual):
            layers = {part.name: part for part in stage.convolutions}
        for name, layer in layers.items():
            wide = np.abs(x.astype(np.int64)).sum((0, 2))
            for group, weights in enumerate(np.split(np.abs(layer.weight.astype(np.int64)), layer.groups)):
                inputs = weights.shape[1]
                total += int(np.einsum("oik,i->", weights, wide[group * inputs : (group + 1) * inputs]))
            x = taps[name]
        x = taps.get(stage.name, x)
    return total / len(spikes.test.adc)


def test_products_are_added_up(tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    encoder = calibrated_encoder(tiny, trained, tiny_spikes.train.adc)
    products = Products(encoder)
    adc = torch.from_numpy(tiny_spikes.test.adc)
    plain, watched = encoder(adc), encoder(adc, products)
    assert all(torch.equal(plain[name], tap) for name, tap in watched.items())
    assert products.total.item() == pytest.approx(magnitudes(tiny, encoder, tiny_spikes), rel=1e-5)


def test_an_energy_weight_makes_products_smaller(tiny: Design, trained: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    spent = []
    for energy_weight in (0.0, 3000.0):
        design = with_quantization(tiny, energy_weight=energy_weight)
        encoder = calibrated_encoder(design, trained, tiny_spikes.train.adc)
        fine_tune(design, encoder, trained, tiny_spikes, EPOCHS)
        spent.append(magnitudes(design, encoder, tiny_spikes))
    assert spent[1] < 0.95 * spent[0]
