"""The height of a sample: how far it is from zero in the direction in which peaks count."""

from typing import Literal

from amaranth.hdl import Mux, Value

__all__ = ["height_of", "is_higher"]

Polarity = Literal["negative", "positive", "both"]


def height_of(x: Value, polarity: Polarity) -> Value:
    """-x, x or abs(x), at least 0."""
    match polarity:
        case "negative":
            return Mux(x < 0, -x, 0)
        case "positive":
            return Mux(x < 0, 0, x)
        case "both":
            return abs(x)


def is_higher(x: Value, limit: Value, polarity: Polarity) -> Value:
    """Whether the height of x is above ``limit``, which is at least 0."""
    low, high = x + limit < 0, x > limit
    return {"negative": low, "positive": high, "both": low | high}[polarity]
