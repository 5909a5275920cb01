"""Compressed sensing with group-weighted analysis ℓ1 minimization (GWALM).

The encoder sends m random ±1 sums of a spike's D samples (16 bit each, CR = D / m). The decoder looks for the spike of
the least Σ_i w_i·|(Ω x)_i| with those sums. Ω is a tight frame of sym4 transforms of shifted spikes; coefficients of
one band and place form a group over the shifts, and a group weighs the less, the larger it was in training spikes.
Solved by the alternating direction method of multipliers (Boyd et al. 2011, section 5).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.baselines.transforms import sym4_matrix
from model.baselines.vectors import Coded, coded
from model.datasets.spikes import SpikeDataset
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS
from spikecae.front_end.adc import codes_to_units

__all__ = ["analysis_frame", "compressed_sensing", "group_weights", "recover"]

SHIFTS = 4
ITERATIONS = 200
FLOOR = 0.02
"""Of the largest group's magnitude: smaller groups weigh no more than one of this size."""


def compressed_sensing(
    design: Design, dataset: SpikeDataset, measurements: Sequence[int], seed: int = 0
) -> list[Coded]:
    """Rate and quality on the test split for each number of ``measurements``; the ±1 matrix is drawn from ``seed``."""
    samples = design.block.samples
    train, test = (
        codes_to_units(split.adc, design.adc).reshape(-1, samples) for split in (dataset.train, dataset.test)
    )
    frame = analysis_frame(samples)
    weights = group_weights(train, frame)
    points = []
    for m in measurements:
        sensing = np.random.default_rng([seed, m]).choice([-1.0, 1.0], size=(m, samples)) / np.sqrt(samples)
        decoded = recover(test @ sensing.T, sensing, frame, weights)
        points.append(coded(f"m = {m}", len(test) * m * SAMPLE_BITS, decoded, dataset.test))
    return points


def analysis_frame(samples: int) -> NDArray[np.float64]:
    """Ω, ``[S·D, D]`` with Ωᵀ Ω = I: sym4 of the spike rolled by 0 … S − 1 samples."""
    matrix = sym4_matrix(samples)
    rolled = np.concatenate([np.roll(matrix, -shift, axis=1) for shift in range(SHIFTS)])
    frame: NDArray[np.float64] = rolled / np.sqrt(SHIFTS)
    return frame


def group_weights(train: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights ``[S·D]``: the inverse of the root mean square of a group in ``train``, the least being 1."""
    power = np.square(train @ frame.T).mean(0).reshape(SHIFTS, -1).mean(0)
    size = np.sqrt(power / power.max())
    return np.tile(1 / np.maximum(size, FLOOR), SHIFTS)


def recover(
    sums: NDArray[np.float64],
    sensing: NDArray[np.float64],
    frame: NDArray[np.float64],
    weights: NDArray[np.float64],
    iterations: int = ITERATIONS,
) -> NDArray[np.float64]:
    """Spikes ``[n, D]`` of least weighted ℓ1 norm with ``sums`` ``[n, m]`` under ``sensing`` ``[m, D]``.

    Args:
        sums: what the encoder sent.
        sensing: full row rank.
        frame: Ω with Ωᵀ Ω = I.
        weights: ``[rows of Ω]``, positive.
        iterations: of the alternating direction method.
    """
    back = np.linalg.pinv(sensing)
    spikes = sums @ back.T
    # Thresholds on the scale of each spike's coefficients; any choice has the same solution, this one is fast.
    scale = np.abs(spikes @ frame.T).mean(1, keepdims=True) / weights.mean()
    dual = np.zeros((len(sums), len(frame)))
    for _ in range(iterations):
        target = spikes @ frame.T + dual
        sparse = np.sign(target) * np.maximum(np.abs(target) - scale * weights, 0)
        dual = target - sparse
        free = (sparse - dual) @ frame
        spikes = free + (sums - free @ sensing.T) @ back.T
    return spikes
