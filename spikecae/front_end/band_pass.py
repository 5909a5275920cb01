"""The digital band-pass before the detector: which sections, and their integers.

The golden filter and the hardware generator both read this, and nothing else of each other.

A section is one pole: ``a`` times what its input x is beyond its state s moves the state. The difference is the
high-pass, and the mean of the states before and after the low-pass::

    w = a (x - s)        high = x - s        low = s + w / 2        s += w

With K = tan(pi f / rate) and a = 2 K / (1 + K) these are the Butterworth filters of first order by the bilinear
transform, the high-pass times 1 + K (Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.1; the low-pass
is a trapezoidal integrator's, Zavalishin, The Art of VA Filter Design, section 3.9). The second order is two such
sections, their corners moved apart from the band by sqrt(sqrt(2) - 1) in K, so that -3 dB stay where they were; both
poles are real, and nothing rings.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["CORNER_ERROR", "BandPass", "FilterSection", "band_pass_of", "signed_digits"]

CORNER_ERROR = 0.1
"""By how much a corner may miss what it was asked for, so that ``a`` takes fewer adders: less than the parts of an
amplifier's own filter vary."""
MOST_MULTIPLIER, MOST_SHIFT = 63, 20
"""Of ``a = multiplier / 2**shift``: some multiplier is always near enough."""
LEAST_FRACTION = 3
"""Fraction bits of states, at least, so that flooring halves of steps shifts nothing by a tenth of a code."""


@dataclass(frozen=True)
class FilterSection:
    """One pole.

    Attributes:
        edge: of the band: ``low`` makes it a high-pass, ``high`` a low-pass.
        multiplier, shift: ``a = multiplier / 2**shift``, below 2.
    """

    edge: Literal["low", "high"]
    multiplier: int
    shift: int

    @property
    def a(self) -> float:
        """By how much the state moves towards the input."""
        return self.multiplier / (1 << self.shift)

    def corner(self, rate_hz: float, order: int = 1) -> float:
        """Where so many of these in a row have -3 dB."""
        k = self.a / (2 - self.a)
        return rate_hz / math.pi * math.atan(k / _moved(self.edge, order))

    def state_bits(self, bits: int) -> int:
        """Width of the state, fraction left out, for inputs of ``bits``.

        With ``a`` up to 1 it lies between inputs. Beyond, |s| is up to a / (2 - a) times the largest one, which is no
        power of two, and rounding adds less than lacks to the next one.
        """
        return bits + max(0, math.ceil(math.log2(self.a / (2 - self.a))))


@dataclass(frozen=True)
class BandPass:
    """Sections in a row, each saturated to the converter's range.

    Attributes:
        sections: the first is given the samples.
    """

    sections: tuple[FilterSection, ...]

    @property
    def fraction(self) -> int:
        """Fraction bits of states and of what goes from section to section.

        A state rests where a (x - s) floors to 0, which is less than 1 / a units away: less than a code.
        """
        doublings = max(math.ceil(math.log2((1 << section.shift) / section.multiplier)) for section in self.sections)
        return max(LEAST_FRACTION, doublings)

    @property
    def lags(self) -> bool:
        """Whether a constant comes out as up to a code above nothing: behind a high-pass."""
        return any(section.edge == "low" for section in self.sections)

    def widths(self, bits: int) -> tuple[int, ...]:
        """Bits of each state, for codes of ``bits``."""
        return tuple(section.state_bits(bits) + self.fraction for section in self.sections)


def band_pass_of(edges: dict[Literal["low", "high"], float], order: int, rate_hz: float) -> BandPass:
    """Sections for these edges of a band; of those that miss a corner by little, the cheapest.

    Args:
        edges: Hz, of one or both; below half of the rate.
        order: 1 or 2.
        rate_hz: samples a second of a channel.

    Raises:
        ValueError: no section has such a corner.
    """
    sections = [_section(edge, edges[edge], order, rate_hz) for edge in ("low", "high") if edge in edges]
    return BandPass(tuple(section for section in sections for _ in range(order)))


def signed_digits(number: int) -> Iterator[tuple[int, int]]:
    """The fewest (1 or -1, exponent) whose powers of two sum up to a number: no two exponents are neighbours
    (Booth 1951, Reitwieser 1960)."""
    exponent = 0
    while number:
        if number & 1:
            sign = 2 - (number & 3)
            yield sign, exponent
            number -= sign
        number >>= 1
        exponent += 1


def _section(edge: Literal["low", "high"], hz: float, order: int, rate_hz: float) -> FilterSection:
    candidates = (
        FilterSection(edge, multiplier, shift)
        for shift in range(MOST_SHIFT + 1)
        for multiplier in range(1, min(MOST_MULTIPLIER + 1, 2 << shift), 2)
    )
    costs = {}
    for section in candidates:
        error = abs(section.corner(rate_hz, order) / hz - 1)
        if error <= CORNER_ERROR:
            costs[section] = len(list(signed_digits(section.multiplier))), error
    if not costs:
        raise ValueError(f"no filter has a corner at {hz:g} Hz for {rate_hz:g} Hz; take a less extreme one")
    return min(costs, key=costs.__getitem__)


def _moved(edge: Literal["low", "high"], order: int) -> float:
    """K of each of so many sections in a row over K of one alone."""
    factor = math.sqrt(2 ** (1 / order) - 1)
    return factor if edge == "low" else 1 / factor
