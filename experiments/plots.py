"""One look for all figures."""

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["subplots", "svg"]

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "svg.hashsalt": "spikecae",
}


def subplots(columns: int, inches: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure of ``columns`` panels side by side."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def svg(figure: Figure) -> str:
    """The figure as SVG, the same bytes for the same figure."""
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
