"""Spike sorting as the paper does it, three principal components and k-means from 500 starts; and by templates."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

__all__ = ["accuracy", "nearest_template", "sort_spikes", "sorting_metrics", "templates", "unit_accuracies"]

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
    table = _table(labels, clusters)
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / len(labels))


def unit_accuracies(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> NDArray[np.float64]:
    """The same of the spikes of each label that there is, in order."""
    table = _table(labels, clusters)
    right = np.zeros(len(table))
    rows, columns = linear_sum_assignment(table, maximize=True)
    right[rows] = table[rows, columns]
    present = np.unique(labels)
    return np.asarray(right[present] / table.sum(axis=1)[present])


def _table(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> NDArray[np.float64]:
    """How many spikes have a label, a row, and a cluster, a column."""
    table = np.zeros((int(labels.max()) + 1, int(clusters.max()) + 1))
    np.add.at(table, (labels, clusters), 1)
    return table


def templates(spikes: NDArray[np.floating], units: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean ``[U, D]`` of the spikes ``[n, D]`` of each unit from 1 on; those of unit 0 are in none."""
    of_units = range(1, int(units.max()) + 1)
    return np.stack([spikes[units == unit].mean(axis=0, dtype=np.float64) for unit in of_units])


def nearest_template(spikes: NDArray[np.floating], means: NDArray[np.float64]) -> NDArray[np.intp]:
    """Unit, from 1, of the template, of ``means`` ``[U, D]``, that each of ``spikes`` ``[n, D]`` is nearest to."""
    distances: NDArray[np.float64] = np.square(spikes[:, None] - means).sum(axis=2)
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return 1 + nearest
