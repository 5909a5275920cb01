from dataclasses import replace

import numpy as np
import pytest

from model.datasets import SpikeDataset
from model.linear.fit import fit_linear, quality
from model.linear.linear_model import LinearModel
from model.linear.sample import sample_of
from quantize.compare import MismatchError
from quantize.linear.compare import check
from quantize.linear.integers import integer_linear, latents_sent, louder
from quantize.linear.measure import linear_quality, worst_unit
from spikecae import golden
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from spikecae.stages import Levels, Linear, Normalize
from tests.linear_designs import linear_design

KINDS = [(True, 1, 1, 8), (False, 1, 2, 4), (True, 4, 2, 6), (False, 4, 1, 8)]
"""Joint; classes; codes of a sample; bits of a weight."""


def fitted(
    tiny: Design, spikes: SpikeDataset, joint: bool, codewords: int, decimation: int, weight_bits: int
) -> tuple[Design, LinearModel]:
    widths = {"decimation": decimation, "weight_bits": weight_bits}
    design = linear_design(tiny, joint=joint, codewords=codewords, rate_weight=7.0 * (codewords > 1), **widths)
    return design, fit_linear(design, spikes, seed=0)


@pytest.fixture(scope="module", params=KINDS, ids=str)
def made(
    request: pytest.FixtureRequest, tiny: Design, tiny_spikes: SpikeDataset
) -> tuple[Design, LinearModel, EncoderSpec, LinearModel]:
    design, model = fitted(tiny, tiny_spikes, *request.param)
    return design, model, *integer_linear(design, model, tiny_spikes)


Made = tuple[Design, LinearModel, EncoderSpec, LinearModel]


def test_every_tap_is_equal(made: Made, tiny_spikes: SpikeDataset) -> None:
    _, model, spec, _ = made
    agreement = check(spec, model, tiny_spikes.test.adc)
    assert agreement.blocks == len(tiny_spikes.test)
    assert agreement.taps == (4 if len(model.classes) else 3)
    np.testing.assert_array_equal(agreement.indices, golden.encode(spec, tiny_spikes.test.adc).indices)


def test_extreme_codes_are_equal_too(made: Made) -> None:
    design, model, spec, _ = made
    rng = np.random.default_rng(0)
    shape = (64, design.block.spikes, design.block.samples)
    ends = rng.choice([design.adc.minimum, design.adc.maximum], shape).astype(np.int16)
    check(spec, model, np.concatenate([ends, rng.integers(-512, 512, shape).astype(np.int16)]))


def test_a_difference_is_named(made: Made, tiny_spikes: SpikeDataset) -> None:
    _, model, spec, _ = made
    with pytest.raises(MismatchError, match=r"differ at \d+ of \d+ values of levels; first in block \d+"):
        check(spec, replace(model, rounding=0.0), tiny_spikes.test.adc)


def test_integers_cost_little(made: Made, tiny_spikes: SpikeDataset) -> None:
    design, model, spec, refitted = made
    exact = quality(design, model, sample_of(tiny_spikes.test, model.normalization))
    measured = linear_quality(design, spec, refitted, tiny_spikes.test)
    assert measured.sndr_mean_db > exact.mean_db - 0.3
    assert 7 < measured.bits_per_spike < 11


def test_louder_spikes_fit(made: Made, tiny_spikes: SpikeDataset) -> None:
    design, _, spec, _ = made
    source, mapped = spec.source, spec.transforms[0]
    assert isinstance(source, Normalize)
    assert isinstance(mapped, Linear)
    taps = golden.encode(spec, louder(design, tiny_spikes.train.adc)).taps
    assert np.mean(np.abs(taps["normalize"] + 0.5) > 127) < 0.005
    reached = max(-int(taps["linear"].min()) - 1, int(taps["linear"].max()))
    assert mapped.output_bits == max(6, reached.bit_length() + 1)
    finer = replace(source, shift=source.shift - 1)
    assert np.mean(np.abs(golden.normalize.normalize(finer, louder(design, tiny_spikes.train.adc)) + 0.5) > 127) > 0.003


def test_louder_codes_stay_in_the_converter(tiny: Design) -> None:
    codes = np.array([-400, -3, 0, 3, 400], np.int16)
    assert louder(tiny, codes).tolist() == [-512, -6, 0, 6, 511]
    assert louder(tiny, codes, 0.5).tolist() == [-200, -1, 0, 2, 200]


