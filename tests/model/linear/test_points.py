"""Operating points: one map at several rates."""

from dataclasses import replace

import numpy as np
import pytest

from model.datasets import SpikeDataset
from model.linear.evaluation import code_of, linear_figures
from model.linear.fit import fit_linear
from model.linear.level_code import fit_boxes, group_sizes
from model.linear.linear_model import LinearModel
from model.linear.points import fit_points, wider
from spikecae.design import Design
from tests.linear_designs import linear_design

RATES = (12.0, 8.0, 5.0)


@pytest.fixture(scope="module")
def design(tiny: Design) -> Design:
    return linear_design(tiny, joint=False, bits=RATES[0], further=RATES[1:], codewords=4)


@pytest.fixture(scope="module")
def fitted(design: Design, tiny_spikes: SpikeDataset) -> LinearModel:
    return fit_linear(design, tiny_spikes, seed=0)


@pytest.fixture(scope="module")
def points(design: Design, fitted: LinearModel, tiny_spikes: SpikeDataset) -> tuple[LinearModel, ...]:
    return fit_points(design, fitted, tiny_spikes)


def test_a_design_of_one_rate_is_left_as_it_is(tiny: Design, fitted: LinearModel, tiny_spikes: SpikeDataset) -> None:
    assert fit_points(linear_design(tiny, joint=False, codewords=4), fitted, tiny_spikes) == (fitted,)


def test_points_share_what_a_chip_has_once(points: tuple[LinearModel, ...], fitted: LinearModel) -> None:
    for point in points:
        np.testing.assert_array_equal(point.weight, fitted.weight)
        np.testing.assert_array_equal(point.normalization.offset, fitted.normalization.offset)
        assert (point.rounding, len(point.classes)) == (fitted.rounding, len(fitted.classes))
        assert [box.low.size for box in point.groups] == [box.low.size for box in points[0].groups]
    scales = [float(point.normalization.scale[0]) for point in points]
    assert scales == sorted(set(scales)), "fewer bits have wider levels"


def test_each_takes_the_bits_asked_for(
    design: Design, points: tuple[LinearModel, ...], tiny_spikes: SpikeDataset
) -> None:
    figures = [
        linear_figures(of, point, code_of(point, tiny_spikes), tiny_spikes.validation)
        for of, point in zip(design.points, points, strict=True)
    ]
    for rate, found in zip(RATES, figures, strict=True):
        assert rate - 0.5 < found.bits_per_spike <= rate
    assert figures[0].sndr_mean_db > figures[1].sndr_mean_db + 2 > figures[2].sndr_mean_db + 4


def test_wider_levels_are_smaller_latents(fitted: LinearModel, tiny_spikes: SpikeDataset) -> None:
    adc = tiny_spikes.test.adc[:20]
    model = wider(fitted, 2.0)
    once, half = (m.latents(m.normalization.apply(adc)) for m in (fitted, model))
    np.testing.assert_allclose(half, once / 2, rtol=1e-6)
    plain = replace(fitted, class_cost=np.zeros(len(fitted.classes)))
    agreed = model.choose(half) == plain.choose(once)
    assert agreed.mean() > 0.98  # latents and classes are rounded to a grid


def test_a_rate_out_of_reach_is_refused(tiny: Design, fitted: LinearModel, tiny_spikes: SpikeDataset) -> None:
    design = linear_design(tiny, joint=False, bits=RATES[0], further=(0.5,), codewords=4)
    with pytest.raises(ValueError, match=r"further_bits_per_spike = 0\.5 lies outside what levels can take"):
        fit_points(design, fitted, tiny_spikes)


def test_groups_serve_all_rates() -> None:
    """A latent that is large at one rate, and hardly ever other than 0 at the next, where a group of its own takes a
    bit for nothing."""
    rng = np.random.default_rng(0)
    many = rng.integers(-3, 4, (3000, 2))
    few = (rng.random((3000, 2)) < 0.02).astype(int)
    assert group_sizes([many], [1.0], symbols=32, order=2) == [1, 1]
    assert group_sizes([few], [1.0], symbols=32, order=2) == [2]
    assert group_sizes([many, few], [1.0, 1e-3], symbols=32, order=2) == [1, 1]
    assert group_sizes([many, few], [1.0, 100.0], symbols=32, order=2) == [2]
    assert [box.low.size for box in fit_boxes(few, [2], symbols=32)] == [2]
