"""Operating points in integers: specs that share a chip, and decoders that belong to them."""

from dataclasses import replace

import numpy as np
import pytest

from model.datasets import SpikeDataset
from model.linear.fit import fit_linear
from model.linear.linear_model import LinearModel
from model.linear.points import fit_points
from quantize.linear.compare import check
from quantize.linear.integers import integer_linear
from quantize.linear.measure import linear_quality
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from spikecae.spec.operating_points import check_operating_points
from spikecae.stages import Levels, Linear, Normalize
from tests.linear_designs import linear_design

RATES = (12.0, 8.0, 5.0)
Made = tuple[Design, list[LinearModel], list[tuple[EncoderSpec, LinearModel]]]


@pytest.fixture(scope="module", params=[1, 2], ids=["codes", "sums"])
def made(request: pytest.FixtureRequest, tiny: Design, tiny_spikes: SpikeDataset) -> Made:
    design = linear_design(tiny, joint=False, bits=RATES[0], further=RATES[1:], codewords=4, decimation=request.param)
    models = fit_points(design, fit_linear(design, tiny_spikes, seed=0), tiny_spikes)
    first = integer_linear(design, models[0], tiny_spikes)
    points = zip(design.points[1:], models[1:], strict=True)
    return design, list(models), [first, *(integer_linear(of, m, tiny_spikes, first[0]) for of, m in points)]


def test_one_chip_can_have_them(made: Made) -> None:
    specs = [spec for spec, _ in made[2]]
    check_operating_points(specs)
    for spec in specs[1:]:
        assert spec.only(Linear) is specs[0].only(Linear)
        assert spec.only(Normalize).shift == specs[0].only(Normalize).shift
        assert spec.only(Levels).order == specs[0].only(Levels).order


def test_every_tap_is_equal_at_all_of_them(made: Made, tiny_spikes: SpikeDataset) -> None:
    _, models, points = made
    for model, (spec, _) in zip(models, points, strict=True):
        assert check(spec, model, tiny_spikes.test.adc).blocks == len(tiny_spikes.test)


def test_the_gain_is_the_scale_to_a_few_parts_in_ten_thousand(made: Made) -> None:
    for spec, model in made[2]:
        one = spec.source.undo(np.ones(spec.samples)) - spec.source.undo(np.zeros(spec.samples))
        np.testing.assert_allclose(one, model.normalization.scale, rtol=4e-4)


def test_fewer_bits_come_back_worse_and_as_many_as_were_asked_for_are_sent(
    made: Made, tiny_spikes: SpikeDataset
) -> None:
    design, _, points = made
    found = [
        linear_quality(of, spec, model, tiny_spikes.validation)
        for of, (spec, model) in zip(design.points, points, strict=True)
    ]
    for rate, measured in zip(RATES, found, strict=True):
        assert measured.bits_per_spike == pytest.approx(rate, rel=0.1)
    assert found[0].sndr_mean_db > found[1].sndr_mean_db + 2 > found[2].sndr_mean_db + 4


def test_a_gain_beyond_its_bits_is_refused(made: Made, tiny_spikes: SpikeDataset) -> None:
    design, models, points = made
    scale = models[0].normalization.scale / np.float32(64)
    finer = replace(models[0], normalization=replace(models[0].normalization, scale=scale))
    with pytest.raises(ValueError, match="out of the input stage's reach"):
        integer_linear(design, finer, tiny_spikes, points[0][0])
