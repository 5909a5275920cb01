"""Plots as SVG that takes its colours from the page, light or dark."""

import math
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["Plot"]

LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 40
TICKS = 5


class Plot:
    """Two axes and what is drawn between them; ``svg`` gives the text.

    Args:
        x, y: range of each axis.
        labels: of both axes.
        said: the plot in words, for those who do not see it.
        size: in pixels, before the page scales it.
        bare: without axes.
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        labels: tuple[str, str],
        said: str,
        size: tuple[int, int] = (440, 260),
        *,
        bare: bool = False,
    ) -> None:
        self._x, self._y, self._size, self._said = x, y, size, said
        self._edges = (6, 6, 24, 26) if bare else (LEFT, RIGHT, TOP, BOTTOM)
        self._parts: list[str] = []
        if not bare:
            self._axes(labels)

    def line(self, x: Iterable[float], y: Iterable[float], kind: str) -> None:
        """A line of a ``kind``, a class of the page's style."""
        places = " ".join(f"{self._across(at):.1f},{self._up(value):.1f}" for at, value in zip(x, y, strict=True))
        self._parts.append(f'<polyline class="line {kind}" points="{places}"/>')

    def steps(self, edges: Sequence[float], heights: Sequence[float], kind: str) -> None:
        """A histogram's outline, filled."""
        x = [edge for edge in edges for _ in range(2)]
        y = [0.0, *(height for height in heights for _ in range(2)), 0.0]
        places = " ".join(f"{self._across(at):.1f},{self._up(value):.1f}" for at, value in zip(x, y, strict=True))
        self._parts.append(f'<polygon class="area {kind}" points="{places}"/>')

    def dot(self, x: float, y: float, kind: str) -> None:
        """A point."""
        self._parts.append(f'<circle class="dot {kind}" cx="{self._across(x):.1f}" cy="{self._up(y):.1f}" r="5"/>')

    def upright(self, x: float, kind: str) -> None:
        """A line from bottom to top."""
        self.line((x, x), self._y, kind)

    def text(self, x: float, y: float, text: str, anchor: str = "middle") -> None:
        """Text at a place of the plot, in pixels."""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def svg(self) -> str:
        """The plot as an element."""
        width, height = self._size
        body = "".join(self._parts)
        return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(self._said)}">{body}</svg>'

    def _axes(self, labels: tuple[str, str]) -> None:
        width, height = self._size
        left, _, top, bottom = self._edges
        for value in _ticks(*self._x):
            at = self._across(value)
            self._parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{height - bottom}"/>')
            self.text(at, height - bottom + 15, f"{value:g}")
        for value in _ticks(*self._y):
            at = self._up(value)
            self._parts.append(f'<line class="grid" x1="{left}" x2="{width - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            self.text(left - 6, at + 4, f"{value:g}", "end")
        self.text((left + width) / 2, height - 6, labels[0])
        middle = (top + height - bottom) / 2
        turned = f'transform="rotate(-90 12 {middle:.1f})"'
        self._parts.append(f'<text x="12" y="{middle:.1f}" text-anchor="middle" {turned}>{escape(labels[1])}</text>')

    def _across(self, value: float) -> float:
        left, right, _, _ = self._edges
        low, high = self._x
        return left + (min(max(value, low), high) - low) / (high - low) * (self._size[0] - left - right)

    def _up(self, value: float) -> float:
        _, _, top, bottom = self._edges
        low, high = self._y
        return (
            self._size[1] - bottom - (min(max(value, low), high) - low) / (high - low) * (self._size[1] - top - bottom)
        )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two."""
    raw = (high - low) / TICKS
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]
