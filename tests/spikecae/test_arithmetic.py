import itertools
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.arithmetic import rshift_round, saturate
from spikecae.widths import accumulator_bounds, integer_range, loadable_bounds, signed_width


@given(st.integers(-(2**61), 2**61), st.integers(0, 31))
def test_right_shift_is_exact_division_rounded_half_up(a: int, s: int) -> None:
    assert rshift_round(a, s) == floor(Fraction(a, 1 << s) + Fraction(1, 2))


@given(st.integers(-(2**30), 2**30), st.integers(0, 31))
def test_negative_shift_multiplies(a: int, s: int) -> None:
    assert rshift_round(a, -s) == a * 2**s


def test_shifts_broadcast() -> None:
    a = np.arange(-40, 40).reshape(2, 2, 20)
    s = np.array([3, -1])
    shifted = rshift_round(a, s[None, :, None])
    assert np.array_equal(shifted[:, 0], np.floor(a[:, 0] / 8 + 0.5))
    assert np.array_equal(shifted[:, 1], a[:, 1] * 2)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [4, 6, 8, 16])
def test_saturation_keeps_what_fits(bits: int, signed: bool) -> None:
    low, high = integer_range(bits, signed=signed)
    assert high - low + 1 == 2**bits
    assert (low < 0) is signed
    values = [low - 1, low, low + 1, high - 1, high, high + 1, 10**9, -(10**9)]
    assert saturate(values, bits, signed=signed).tolist() == [low, low, low + 1, high - 1, high, high, high, low]


@given(st.integers(-5000, 5000), st.integers(0, 5000))
def test_signed_width_is_the_fewest_bits_that_hold_a_range(low: int, span: int) -> None:
    high = low + span
    fits = [n for n in range(1, 20) if -(2 ** (n - 1)) <= low and high < 2 ** (n - 1)]
    assert signed_width(low, high) == fits[0]


def test_an_empty_range_has_no_width() -> None:
    with pytest.raises(ValueError, match="low = 3 exceeds high = 2"):
        signed_width(3, 2)


@pytest.mark.parametrize("input_range", [(0, 255), (-128, 127), (-3, 5)])
def test_bounds_are_attained_and_never_passed(input_range: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(-128, 128, (5, 2, 3))
    bias = rng.integers(-1000, 1000, 5)
    corners = np.array(list(itertools.product(input_range, repeat=6)))
    sums = corners @ weight.reshape(5, 6).T + bias  # a linear function is extreme at corners
    low, high = accumulator_bounds(weight, bias, input_range)
    assert np.array_equal(low, sums.min(axis=0))
    assert np.array_equal(high, sums.max(axis=0))


@pytest.mark.parametrize(("bits", "least", "most"), [(4, -8, 7), (6, -32, 31), (8, -128, 127)])
@pytest.mark.parametrize("signed", [True, False])
def test_loadable_bounds_are_those_of_the_worst_weights(signed: bool, bits: int, least: int, most: int) -> None:
    """Against all products of the extreme weights and inputs."""
    inputs = integer_range(8, signed=signed)
    products = [w * x for w in (least, most) for x in inputs]
    low, high = loadable_bounds(5, inputs, bits, bias_bits=12, identity=1000)
    assert low == 5 * min(products) - 2048
    assert high == 5 * max(products) + 2047 + 1000
