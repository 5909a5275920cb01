"""Where spikes come from: what a user, a file or a generator says, never what was not said."""

from collections.abc import Iterable
from typing import Literal, get_args

__all__ = ["PROVENANCES", "Provenance", "in_words", "least_real"]

Provenance = Literal["real", "semi-synthetic", "synthetic", "unknown"]
"""Recorded; real waveforms in a simulated recording; all simulated; or nobody said."""

PROVENANCES: tuple[Provenance, ...] = get_args(Provenance)


def in_words(provenance: str) -> str:
    """For a reader: the word itself, and of what is unknown, that it is the provenance."""
    return "provenance unknown" if provenance == "unknown" else provenance


def least_real(provenances: Iterable[Provenance]) -> Provenance:
    """Of several sources together: the least real one; unknown counts for less than real, and for more than synthetic.

    Raises:
        ValueError: there are none.
    """
    order: tuple[Provenance, ...] = ("synthetic", "semi-synthetic", "unknown", "real")
    return min(provenances, key=order.index)
