import numpy as np
import pytest

from model.metrics import bits_per_spike, cr_entropy, entropy_bits, index_counts
from model.normalization import fit_normalization
from spikecae.design import Design
from spikecae.evaluation.quality import sndr, spike_decibels


def test_sndr_of_a_known_error() -> None:
    spikes = np.array([[[3.0, 4.0], [30.0, 40.0]]])
    decoded = spikes + np.array([[[0.0, 0.5], [5.0, 0.0]]])
    result = sndr(spikes, decoded)
    assert result.mean_db == pytest.approx(20.0)  # both spikes are 10 times their error
    result = sndr(spikes, decoded + np.array([[[0.0, 0.0], [-5.0, 50.0]]]))
    assert result.mean_db == pytest.approx((20 + 0) / 2)
    assert result.global_db == pytest.approx(10 * np.log10((25 + 2500) / (0.25 + 2500)))


def test_silent_spikes_are_in_no_mean() -> None:
    spikes = np.array([[[3.0, 4.0], [30.0, 40.0]], [[0.0, 0.0], [0.0, 0.0]]])
    decoded = spikes + np.array([[[0.0, 0.5], [5.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]])
    heard = sndr(spikes[:1], decoded[:1])
    assert sndr(spikes, decoded) == heard
    assert heard.mean_db == pytest.approx(20.0)
    each = spike_decibels(spikes, decoded)
    np.testing.assert_allclose(each[0], [20.0, 20.0])
    assert np.isnan(each[1]).all()
    with pytest.raises(ValueError, match="all 2 spikes are silent, so that there is no SNDR"):
        sndr(spikes[1:], decoded[1:])


def test_a_perfect_spike_stays_finite() -> None:
    spikes = np.array([[[1.0, 2.0]]])
    assert np.isfinite(sndr(spikes, spikes).mean_db)


def test_entropy_and_ratio(neuropixels: Design) -> None:
    counts = index_counts(np.array([[0, 0], [1, 3]]), 5)
    assert counts.tolist() == [2, 1, 0, 1, 0]
    assert entropy_bits(counts) == pytest.approx(1.5)
    assert bits_per_spike(neuropixels, 1.5) == pytest.approx(16 * 1.5 / 4)
    assert cr_entropy(neuropixels, 8.0) == pytest.approx(4 * 48 * 16 / (16 * 8))


@pytest.mark.parametrize("kind", ["global", "per_sample"])
def test_normalization_is_z_score_and_can_be_undone(kind: str) -> None:
    rng = np.random.default_rng(0)
    adc = rng.normal(5 * np.arange(8), 20 + 10 * np.arange(8), (400, 3, 8)).astype(np.int16)
    fitted = fit_normalization(adc, kind)  # type: ignore[arg-type]
    x = fitted.apply(adc)
    axis = None if kind == "global" else (0, 1)
    np.testing.assert_allclose(x.mean(axis, dtype=np.float64), 0, atol=0.5 / 20)  # offsets are whole codes
    np.testing.assert_allclose(x.std(axis, dtype=np.float64), 1, rtol=1e-5)
    np.testing.assert_allclose(fitted.undo(x), adc, atol=1e-4)
    assert (len(set(fitted.scale.tolist())) == 1) == (kind == "global")


def test_a_sample_that_never_varies_is_refused() -> None:
    adc = np.arange(24, dtype=np.int16).reshape(3, 2, 4)
    adc[:, :, 2] = 7
    with pytest.raises(ValueError, match="sample 2 of the training spikes never varies"):
        fit_normalization(adc, "per_sample")
