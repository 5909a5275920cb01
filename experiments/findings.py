"""Numbers for what is said about a result, read from its rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.result import Row

__all__ = ["Findings", "MissingRow", "at_most", "compared", "span"]

Labels = Mapping[str, str]


class MissingRow(LookupError):
    """A row that has not run: nothing can be said about it."""


@dataclass(frozen=True)
class Findings:
    """The rows of a result, to be asked by their labels."""

    rows: Sequence[Row]

    def select(self, labels: Labels) -> list[Row]:
        """All rows with these labels, and perhaps more.

        Raises:
            MissingRow: there is none.
        """
        found = [row for row in self.rows if labels.items() <= row.labels.items()]
        if not found:
            raise MissingRow(f"no row with {dict(labels)}")
        return found

    def row(self, labels: Labels) -> Row:
        """The one row with these labels.

        Raises:
            MissingRow: there is none.
            ValueError: there are several.
        """
        found = self.select(labels)
        if len(found) > 1:
            raise ValueError(f"{len(found)} rows with {dict(labels)}; give more labels")
        return found[0]

    def mean(self, metric: str, labels: Labels) -> float:
        """Mean of a metric in the one row with these labels; raises as :meth:`row`."""
        return self.row(labels).metrics[metric].mean

    def means(self, metric: str, labels: Labels) -> list[float]:
        """Means of a metric in all rows with these labels; raises as :meth:`select`."""
        return [row.metrics[metric].mean for row in self.select(labels)]


def compared(decibels: float) -> str:
    """A difference in words: ``1.2 dB above`` or ``0.3 dB below``."""
    return f"{abs(decibels):.1f} dB {'above' if decibels > 0 else 'below'}"


def at_most(values: Sequence[float], digits: int = 1) -> str:
    """The greatest, rounded up."""
    return f"{math.ceil(max(values) * 10**digits) / 10**digits:.{digits}f}"


def span(values: Sequence[float], digits: int = 1) -> str:
    """From the least to the greatest: ``1.0 to 1.4``, or ``1.0`` where that is the same.

    Raises:
        MissingRow: there are none.
    """
    if not values:
        raise MissingRow("no values")
    least, most = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return least if least == most else f"{least} to {most}"
