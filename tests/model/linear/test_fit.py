from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from model.datasets import SpikeDataset
from model.linear.fit import column_bits, fit_linear, principal_map, quality, with_groups, with_weighed_classes
from model.linear.linear_model import LinearModel, columns_of
from model.linear.sample import sample_of
from model.normalization import about_silence, fit_normalization
from spikecae.design import Design
from tests.linear_designs import linear_design


@pytest.mark.parametrize("kind", ["global", "per_sample"])
@pytest.mark.parametrize("joint", [True, False])
def test_the_map_gives_principal_components_of_the_codes_about_silence(
    tiny: Design, tiny_spikes: SpikeDataset, kind: Literal["global", "per_sample"], joint: bool
) -> None:
    """Those of the codes and of their opposites, whose mean is silence."""
    adc = tiny_spikes.train.adc
    normalization = about_silence(adc, kind, tiny.adc.zero)
    weight = principal_map(normalization.apply(adc), normalization.scale.astype(float), 5, joint=joint)
    codes = columns_of(adc, joint=joint)
    wanted = PCA(5, svd_solver="full").fit(np.concatenate([codes, -codes])).transform(codes)
    got = columns_of(normalization.apply(adc), joint=joint) @ weight.T
    np.testing.assert_allclose(np.abs(got), np.abs(wanted) / np.sqrt(np.square(codes).mean()), atol=1e-4)


def test_silence_comes_back_as_silence_and_twice_as_twice(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    model = fit_linear(linear_design(tiny, joint=False), tiny_spikes, seed=0)
    silent = np.full_like(tiny_spikes.test.adc[:1], tiny.adc.zero)
    assert not model.bias.any()
    assert not model.reconstruct(model.normalization.apply(silent)).any()
    once = model.latents(model.normalization.apply(tiny_spikes.test.adc))
    np.testing.assert_allclose(model.latents(model.normalization.apply(2 * tiny_spikes.test.adc)), 2 * once)
    sent = np.rint(once).astype(np.float32)
    np.testing.assert_allclose(model.decode(2 * sent), 2 * model.decode(sent), atol=1e-4)


def test_more_latents_than_samples_are_refused(tiny_spikes: SpikeDataset) -> None:
    normalization = fit_normalization(tiny_spikes.train.adc, "global")
    with pytest.raises(ValueError, match=r"encoder\.features = 33 must be at most the 32 samples"):
        principal_map(normalization.apply(tiny_spikes.train.adc), normalization, 33, joint=True)


@pytest.mark.parametrize(("joint", "codewords"), [(True, 1), (False, 1), (True, 4), (False, 4)])
def test_validation_spikes_take_the_bits_asked_for(
    tiny: Design, tiny_spikes: SpikeDataset, joint: bool, codewords: int
) -> None:
    design = linear_design(tiny, joint=joint, codewords=codewords)
    model = fit_linear(design, tiny_spikes, seed=0)
    train, held_out = (sample_of(part, model.normalization) for part in (tiny_spikes.train, tiny_spikes.validation))
    _, code = with_groups(design, model, model.latents(train.normalized))
    bits = column_bits(model, code, model.latents(held_out.normalized)).sum() / held_out.split.spikes[..., 0].size
    assert 8.8 < bits <= 9
    assert sum(box.low.size for box in model.groups) == 6
    assert len(model.classes) == (codewords if codewords > 1 else 0)
    assert model.weight.shape == (6, 32 if joint else 16)


@pytest.mark.slow
def test_more_bits_come_back_better_and_seeds_repeat(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    design = linear_design(tiny, codewords=4)
    low, high, again = (
        fit_linear(linear_design(tiny, codewords=4, bits=bits), tiny_spikes, seed=3) for bits in (4.0, 9.0, 9.0)
    )
    held_out = sample_of(tiny_spikes.test, low.normalization)
    assert quality(design, high, held_out).mean_db > quality(design, low, held_out).mean_db + 2
    for name in ("weight", "bias", "classes"):
        np.testing.assert_array_equal(getattr(high, name), getattr(again, name))
    assert torch.equal(high.decoder.inverse.weight, again.decoder.inverse.weight)


def test_bits_out_of_reach_are_refused(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    with pytest.raises(ValueError, match=r"encoder\.bits_per_spike = 0\.1 lies outside what levels can take"):
        fit_linear(linear_design(tiny, bits=0.1), tiny_spikes, seed=0)


def test_more_classes_than_columns_are_refused(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    with pytest.raises(ValueError, match=r"codebook\.codewords = 100000 classes of \d+ training columns"):
        fit_linear(linear_design(tiny, codewords=100_000), tiny_spikes, seed=0)


def test_a_class_is_the_nearest_one_and_levels_are_what_is_left(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    model = fit_linear(linear_design(tiny, joint=False, codewords=4), tiny_spikes, seed=0)
    blocks = model.normalization.apply(tiny_spikes.test.adc[:20])
    latents = model.latents(blocks)
    assert latents.shape == (20, 6, 2)
    np.testing.assert_allclose(latents[3, :, 1], model.weight @ blocks[3, 1] + model.bias)
    chosen, levels = model.quantize(latents)
    assert chosen is not None
    grid, words = np.floor(latents * 8 + 0.5) / 8, np.floor(model.classes * 8 + 0.5) / 8
    for block in range(20):
        for column in range(2):
            y = grid[block, :, column]
            distances = [((y - word) ** 2).sum() for word in words]
            assert chosen[block, column] == int(np.argmin(distances))
            for latent, value in enumerate(y - words[chosen[block, column]]):
                magnitude = int(abs(value) + model.rounding)
                assert levels[block, latent, column] == (magnitude if value > 0 else -magnitude)
    sent = model.dequantize(chosen, levels)
    assert sent.shape == latents.shape
    assert np.abs(sent - grid).max() <= 1 - model.rounding
    np.testing.assert_array_equal(model.reconstruct(blocks), model.decode(sent))


@pytest.mark.slow
def test_dear_classes_are_chosen_less_often(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    free, weighed = (
        fit_linear(linear_design(tiny, codewords=8, rate_weight=weight), tiny_spikes, seed=0) for weight in (0.0, 1e5)
    )

    def entropy(model: LinearModel) -> float:
        chosen = model.quantize(model.latents(model.normalization.apply(tiny_spikes.train.adc)))[0]
        assert chosen is not None
        shares = np.bincount(chosen.ravel(), minlength=8) / chosen.size
        return float(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum())

    assert not free.class_cost.any()
    assert entropy(weighed) < entropy(free)


def test_where_codes_weigh_nothing_classes_stay_where_k_means_leaves_them(
    tiny: Design, tiny_spikes: SpikeDataset
) -> None:
    model = fit_linear(linear_design(tiny, codewords=4), tiny_spikes, seed=0)
    latents = model.latents(model.normalization.apply(tiny_spikes.train.adc))
    start = replace(model, classes=KMeans(4, n_init=1, random_state=0).fit(latents[:, :, 0]).cluster_centers_)
    moved = with_weighed_classes(linear_design(tiny, codewords=4, rate_weight=1e-6), start, latents)
    np.testing.assert_allclose(moved.classes, start.classes, atol=0.3)
    chosen = moved.choose(latents)[:, 0]
    for number, word in enumerate(moved.classes):
        np.testing.assert_allclose(word, latents[chosen == number, :, 0].mean(axis=0), atol=0.05)
    assert moved.class_cost.max() < 1e-5
