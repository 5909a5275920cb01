import numpy as np
import pytest

from experiments.sorting import accuracy, sort_spikes


def test_separate_spikes_are_sorted_without_fault() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 4, 200)
    spikes = rng.normal(size=(4, 20))[labels] * 5 + rng.normal(size=(200, 20)) * 0.2
    assert accuracy(labels, sort_spikes(spikes, 3)) == 1.0


def test_accuracy_is_of_the_best_assignment() -> None:
    labels = np.array([1, 1, 1, 2, 2, 3])
    clusters = np.array([2, 2, 0, 0, 0, 1])  # 2 is unit 1, 0 is unit 2, 1 is unit 3: one spike is wrong
    assert accuracy(labels, clusters) == pytest.approx(5 / 6)
