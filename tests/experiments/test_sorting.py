import numpy as np
import pytest

from experiments.sorting import accuracy, nearest_template, sort_spikes, templates, unit_accuracies


def test_separate_spikes_are_sorted_without_fault() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 4, 200)
    spikes = rng.normal(size=(4, 20))[labels] * 5 + rng.normal(size=(200, 20)) * 0.2
    assert accuracy(labels, sort_spikes(spikes, 3)) == 1.0


def test_accuracy_is_of_the_best_assignment() -> None:
    labels = np.array([1, 1, 1, 2, 2, 3])
    clusters = np.array([2, 2, 0, 0, 0, 1])  # 2 is unit 1, 0 is unit 2, 1 is unit 3: one spike is wrong
    assert accuracy(labels, clusters) == pytest.approx(5 / 6)
    assert unit_accuracies(labels, clusters).tolist() == [pytest.approx(2 / 3), 1.0, 1.0]


def test_a_unit_without_a_cluster_of_its_own_is_not_sorted_right() -> None:
    labels = np.array([1, 1, 1, 3, 3, 5])
    assert unit_accuracies(labels, np.array([0, 0, 0, 0, 0, 0])).tolist() == [1.0, 0.0, 0.0]


def test_the_nearest_template_is_counted_from_one() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(3, 16))
    near = means[[2, 0, 1]] + 0.01 * rng.normal(size=(3, 16))
    assert nearest_template(near, means).tolist() == [3, 1, 2]
    units = np.array([1, 1, 0, 2, 2, 3, 3])
    spikes = np.concatenate([np.repeat(means[:1], 2, axis=0), np.full((1, 16), 9.0), np.repeat(means[1:], 2, axis=0)])
    np.testing.assert_allclose(templates(spikes.astype(np.float32), units), means, atol=1e-6)
