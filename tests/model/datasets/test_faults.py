import numpy as np
import pytest

from model.datasets.faults import (
    CODES,
    Stretches,
    blanked_samples,
    by_cause,
    find_faults,
    find_snippet_faults,
    repaired,
    widened,
)

RATE = 30_000.0
LONG = blanked_samples(RATE)
OPEN = np.full(3, np.inf), np.full(3, -np.inf)


def noise(samples: int = 4000, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 50, (samples, channels)).round()


def runs_of(faults: np.ndarray, code: int) -> list[tuple[int, int]]:
    """(first, one past the last) of each run of ``code``, found one sample after the other."""
    found, since = [], None
    for place, value in enumerate([*(faults == code), False]):
        if value and since is None:
            since = place
        elif not value and since is not None:
            found.append((since, place))
            since = None
    return found


def test_two_milliseconds_are_blanked_and_a_little_less_is_not() -> None:
    assert LONG == 60
    raw = noise()
    raw[100 : 100 + LONG, 0] = 7
    raw[500 : 500 + LONG - 1, 1] = 7
    raw[3000:, 2] = 7
    faults = find_faults(raw, *OPEN, RATE)
    assert runs_of(faults[:, 0], CODES["blanked"]) == [(100, 100 + LONG)]
    assert not faults[:, 1].any()
    assert runs_of(faults[:, 2], CODES["blanked"]) == [(3000, 4000)]
    assert blanked_samples(10_000.0) == 32


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_four_samples_at_the_extreme_are_clipped(dtype: str) -> None:
    raw = noise().astype(dtype)
    raw[200:204, 0] = 600
    raw[300:303, 1] = 600
    raw[1000:1200, 2] = -600
    faults = find_faults(raw, *OPEN, RATE)
    assert runs_of(faults[:, 0], CODES["clipped"]) == [(200, 204)]
    assert not faults[:, 1].any()
    assert runs_of(faults[:, 2], CODES["clipped"]) == [(1000, 1200)]  # long, but at the limit
    beyond = np.full(3, -900.0), np.full(3, 900.0)
    assert runs_of(find_faults(raw, *beyond, RATE)[:, 2], CODES["blanked"]) == [(1000, 1200)]


def test_nan_and_infinity_are_found_and_no_extreme() -> None:
    raw = noise()
    raw[50, 1], raw[60:65, 1] = np.nan, np.inf
    raw[500:504, 1] = 700
    faults = find_faults(raw, *OPEN, RATE)
    assert runs_of(faults[:, 1], CODES["not a number"]) == [(50, 51), (60, 65)]
    assert runs_of(faults[:, 1], CODES["clipped"]) == [(500, 504)]


def test_a_channel_that_never_varies_is_blanked() -> None:
    raw = noise()
    raw[:, 0] = 0
    assert (find_faults(raw, *OPEN, RATE)[:, 0] == CODES["blanked"]).all()


def test_faults_reach_as_far_as_the_filter_rings() -> None:
    faults = np.zeros((100, 2), np.uint8)
    faults[40:42, 1] = CODES["clipped"]
    near = widened(faults, 10)
    assert np.flatnonzero(near[:, 1]).tolist() == list(range(30, 52))
    assert not near[:, 0].any()


def test_straight_lines_bridge_what_is_missing() -> None:
    raw = noise().astype(np.float32)
    whole = raw.copy()
    raw[10:14, 0] = np.nan
    raw[:, 1] = np.nan
    faults = find_faults(raw, *OPEN, RATE)
    mended = repaired(raw, faults)
    np.testing.assert_allclose(mended[9:15, 0], np.linspace(whole[9, 0], whole[14, 0], 6), rtol=1e-6)
    assert not mended[:, 1].any()
    np.testing.assert_array_equal(mended[:, 2], whole[:, 2])
    assert repaired(whole, np.zeros_like(faults)) is whole


def test_snippets_without_a_signal() -> None:
    snippets = np.random.default_rng(0).normal(size=(5, 2, 16))
    snippets[1, 0], snippets[2, 1], snippets[3, 0, 5] = 0, 3.5, np.inf
    codes = find_snippet_faults(snippets)
    assert codes.tolist() == [[0, 0], [CODES["silent"], 0], [0, CODES["blanked"]], [CODES["not a number"], 0], [0, 0]]
    assert by_cause(codes.ravel()) == {"blanked": 1, "silent": 1, "not a number": 1}


def test_stretches_go_on_over_chunks_and_are_told_together() -> None:
    stretches = Stretches(["a", "b", "c"], 1000.0)
    faults = np.zeros((3000, 3), np.uint8)
    faults[500:2500] = CODES["blanked"]
    faults[2700, 1] = CODES["not a number"]
    faults[2990:, 2] = CODES["clipped"]
    for start in range(0, 3000, 1000):
        stretches.add(faults[start : start + 1000], 0, start, last=start == 2000)
    stretches.add(faults[490:510], 1, 0, last=True)
    assert stretches.counts == {"blanked": 6000 + 30, "not a number": 1, "clipped": 10}
    assert stretches.sentences(10) == [
        "channel c: clipped from 2.990 to 3.000 s",
        "all channels: blanked from 0.500 to 2.500 s",
        "channel b: not a number at 2.7000 s",
        "all channels: blanked from 0.010 to 0.020 s of segment 1",
    ]
    assert stretches.sentences(1)[1:] == ["3 more such stretches"]
