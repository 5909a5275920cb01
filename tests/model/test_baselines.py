import numpy as np
import pytest
import pywt
from scipy.fft import dct
from scipy.optimize import linprog

from model.baselines.compressed_sensing import analysis_frame, compressed_sensing, group_weights, recover
from model.baselines.gaussian_bound import gaussian_bound, water_fill
from model.baselines.product_vq import fit_codebook, product_vq
from model.baselines.transforms import dct_truncated, dwt_largest, pca_truncated, sym4_matrix
from model.baselines.vectors import first_half, spike_vectors
from model.datasets import SpikeDataset, SpikeTable, split_by_time
from spikecae.design import Design


@pytest.fixture(scope="module")
def exact(tiny: Design) -> Design:
    """``tiny`` with a converter too fine to matter."""
    return tiny.model_copy(update={"adc": tiny.adc.model_copy(update={"bits": 16, "lsb": 0.01})})


@pytest.fixture(scope="module")
def correlated(exact: Design) -> SpikeDataset:
    """Blocks of 2 spikes of 16 samples, Gaussian with a decaying spectrum."""
    rng = np.random.default_rng(1)
    mixing = np.linalg.qr(rng.normal(size=(32, 32)))[0] * 40 * 0.7 ** np.arange(32)
    count = 4000
    table = SpikeTable(
        snippets=(rng.normal(size=(count, 32)) @ mixing.T).reshape(count, 2, 16).astype(np.float32),
        times_s=np.arange(count, dtype=np.float64),
        channels=np.zeros((count, 2), np.int32),
        provenance="synthetic",
        source="gaussian",
    )
    return split_by_time(table, exact)


def energy_ratio_db(signal: float, error: float) -> float:
    return 10 * np.log10(signal / error)


def test_truncated_dct_loses_the_energy_of_the_coefficients_left_out(exact: Design, correlated: SpikeDataset) -> None:
    (point,) = dct_truncated(exact, correlated, [5])
    coefficients = dct(correlated.test.spikes.astype(np.float64).reshape(-1, 16), norm="ortho")
    expected = energy_ratio_db((coefficients**2).sum(), (coefficients[:, 5:] ** 2).sum())
    assert point.sndr.global_db == pytest.approx(expected, abs=0.01)
    assert (point.bits_per_spike, point.cr) == (5 * 16, pytest.approx(16 / 5))


def test_truncated_pca_loses_the_small_variances(exact: Design, correlated: SpikeDataset) -> None:
    (point,) = pca_truncated(exact, correlated, [6])
    train = correlated.train.spikes.astype(np.float64).reshape(-1, 16)
    test = correlated.test.spikes.astype(np.float64).reshape(-1, 16)
    _, _, axes = np.linalg.svd(train - train.mean(0), full_matrices=False)
    left_out = (test - train.mean(0)) @ axes[6:].T
    assert point.sndr.global_db == pytest.approx(energy_ratio_db((test**2).sum(), (left_out**2).sum()), abs=0.01)
    assert point.cr == pytest.approx(16 / 6)


def test_largest_wavelet_coefficients_and_their_map(exact: Design, correlated: SpikeDataset) -> None:
    (point,) = dwt_largest(exact, correlated, [4])
    spikes = correlated.test.spikes.astype(np.float64).reshape(-1, 16)
    level = pywt.dwt_max_level(16, 8)
    coefficients = np.concatenate(pywt.wavedec(spikes, "sym4", mode="periodization", level=level, axis=1), axis=1)
    small = np.sort(coefficients**2, axis=1)[:, :-4]
    assert point.sndr.global_db == pytest.approx(energy_ratio_db((spikes**2).sum(), small.sum()), abs=0.02)
    assert point.cr == pytest.approx(16 * 16 / (16 * 4 + 16))


def test_sym4_matrix_is_orthonormal_and_refuses_odd_lengths() -> None:
    for samples in (16, 40, 48, 64):
        assert sym4_matrix(samples) @ sym4_matrix(samples).T == pytest.approx(np.eye(samples), abs=1e-9)
    with pytest.raises(ValueError, match="15 samples is odd"):
        sym4_matrix(15)