def test_the_decoder_gets_what_the_levels_say(made: Made, tiny_spikes: SpikeDataset) -> None:
    """The float model's classes and levels of the rounded latents."""
    _, model, spec, _ = made
    adc = tiny_spikes.test.adc[:40]
    taps = golden.encode(spec, adc).taps
    quantizer = spec.quantizer
    assert isinstance(quantizer, Levels)
    chosen, levels = model.quantize(taps["linear"] / 8)
    np.testing.assert_array_equal(levels, taps["levels"])
    indices = golden.encode(spec, adc).indices
    np.testing.assert_array_equal(latents_sent(spec, indices), model.dequantize(chosen, levels))


def test_figures_by_hand(made: Made, tiny_spikes: SpikeDataset) -> None:
    design, _, spec, refitted = made
    split = tiny_spikes.test
    units = np.arange(split.spikes[..., 0].size) % 3
    measured = linear_quality(design, spec, refitted, split, units)
    encoded = golden.encode(spec, split.adc)
    assert measured.bits_per_spike == encoded.payload_bits.sum() / (2 * len(split))
    assert measured.cr_huffman == pytest.approx(16 * 16 / measured.bits_per_spike)
    normalized = refitted.decode(latents_sent(spec, encoded.indices)).astype(np.float64)
    decoded = (normalized * refitted.normalization.scale + refitted.normalization.offset) * design.adc.lsb
    rows, back = split.spikes.reshape(-1, 16).astype(np.float64), decoded.reshape(-1, 16)
    ratios = 10 * np.log10((rows**2).sum(1) / ((rows - back) ** 2).sum(1))
    assert measured.sndr_mean_db == pytest.approx(ratios.mean())
    assert (ratios < measured.sndr_worst_db).mean() == pytest.approx(0.05, abs=0.01)
    of_units = [10 * np.log10((rows[units == u] ** 2).sum() / ((rows - back)[units == u] ** 2).sum()) for u in (1, 2)]
    assert measured.sndr_worst_unit_db == pytest.approx(min(of_units))


def test_units_without_spikes_are_refused() -> None:
    spikes = np.ones((3, 4))
    with pytest.raises(ValueError, match="no spike has a unit; leave the units out"):
        worst_unit(spikes, spikes, np.zeros(3, int))


def test_biases_beyond_their_width_are_refused(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    design, model = fitted(tiny, tiny_spikes, *KINDS[0])
    with pytest.raises(ValueError, match=r"a bias of .* raise hardware\.bias_bits"):
        integer_linear(design, replace(model, bias=model.bias + 1e5), tiny_spikes)


def test_narrow_biases_coarsen_the_weights(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    design, model = fitted(tiny, tiny_spikes, *KINDS[0])
    narrow = design.model_copy(update={"hardware": design.hardware.model_copy(update={"bias_bits": 9})})
    spec, _ = integer_linear(narrow, replace(model, bias=model.bias + 8), tiny_spikes)
    mapped = spec.transforms[0]
    assert isinstance(mapped, Linear)
    assert mapped.bias_bits <= 9
    check(spec, replace(model, bias=model.bias + 8), tiny_spikes.test.adc)


def test_a_weight_is_as_narrow_as_asked_for(made: Made) -> None:
    design, model, spec, _ = made
    mapped = spec.transforms[0]
    assert isinstance(mapped, Linear)
    bits = design.quantization.weight_bits
    assert mapped.weight_bits <= bits
    assert np.abs(mapped.weight).max() > 2 ** (bits - 2)
    # The fit has rounded them already: no integer is other than its weight.
    exact = mapped.weight[:, :, 0] * 2.0 ** -mapped.weight_exponent[:, None].astype(float)
    np.testing.assert_array_equal(exact, model.weight)


def test_the_input_is_shifted_not_multiplied(made: Made) -> None:
    _, model, spec, _ = made
    assert isinstance(spec.source, Normalize)
    gain = spec.source.gain
    assert (gain & (gain - 1) == 0).all(), "powers of two"
    assert spec.source.decimation == model.decimation
    one = spec.source.undo(np.ones(spec.samples)) - spec.source.undo(np.zeros(spec.samples))
    np.testing.assert_allclose(one, model.normalization.scale, rtol=1e-12)
