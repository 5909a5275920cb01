"""What the command line's options may be; what they may not be is told as a usage error."""

import math
from collections.abc import Callable

import typer

from spikecae.codec.container import check_lsb, check_name
from spikecae.errors import LONGEST_VALUE

__all__ = ["between", "name", "positive"]


def positive(value: float | None) -> float | None:
    """Recording units per ADC step.

    Raises:
        typer.BadParameter: the number is none for it.
    """
    if value is None:
        return None
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"{value:g} must be a number above 0: the recording's units per ADC step")
    try:
        return check_lsb(value)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; give samples and step in a unit that suits the recording") from None


def name(value: str | None) -> str | None:
    """A name that a file's header can hold.

    Raises:
        typer.BadParameter: it cannot.
    """
    if value is None:
        return None
    try:
        return check_name(value)
    except ValueError as error:
        shown = repr(value) if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]!r}… ({len(value)} characters)"
        raise typer.BadParameter(f"{shown} {error}; a name such as uV is enough") from None


def between(low: float, high: float) -> Callable[[float | None], float | None]:
    """A check that a number, where one is given, lies in ``low..high``."""

    def checked(value: float | None) -> float | None:
        if value is not None and not low <= value <= high:
            raise typer.BadParameter(f"{value:g} must lie in {low:g}..{high:g}")
        return value

    return checked
