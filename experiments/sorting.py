"""Spike sorting as the paper does it: three principal components, k-means from 500 starts."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

__all__ = ["accuracy", "sort_spikes", "sorting_metrics"]

COMPONENTS = 3
STARTS = 500


def sorting_metrics(
    original: NDArray[np.floating], decoded: NDArray[np.floating], labels: NDArray[np.integer], seed: int
) -> dict[str, float]:
    """Share of the spikes ``[n, D]`` with ``labels`` ``[n]`` (from 1) that are sorted right, recorded and decoded."""
    before, after = (accuracy(labels, sort_spikes(spikes, int(labels.max()), seed)) for spikes in (original, decoded))
    return {
        "accuracy_before_percent": 100 * before,
        "accuracy_after_percent": 100 * after,
        "drop_percent": 100 * (before - after),
    }


def sort_spikes(spikes: NDArray[np.floating], clusters: int, seed: int = 0) -> NDArray[np.int32]:
    """Cluster of each spike ``[n, D]``."""
    features = PCA(COMPONENTS, svd_solver="full").fit_transform(spikes)
    found: NDArray[np.int32] = KMeans(clusters, n_init=STARTS, init="random", random_state=seed).fit_predict(features)
    return found


def accuracy(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> float:
    """Share of spikes in the cluster of their label, under the best one-to-one assignment."""
    table = np.zeros((int(labels.max()) + 1, int(clusters.max()) + 1))
    np.add.at(table, (labels, clusters), 1)
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / len(labels))
