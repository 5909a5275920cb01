import itertools

import numpy as np
import pytest

from model.linear.level_code import Box, GroupCode, fit_box, fit_groups, fit_level_code
from spikecae.canonical_code import check_lengths


def test_symbols_count_like_digits_and_the_last_is_for_what_is_outside() -> None:
    box = Box(np.array([-1, 0, -2]), np.array([3, 2, 4]))
    inside = np.array(list(itertools.product(range(-1, 2), range(2), range(-2, 2))))
    assert box.symbols == 25
    assert box.index(inside).tolist() == list(range(24))
    assert box.index(np.array([[2, 0, 0], [0, -1, 0], [0, 0, 2], [0, 0, -3]])).tolist() == [24] * 4


def test_bits_of_a_group_by_hand() -> None:
    """Levels outside take the reserved symbol, and 3 and -2 as 6 and 3 in the code of order 0: 5 and 5 bits."""
    code = GroupCode(Box(np.array([-1, 0]), np.array([2, 1])), np.array([2, 1, 2], np.uint8))
    assert code.bits(np.array([[-1, 0], [0, 0], [3, -2]]), 0).tolist() == [2, 1, 2 + 5 + 5]


def test_a_box_takes_in_what_is_frequent() -> None:
    levels = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [5, 5]])
    box = fit_box(levels, np.array([50, 20, 10, 1, 3]), symbols=4)
    assert (box.low.tolist(), box.size.tolist()) == ([-1, 0], [3, 1])  # three tuples, one symbol for the rest


def test_levels_that_depend_on_each_other_share_a_symbol(rng: np.random.Generator) -> None:
    first, third = rng.integers(-1, 2, (2, 4000))
    levels = np.stack([first, first, third], axis=1)
    boxes = fit_groups(levels, symbols=10)
    assert [box.low.size for box in boxes] == [2, 1]  # 3 · 3 tuples fill the ten symbols
    joined = fit_level_code(None, 0, levels, boxes, [0]).bits(None, levels).mean()
    apart = fit_level_code(None, 0, levels, [Box(np.array([-1]), np.array([3]))] * 3, [0]).bits(None, levels).mean()
    assert joined < apart - 1


def test_the_code_is_close_to_the_entropy(rng: np.random.Generator) -> None:
    levels = np.round(rng.normal(0, [4, 2, 0.4, 0.3], (20000, 4))).astype(int)
    boxes = fit_groups(levels, symbols=64)
    code = fit_level_code(None, 0, levels, boxes, [0, 1, 2])
    fresh = np.round(rng.normal(0, [4, 2, 0.4, 0.3], (20000, 4))).astype(int)
    entropy = sum(_entropy(column) for column in fresh.T)
    assert entropy < code.bits(None, fresh).mean() < 1.04 * entropy
    for group in code.groups:
        check_lengths(group.lengths)
        assert group.box.symbols <= 64


def _entropy(values: np.ndarray) -> float:
    _, counts = np.unique(values, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def test_classes_have_a_code_of_their_own() -> None:
    chosen = np.array([0, 0, 0, 0, 0, 0, 1, 2])
    levels = np.zeros((8, 1), int)
    code = fit_level_code(chosen, 3, levels, [Box(np.array([0]), np.array([1]))], [0])
    assert code.class_lengths.tolist() == [1, 2, 2]
    assert code.bits(np.array([0, 2]), levels[:2]).tolist() == [1 + 1, 2 + 1]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
