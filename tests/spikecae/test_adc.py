import numpy as np
import pytest

from spikecae.design import Adc
from spikecae.front_end.adc import codes_to_units, units_to_codes


def test_rounds_half_up_and_counts_what_it_clips() -> None:
    adc = Adc(bits=6, lsb=0.5, signed=True)
    samples = np.array([0.0, 0.24, 0.25, -0.25, -0.26, 15.5, 15.75, -16.0, -16.5, 99.0])
    codes, clipped = units_to_codes(samples, adc)
    assert codes.dtype == np.int16
    assert codes.tolist() == [0, 0, 1, 0, -1, 31, 31, -32, -32, 31]
    assert clipped == 3


def test_unsigned_converter_has_zero_at_mid_scale() -> None:
    adc = Adc(bits=8, lsb=2.0, signed=False)
    codes, clipped = units_to_codes(np.array([0.0, -256.0, 254.0]), adc)
    assert codes.tolist() == [128, 0, 255]
    assert clipped == 0
    assert codes_to_units(codes, adc).tolist() == [0.0, -256.0, 254.0]


def test_units_come_back_within_half_a_step() -> None:
    adc = Adc(bits=12, lsb=0.3, signed=True)
    samples = np.random.default_rng(0).uniform(-300, 300, 1000)
    codes, clipped = units_to_codes(samples, adc)
    assert clipped == 0
    assert np.abs(codes_to_units(codes, adc) - samples).max() <= 0.15 + 1e-9


def test_codes_that_do_not_fit_the_encoder_are_refused() -> None:
    with pytest.raises(ValueError, match=r"adc\.bits = 16 unsigned.*set adc\.signed = true"):
        units_to_codes(np.zeros(3), Adc(bits=16, lsb=1.0, signed=False))
