"""PCA, DCT and DWT that keep m coefficients of 16 bit and do nothing else: the paper's section 2.6 as it counts bits.

PCA and DCT send the first m coefficients, so CR = D / m. The DWT sends the m largest and a map of D bits that says
which they are, so CR = D·W / (W·m + D). Each channel is transformed by itself; coefficients are not rounded, since 16
bits are far finer than what leaving coefficients out costs.
"""

from collections.abc import Sequence

import numpy as np
import pywt
from numpy.typing import NDArray
from scipy.fft import dct, idct
from sklearn.decomposition import PCA

from model.baselines.vectors import Coded, coded
from model.datasets.spikes import SpikeDataset, Split
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.front_end.adc import codes_to_units

__all__ = ["dct_truncated", "dwt_largest", "pca_truncated", "sym4_matrix"]

WAVELET = "sym4"


def pca_truncated(design: Design, dataset: SpikeDataset, kept: Sequence[int]) -> list[Coded]:
    """The first m principal components of single spikes, fitted on the training split."""
    train, test = _spikes(dataset.train, design), _spikes(dataset.test, design)
    points = []
    for m in kept:
        pca = PCA(n_components=m, svd_solver="full").fit(train)
        decoded = pca.inverse_transform(pca.transform(test))
        points.append(coded(f"m = {m}", len(test) * m * SAMPLE_BITS, decoded, dataset.test))
    return points


def dct_truncated(design: Design, dataset: SpikeDataset, kept: Sequence[int]) -> list[Coded]:
    """The m lowest frequencies of the orthonormal DCT-II."""
    test = _spikes(dataset.test, design)
    points = []
    for m in kept:
        coefficients = dct(test, norm="ortho")
        coefficients[:, m:] = 0
        points.append(coded(f"m = {m}", len(test) * m * SAMPLE_BITS, idct(coefficients, norm="ortho"), dataset.test))
    return points


def dwt_largest(design: Design, dataset: SpikeDataset, kept: Sequence[int]) -> list[Coded]:
    """The m largest coefficients of the periodic sym4 transform, and their places."""
    test = _spikes(dataset.test, design)
    analysis = sym4_matrix(test.shape[1])
    points = []
    for m in kept:
        coefficients = test @ analysis.T
        smaller = np.argsort(-np.abs(coefficients), axis=1, kind="stable")[:, m:]
        np.put_along_axis(coefficients, smaller, 0.0, axis=1)
        bits = len(test) * (m * SAMPLE_BITS + test.shape[1])
        points.append(coded(f"m = {m}", bits, coefficients @ analysis, dataset.test))
    return points


def sym4_matrix(samples: int) -> NDArray[np.float64]:
    """The orthonormal matrix ``[D, D]`` of the periodic sym4 transform, as deep as PyWavelets advises and D divides.

    Raises:
        ValueError: D is odd.
    """
    if samples % 2:
        raise ValueError(f"the periodic wavelet transform halves time: {samples} samples is odd; use an even snippet")
    advised = max(1, pywt.dwt_max_level(samples, pywt.Wavelet(WAVELET).dec_len))
    level = max(depth for depth in range(1, advised + 1) if samples % 2**depth == 0)
    bands = pywt.wavedec(np.eye(samples), WAVELET, mode="periodization", level=level, axis=1)
    return np.ascontiguousarray(np.concatenate(bands, axis=1).T)


def _spikes(split: Split, design: Design) -> NDArray[np.float64]:
    return codes_to_units(split.adc, design.adc).reshape(-1, design.block.samples)
