"""What the measurement counts, against one candidate after the other."""

import numpy as np
import pytest

from benchmarks.early_exit import BOUNDS, stopped


def one_by_one(y: np.ndarray, words: np.ndarray, bias: np.ndarray, ends: list[int], bound: str) -> float:
    saved = 0
    for vector in y:
        best = None
        for word, start in zip(words, bias, strict=True):
            for end in ends[:-1]:
                known = int(start) - 2 * int(vector[:end] @ word[:end])
                rest = int(BOUNDS[bound](vector[None, end:], word[None, end:])[0, 0])
                if best is not None and known + rest >= best:
                    saved += len(vector) - end
                    break
            score = int(start) - 2 * int(vector @ word)
            best = score if best is None else min(best, score)
    return saved / (len(y) * words.size)


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("ends", [[3, 6], [1, 2, 4, 6]])
def test_stopped_counts_what_a_loop_leaves_out(bound: str, ends: list[int]) -> None:
    rng = np.random.default_rng(1)
    y, words = rng.integers(-20, 20, (30, 6)), rng.integers(-20, 20, (25, 6))
    bias = (words**2).sum(axis=1) + rng.integers(0, 9, 25)
    assert stopped(y, words, bias, ends, BOUNDS[bound]) == pytest.approx(one_by_one(y, words, bias, ends, bound))


@pytest.mark.parametrize("bound", BOUNDS)
def test_bounds_hold(bound: str) -> None:
    """No latents add less than the bound says."""
    rng = np.random.default_rng(2)
    y, words = rng.integers(-128, 128, (200, 5)), rng.integers(-128, 128, (200, 5))
    assert (BOUNDS[bound](y, words) <= -2 * y @ words.T).all()
