"""One look for all figures."""

import io
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["style", "subplots", "svg"]

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "svg.hashsalt": "spikecae",
}


def style() -> AbstractContextManager[None]:
    """What figures are drawn and written in."""
    return mpl.rc_context(STYLE)


def subplots(columns: int, inches: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure of ``columns`` panels side by side."""
    figure = Figure(figsize=inches, layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def svg(figure: Figure) -> str:
    """The figure as SVG, the same bytes for the same figure drawn in the same :func:`style`."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
