"""The golden band-pass against scipy's filters, exact fractions, and what it was asked for."""

from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pytest
from scipy.signal import butter, freqz_sos, sosfilt

from spikecae.design import Design, Detector
from spikecae.front_end.band_pass import CORNER_ERROR, BandPass, FilterSection, band_pass_of, signed_digits
from spikecae.front_end.detector import SpikeDetector
from spikecae.front_end.filter import BandPassFilter
from spikecae.front_end.front_end import front_end_of
from tests.planted import front_end, recording
from tests.planted import wide_band as with_drift

RATE = 30000.0
BANDS = {
    "high-pass": band_pass_of({"low": 300.0}, 1, RATE),
    "low-pass": band_pass_of({"high": 6000.0}, 1, RATE),
    "first order": band_pass_of({"low": 300.0, "high": 6000.0}, 1, RATE),
    "second order": band_pass_of({"low": 300.0, "high": 6000.0}, 2, RATE),
}


def sections_of(band_pass: BandPass) -> np.ndarray:
    """scipy's Butterworth filters of first order, at the corners that the integers say; high-passes times 1 + K."""
    kinds = {"low": "highpass", "high": "lowpass"}
    made = [
        butter(1, section.corner(RATE), kinds[section.edge], fs=RATE, output="sos") for section in band_pass.sections
    ]
    gains = [1 if s.edge == "high" else 1 + np.tan(np.pi * s.corner(RATE) / RATE) for s in band_pass.sections]
    made[0][:, :3] *= np.prod(gains)
    return np.concatenate(made)


def wide_band(frames: int, bits: int, seed: int = 0) -> np.ndarray:
    """Two channels: noise on a drift and 50 Hz, a third of the range; in 1/30000 s."""
    rng, time = np.random.default_rng(seed), np.arange(frames)[:, None] / RATE
    slow = np.sin(2 * np.pi * (50 * time + [0.1, 0.6])) + np.sin(2 * np.pi * 3 * time + [1, 2]) + [0.4, -0.5]
    x = (1 << (bits - 1)) / 8 * slow + rng.normal(0, (1 << bits) / 60, (frames, 2))
    return np.rint(x).astype(np.int64)


@pytest.mark.parametrize("band", BANDS)
def test_equals_scipy_but_for_rounding(band: str) -> None:
    band_pass = BANDS[band]
    x = wide_band(4000, 12)
    x -= x[0]  # scipy starts from zero
    error = BandPassFilter(band_pass, 12).push(x) - sosfilt(sections_of(band_pass), x, axis=0)
    rounding = 1 / np.sqrt(12)
    assert np.abs(error).max() < 1
    assert error.std() < 1.05 * rounding
    assert abs(error.mean()) < 1 / 8