def test_recovery_minimizes_the_weighted_norm_as_linear_programming_does() -> None:
    rng = np.random.default_rng(2)
    frame = analysis_frame(16)
    assert frame.T @ frame == pytest.approx(np.eye(16), abs=1e-9)
    weights = group_weights(rng.normal(size=(200, 16)) * np.linspace(3, 1, 16), frame)
    sensing = rng.choice([-1.0, 1.0], size=(9, 16))
    spike = rng.normal(size=16)
    sums = sensing @ spike
    (found,) = recover(sums[None], sensing, frame, weights, iterations=3000)
    rows = len(frame)
    # min w·t with −t ≤ Ω x ≤ t, Φ x = y
    solved = linprog(
        np.concatenate([np.zeros(16), weights]),
        A_ub=np.block([[frame, -np.eye(rows)], [-frame, -np.eye(rows)]]),
        b_ub=np.zeros(2 * rows),
        A_eq=np.hstack([sensing, np.zeros((9, rows))]),
        b_eq=sums,
        bounds=[(None, None)] * 16 + [(0, None)] * rows,
    )
    assert sensing @ found == pytest.approx(sums)
    assert weights @ np.abs(frame @ found) == pytest.approx(solved.fun, rel=2e-3)


def test_compressed_sensing_gains_by_every_sum(exact: Design, correlated: SpikeDataset) -> None:
    points = compressed_sensing(exact, correlated, [4, 8, 12])
    assert [point.cr for point in points] == pytest.approx([16 / 4, 16 / 8, 16 / 12])
    few, some, many = (point.sndr.global_db for point in points)
    assert 0 < few < some - 1 < many - 2


def test_water_filling_by_its_definition() -> None:
    """R(θ) = Σ max(0, ½·log2(σ²/θ)), D(θ) = Σ min(σ², θ)."""
    variances = np.array([16.0, 9.0, 4.0, 1.0, 0.0])
    for level in (0.5, 2.0, 6.0, 12.0):
        bits = np.maximum(0, 0.5 * np.log2(np.maximum(variances, 1e-300) / level)).sum()
        assert water_fill(variances, bits) == pytest.approx(np.minimum(variances, level).sum())
    assert water_fill(variances, 0.0) == variances.sum()
    with pytest.raises(ValueError, match="must not be negative"):
        water_fill(variances, -1.0)


def test_no_coder_of_gaussian_blocks_passes_the_bound(exact: Design, correlated: SpikeDataset) -> None:
    weights = [0.003, 0.03]
    for point in product_vq(exact, correlated, [1, 1, 2, 2], 32, weights):
        (bound,) = gaussian_bound(exact, correlated, [point.bits_per_spike])
        assert bound - 6 < point.sndr.global_db < bound + 0.3  # the bound is of the first half, the point of the second


def test_codebook_is_a_local_optimum_of_distortion_and_bits() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(2000, 2))
    plain, frugal = (fit_codebook(vectors, 32, weight) for weight in (1e-6, 0.3))
    for book in (plain, frugal):
        indices = book.encode(vectors)
        costs = np.square(vectors[:, None] - book.codewords).sum(-1) + book.weight * book.lengths
        assert np.array_equal(indices, costs.argmin(1))
        assert book.bits(indices) == sum(int(book.lengths[index]) for index in indices)
    assert len(plain.codewords) == 32
    assert frugal.bits(frugal.encode(vectors)) < plain.bits(plain.encode(vectors))


def test_a_codebook_of_one_word_sends_nothing() -> None:
    vectors = np.random.default_rng(4).normal(size=(100, 3))
    book = fit_codebook(vectors, 16, 1e6)
    assert len(book.codewords) == 1
    assert book.codewords[0] == pytest.approx(vectors.mean(0))
    assert book.bits(book.encode(vectors)) == 0


def test_product_vq_refuses_more_components_than_samples(exact: Design, correlated: SpikeDataset) -> None:
    with pytest.raises(ValueError, match="groups of 40 components, but vectors have 32"):
        product_vq(exact, correlated, [20, 20], 8, [0.01])


def test_vectors_join_a_neighbourhood_and_part_a_queue(exact: Design, correlated: SpikeDataset) -> None:
    assert spike_vectors(correlated.test, exact).shape == (2000, 32)
    assert first_half(correlated, exact).shape == (2000, 32)
    queue = exact.model_copy(update={"block": exact.block.model_copy(update={"kind": "queue"})})
    assert spike_vectors(correlated.test, queue).shape == (4000, 16)
