import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.exponents import LARGEST_SHIFT, calibrate, least_error_exponent, weight_exponents
from quantize.fold import FoldedEncoder, fold
from quantize.scales import round_to
from quantize.stages.base import FoldedConvolution, Rounded
from quantize.stages.convolution import FoldedSingle
from quantize.stages.pool import FoldedPool
from quantize.stages.residual import FoldedBlock
from spikecae.design import Hardware


def squared_error(values: np.ndarray, exponent: int, low: int, high: int) -> float:
    step = 2.0**-exponent
    return float(np.mean((np.clip(np.floor(values / step + 0.5), low, high) * step - values) ** 2))


def test_values_round_half_up_and_saturate() -> None:
    values = torch.tensor([0.5, -0.5, 1.49, -1.5, 300.0, -300.0])
    assert round_to(values, 0, 8, signed=True).tolist() == [1, 0, 1, -1, 127, -128]
    assert round_to(values, 0, 8, signed=False).tolist() == [1, 0, 1, 0, 255, 0]
    assert round_to(torch.tensor([1.0, 1.0]), torch.tensor([1, 3]), 8, signed=True).tolist() == [2, 8]


@pytest.mark.parametrize(("signed", "low", "high"), [(True, -128, 127), (False, 0, 255)])
def test_exponent_has_the_least_error_of_all(signed: bool, low: int, high: int) -> None:
    rng = np.random.default_rng(3)
    for scale in (0.01, 1.0, 30.0):
        values = scale * rng.standard_t(4, 5000)
        values = values if signed else np.abs(values)
        best = min(range(-8, 24), key=lambda exponent: squared_error(values, exponent, low, high))
        assert least_error_exponent(torch.from_numpy(values), signed=signed) == best


@pytest.mark.parametrize("bits", [4, 5, 6])
def test_fewer_bits_take_a_coarser_exponent(bits: int) -> None:
    values = torch.linspace(0, 1, 999)
    assert least_error_exponent(values, signed=False, bits=bits) == bits
    assert least_error_exponent(values, signed=True, bits=bits) == bits - 1


def test_a_rare_peak_is_clipped_for_the_sake_of_all_others() -> None:
    values = torch.cat([torch.linspace(0, 1, 100_000), torch.tensor([2.1])])
    assert least_error_exponent(values, signed=False) == 7  # 2.1 · 2^6 would fit 255


def test_every_output_channel_has_its_own_exponent() -> None:
    weight = torch.tensor([[0.9, -0.1], [7.0, 3.0], [0.004, 0.001]]).unsqueeze(2)
    assert weight_exponents(weight, 8).tolist() == [7, 4, 14]
    assert weight_exponents(weight, 4).tolist() == [3, 0, 10]
    assert weight_exponents(torch.zeros(1, 4, 1), 8).item() > 0


def random_encoder(rng: np.random.Generator, gains: dict[str, float]) -> FoldedEncoder:
    def convolution(name: str, inputs: int, outputs: int, groups: int) -> FoldedConvolution:
        weight = rng.normal(0, gains.get(name, 1.0), (outputs, inputs // groups, 1)).astype(np.float32)
        bias = rng.normal(0, 1, outputs).astype(np.float32)
        return FoldedConvolution(torch.from_numpy(weight), torch.from_numpy(bias), groups)

    def single(name: str, source: Rounded, folded: FoldedConvolution, *, relu: bool) -> FoldedSingle:
        return FoldedSingle(name, source, folded, relu=relu, role="activation" if relu else "latent")

    inner = convolution("reduce", 8, 4, 2), convolution("conv", 4, 4, 2), convolution("expand", 4, 8, 2)
    conv = single("conv", Rounded("normalize", "input"), convolution("conv0", 2, 8, 1), relu=True)
    block = FoldedBlock("block0", conv.output, *inner)
    pool = FoldedPool("pool0", block.output, 2)
    project = single("project", pool.output, convolution("project", 8, 2, 1), relu=False)
    return FoldedEncoder([conv, block, pool, project])


@pytest.mark.parametrize(
    "gains",
    [{}, {"expand": 300.0}, {"reduce": 200.0, "conv": 0.01}, {"conv0": 1e-4}, {"project": 1e-5}, {"expand": 0.0}],
)
@pytest.mark.parametrize(("bias_bits", "identity_shift"), [(18, 12), (14, 8)])
def test_all_shifts_and_biases_are_ones_that_the_hardware_has(
    gains: dict[str, float], bias_bits: int, identity_shift: int
) -> None:
    rng = np.random.default_rng(5)
    encoder = random_encoder(rng, gains)
    x = torch.from_numpy(rng.normal(0, 1, (64, 2, 8)).astype(np.float32))
    hardware = Hardware(bias_bits=bias_bits, identity_shift=identity_shift)
    exponents = calibrate(encoder, torch.ones(4, 4), x, hardware)
    for place in encoder.places():
        accumulator = exponents.activation[place.source] + exponents.weight[place.name]
        shift = accumulator - exponents.activation[place.name]
        assert shift.min() >= 0
        assert shift.max() <= LARGEST_SHIFT
        if place.identity is not None:
            identity_shifts = accumulator - exponents.activation[place.identity]
            assert identity_shifts.min() >= 0
            assert identity_shifts.max() <= identity_shift
        bias = torch.ldexp(place.convolution.bias.abs(), accumulator)
        assert bias.max() <= 255 * 128 * place.convolution.weight[0].numel()
        assert bias.max() + 0.5 < 2 ** (bias_bits - 1)


def test_weights_beyond_any_shift_are_refused() -> None:
    rng = np.random.default_rng(6)
    encoder = random_encoder(rng, {"reduce": 1e4, "conv": 1e4, "expand": 1e4})
    for part in ("reduce", "conv", "expand"):
        getattr(encoder.stages[1], part).bias.data.fill_(-1e9)  # outputs stay 0, so activations do not scale along
    with pytest.raises(ValueError, match="weight decay"):
        calibrate(
            encoder, torch.ones(4, 4), torch.from_numpy(rng.normal(0, 1, (8, 2, 8)).astype(np.float32)), Hardware()
        )


def test_codebook_has_a_say_in_the_exponent_of_the_latents(loaded: Checkpoint, tiny_spikes: SpikeDataset) -> None:
    folded = fold(loaded.model.encoder)
    x = torch.from_numpy(loaded.normalization.apply(tiny_spikes.train.adc[:64]))
    codebook = loaded.model.quantizer.codebook.detach()
    alone = calibrate(folded, codebook, x, Hardware()).activation
    wide = calibrate(folded, 8 * codebook, x, Hardware()).activation
    assert wide["project"] < alone["project"]
    assert {**wide, "project": 0} == {**alone, "project": 0}