def exact(band_pass: BandPass, bits: int, x: list[int]) -> list[int]:
    """The definition of one channel, in fractions of a code."""
    unit = Fraction(1, 1 << band_pass.fraction)
    low, high = Fraction(-(1 << (bits - 1))), Fraction(1 << (bits - 1))
    states = [Fraction(x[0] if number == 0 or band_pass.sections[0].edge == "high" else 0) for number in range(4)]
    filtered = []
    for code in x:
        y = Fraction(code)
        for number, section in enumerate(band_pass.sections):
            apart, before = y - states[number], states[number]
            states[number] += unit * floor(Fraction(section.multiplier, 1 << section.shift) * apart / unit)
            mean = unit * floor((before + states[number]) / unit / 2)
            y = min(max(apart if section.edge == "low" else mean, low), high - unit)
        half = Fraction(0 if band_pass.sections[0].edge == "low" else 1, 2)
        filtered.append(min(floor(y + half), int(high) - 1))
    return filtered


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("band", BANDS)
def test_equals_its_definition_in_fractions(band: str, bits: int) -> None:
    """Noise, the largest steps there are, and the largest waves."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    steps = np.repeat([low, high] * 12, [200, 200] + [1, 2, 4, 8, 12, 20] * 3 + [10] * 4)
    x = np.concatenate([np.random.default_rng(1).integers(low, high + 1, 150), steps])
    got = BandPassFilter(BANDS[band], bits).push(x[:, None])[:, 0]
    assert got.tolist() == exact(BANDS[band], bits, x.tolist())
    assert {low, high} <= set(got.tolist()), "it saturates at both ends"


def test_pieces_make_no_difference() -> None:
    x = wide_band(300, 10)
    whole, piecewise = (BandPassFilter(BANDS["second order"], 10) for _ in range(2))
    np.testing.assert_array_equal(whole.push(x), np.concatenate([piecewise.push(part) for part in np.split(x, 5)]))


@pytest.mark.parametrize("band", ["high-pass", "first order", "second order"])
def test_constant_input_comes_to_nothing_and_stays_there(band: str) -> None:
    """From the first sample on, and after a step of any size: no offset beyond a code, and no limit cycle."""
    steps = np.repeat([[500, -512], [-512, 511], [3, -1], [0, 1], [511, 0]], 500, axis=0)
    got = BandPassFilter(BANDS[band], 10).push(steps).reshape(5, 500, 2)
    assert not got[0].any()
    assert (got[:, 300:] == got[:, -1:]).all()
    assert set(np.unique(got[:, -1])) <= {-1, 0}
    assert np.abs(got[1:]).max() > 400


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("low", "high", "rate"), [(300, 6000, 30000), (300, 6000, 24000), (300, 3000, 10000), (3, 9900, 20000)]
)
def test_corners_lie_where_they_were_asked_for(low: float, high: float, rate: float, order: int) -> None:
    for edge, hz in (("low", low), ("high", high)):
        band_pass = band_pass_of({edge: hz}, order, rate)
        assert len(band_pass.sections) == order
        (corner,) = {section.corner(rate, order) for section in band_pass.sections}
        assert abs(corner / hz - 1) <= CORNER_ERROR
        kind = {"low": "highpass", "high": "lowpass"}[edge]
        one = butter(1, band_pass.sections[0].corner(rate), kind, fs=rate, output="sos")
        assert abs(freqz_sos(one, [corner], fs=rate)[1][0]) ** order == pytest.approx(0.5**0.5, rel=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_frequencies_pass_as_asked_for(order: int) -> None:
    """Within what a tenth of a corner is in each order, 20 log 1.1 dB, from what comes out for sines."""
    band_pass = band_pass_of({"low": 300.0, "high": 6000.0}, order, RATE)
    hz, whole = np.array([50, 100, 300, 1000, 3000, 6000, 10000]), 3000
    turns = np.arange(4000)[:, None] * hz / RATE
    x = np.rint(1900 * np.sin(2 * np.pi * turns)).astype(np.int64)
    got = BandPassFilter(band_pass, 12).push(x)[-whole:]
    gain = 2 * abs((got * np.exp(-2j * np.pi * turns[-whole:])).mean(axis=0)) / 1900
    warped, apart = np.tan(np.pi * hz / RATE), (2 ** (1 / order) - 1) ** 0.5
    low, high = np.tan(np.pi * 300 / RATE) * apart, np.tan(np.pi * 6000 / RATE) / apart
    wished = ((1 + (low / warped) ** 2) * (1 + (warped / high) ** 2)) ** (-order / 2)
    wished *= (1 + np.tan(np.pi * band_pass.sections[0].corner(RATE) / RATE)) ** order
    assert np.abs(20 * np.log10(gain / wished)).max() < order * 0.83


@pytest.mark.parametrize("multiplier", range(1, 64, 2))
def test_states_fit_their_widths(multiplier: int) -> None:
    """Driven by the worst input that there is: the sign of the impulse response."""
    section = FilterSection("high", multiplier, 5)
    band_pass = BandPass((section,))
    bits = 6
    signs = np.sign(1 - section.a) ** np.arange(700) if section.a != 1 else np.ones(700)
    x = np.where(signs > 0, 31, -32).astype(np.int64)
    golden = BandPassFilter(band_pass, bits)
    (width,) = band_pass.widths(bits)
    largest = 0
    for sample in (x, -1 - x):
        for code in sample:
            golden.push(np.array([[code]]))
            largest = max(largest, *(int(max(state[0], -1 - state[0])) for state in golden._states))
    assert largest < 1 << (width - 1)
    assert largest >= 1 << (width - 3)


def test_digits_are_few_and_sum_up() -> None:
    for number in range(1, 64):
        digits = list(signed_digits(number))
        assert sum(sign << exponent for sign, exponent in digits) == number
        exponents = [exponent for _, exponent in digits]
        assert all(later - earlier > 1 for earlier, later in pairwise(exponents))


def test_corner_that_no_section_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no filter has a corner at 0.001 Hz for 30000 Hz"):
        band_pass_of({"low": 0.001}, 1, RATE)


def test_detector_hears_what_the_filter_gives() -> None:
    """The same events, with snippets of the filtered signal; codes of an unsigned converter."""
    plain = front_end(2, bits=12, zero=2048)
    made = front_end(2, bits=12, zero=2048, band_pass=BANDS["first order"])
    codes = wide_band(made.settling + 600, 12) + 2048
    for frame in range(made.settling + 50, made.settling + 550, 60):
        codes[frame : frame + 5, frame // 60 % 2] -= 900
    filtered = BandPassFilter(BANDS["first order"], 12).push(codes - 2048) + 2048
    heard, given = SpikeDetector(made).push(codes), SpikeDetector(plain).push(filtered)
    assert len(heard.times) >= 8
    np.testing.assert_array_equal(heard.times, given.times)
    np.testing.assert_array_equal(heard.snippets, given.snippets)


@pytest.mark.parametrize("order", [1, 2])
def test_spikes_are_found_on_drift_and_hum_as_in_the_band(order: int) -> None:
    """As without a filter in what scipy makes of it, but for a peak in thirty; on the drift itself there are few."""
    band_pass = band_pass_of({"low": 300.0, "high": 6000.0}, order, RATE)
    plain = front_end(4, 2, bits=12)
    made = front_end(4, 2, bits=12, band_pass=band_pass)
    codes = with_drift(made, recording(made, made.settling + 1500, 40, seed=3))
    heard = SpikeDetector(made).push(codes)
    banded = np.rint(sosfilt(sections_of(band_pass), codes - codes[0], axis=0)).astype(np.int64)
    wanted, blind = SpikeDetector(plain).push(banded), SpikeDetector(plain).push(codes)
    assert len(wanted.times) > 20
    for found, others in ((heard, wanted), (wanted, heard)):
        near = np.abs(found.times[:, None] - others.times) <= 1
        same = near & (found.peaks[:, None] == others.peaks)
        assert same.any(axis=1).mean() >= 1 - 1 / 30
    assert len(blind.times) < len(heard.times) / 2


@pytest.mark.parametrize(("wish", "edges"), [("high_pass", 1), ("low_pass", 1), ("band_pass", 2)])
def test_a_design_asks_for_its_edges(tiny: Design, wish: str, edges: int) -> None:
    one = tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": "queue"})})
    assert front_end_of(one, 1).band_pass is None
    for order in (1, 2):
        wanted = Detector.model_validate({"contacts_um": [[0.0, 0.0]], "filter": wish, "filter_order": order})
        made = front_end_of(one.model_copy(update={"front_end": wanted}), 1).band_pass
        assert made is not None
        assert len(made.sections) == edges * order
        for section in made.sections:
            wished = dict(zip(("low", "high"), one.recording.band_hz, strict=True))[section.edge]
            assert section.corner(one.recording.sampling_rate_hz, order) == pytest.approx(wished, rel=CORNER_ERROR)
