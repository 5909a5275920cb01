"""How much of its width each place of the encoder uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from rtl.manifest import Tap
from spikecae.arithmetic import Integers
from spikecae.widths import integer_range
from synth.part import Part

__all__ = ["Extremes", "Range", "ranges_of"]


class Range(Part):
    """Integers at one place, of the spikes that are shown."""

    name: str
    bits: int
    signed: bool
    minimum: int
    maximum: int
    at_limits: float
    """Share of the values that are the lowest or the highest integer of this width: saturated ones among them."""


@dataclass(frozen=True)
class Extremes:
    """Of integers: the smallest and the largest, how many there are of each, and how many integers in all."""

    minimum: int
    maximum: int
    at_minimum: int
    at_maximum: int
    count: int

    @classmethod
    def of(cls, values: Integers) -> "Extremes":
        """Those of an array."""
        low, high = int(values.min()), int(values.max())
        return cls(low, high, int((values == low).sum()), int((values == high).sum()), values.size)

    def __or__(self, other: "Extremes") -> "Extremes":
        """Of both arrays together."""
        low, high = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        both = (self, other)
        return Extremes(
            low,
            high,
            sum(one.at_minimum for one in both if one.minimum == low),
            sum(one.at_maximum for one in both if one.maximum == high),
            self.count + other.count,
        )


def ranges_of(extremes: dict[str, Extremes], taps: Sequence[Tap]) -> list[Range]:
    """Of each place that the hardware has a tap of, in its order; indices of codewords have no range.

    Args:
        extremes: by the stage's name, of the golden model's taps.
        taps: the hardware's.
    """
    found = []
    for tap in taps:
        if tap.order == "vector" or tap.stage not in extremes:
            continue
        own = extremes[tap.stage]
        low, high = integer_range(tap.width, signed=tap.signed)
        at_low = own.at_minimum if own.minimum == low else 0
        at_high = own.at_maximum if own.maximum == high else 0
        found.append(
            Range(
                name=tap.stage,
                bits=tap.width,
                signed=tap.signed,
                minimum=own.minimum,
                maximum=own.maximum,
                at_limits=(at_low + at_high) / own.count,
            )
        )
    return found
