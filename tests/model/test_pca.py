from dataclasses import replace

import numpy as np
import pytest

from model.baselines.pca import OutsideCurve, RatePoint, pca_at_bits, pca_curve
from model.datasets import SpikeDataset, SpikeTable, split_by_time
from spikecae.design import Design
from spikecae.evaluation.quality import Sndr


@pytest.fixture(scope="module")
def gaussian(tiny: Design) -> SpikeDataset:
    """Blocks of which 3 of the 32 dimensions vary, with deviations 200, 100 and 50."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(32, 32)))[0][:3]
    blocks = (rng.normal(size=(8000, 3)) * [200, 100, 50]) @ basis
    count = len(blocks)
    table = SpikeTable(
        snippets=blocks.reshape(count, 2, 16).astype(np.float32),
        times_s=np.arange(count, dtype=np.float64),
        channels=np.zeros((count, 2), np.int32),
        provenance="synthetic",
        source="gaussian",
    )
    fine = tiny.model_copy(update={"adc": tiny.adc.model_copy(update={"bits": 16, "lsb": 0.1})})
    return split_by_time(table, fine)


def fine(tiny: Design) -> Design:
    return tiny.model_copy(update={"adc": tiny.adc.model_copy(update={"bits": 16, "lsb": 0.1})})


def test_rate_and_distortion_follow_high_rate_theory(tiny: Design, gaussian: SpikeDataset) -> None:
    """Uniform scalar quantization: distortion step² / 12, rate h − log2(step) for each dimension."""
    design = fine(tiny)
    spread = float(gaussian.train.spikes.std())
    step = 12.0
    (point,) = pca_curve(design, gaussian, [step / spread])
    deviations = np.array([200.0, 100.0, 50.0])
    expected_bits = (0.5 * np.log2(2 * np.pi * np.e * deviations**2) - np.log2(step)).sum() / 2  # two spikes a block
    assert point.bits_per_spike == pytest.approx(expected_bits, rel=0.02)
    expected_db = 10 * np.log10((deviations**2).sum() / (3 * step**2 / 12))
    assert point.sndr.global_db == pytest.approx(expected_db, abs=0.2)


def test_the_code_is_fitted_on_training_spikes_alone(tiny: Design, gaussian: SpikeDataset) -> None:
    """Test spikes of half the size under the training code cost more than their own entropy."""
    design = fine(tiny)
    test = gaussian.test
    smaller = replace(gaussian, test=replace(test, adc=test.adc // 4, spikes=test.spikes / 4))
    spread = float(gaussian.train.spikes.std())
    (mismatched,) = pca_curve(design, smaller, [12.0 / spread])
    deviations = np.array([200.0, 100.0, 50.0]) / 4
    own = (0.5 * np.log2(2 * np.pi * np.e * deviations**2) - np.log2(12.0)).sum() / 2
    # Cross-entropy between normal densities of deviations σ and σ/4: log2 4 − (1 − 1/16) / (2 ln 2) more, a dimension.
    excess = 3 * (2 - (1 - 1 / 16) / (2 * np.log(2))) / 2
    assert mismatched.bits_per_spike == pytest.approx(own + excess, rel=0.05)


def test_quality_between_points_and_outside() -> None:
    curve = [RatePoint(2.0, 10.0, Sndr(8.0, 9.0, 4.0)), RatePoint(1.0, 20.0, Sndr(14.0, 16.0, 5.0))]
    assert pca_at_bits(curve, 15.0) == Sndr(11.0, 12.5, 4.5)
    with pytest.raises(OutsideCurve, match="25 bits per spike lie outside what PCA's steps give, 10 to 20"):
        pca_at_bits(curve, 25.0)


def test_spikes_that_do_not_vary_have_no_curve(tiny: Design, gaussian: SpikeDataset) -> None:
    train = gaussian.train
    for same in (train.adc[:1], np.repeat(train.adc[:1], 9, axis=0)):
        still = replace(gaussian, train=replace(train, adc=same, spikes=np.asarray(same, np.float32) / 10))
        assert pca_curve(fine(tiny), still, [1.0]) == []
    with pytest.raises(OutsideCurve, match="the training spikes do not vary, so that there is no PCA"):
        pca_at_bits([], 5.0)
