"""Trials side by side: which of them no other is better than, within what was asked for."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from flow.explore.trial import Figures
from flow.report.template import load_template
from spikecae.records import read_record

__all__ = [
    "OBJECTIVES",
    "Exploration",
    "Point",
    "Question",
    "dominates",
    "load_exploration",
    "page_of",
    "text_of",
    "with_best",
]

TEMPLATE = Path(__file__).with_name("front.html")
FRAMING = 0.9
"""Share of a link that is left for spikes, when packets hold 8 blocks."""
OBJECTIVES: dict[str, Literal["maximize", "minimize"]] = {
    "sndr_db": "maximize",
    "bits_per_spike": "minimize",
    "nj_per_spike": "minimize",
    "area_mm2": "minimize",
}
"""Figures of a trial, and which way is better; area is that of all encoders together."""


class Record(BaseModel):
    """Base of what is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(Record):
    """What the chip is for: spikes of so many ``channels``, and limits; None where something does not matter."""

    channels: int | None = None
    rate_hz: float = 20.0
    area_mm2: float | None = None
    power_uw: float | None = None
    link_kbps: float | None = None

    @property
    def spikes_per_s(self) -> float | None:
        """All channels'."""
        return None if self.channels is None else self.channels * self.rate_hz

    def encoders(self, figures: Figures) -> int:
        """Side by side, for all channels, within the power limit."""
        spikes = self.spikes_per_s
        return 1 if spikes is None else max(1, ceil(spikes / figures.spikes_per_s_within_limit))

    def excess(self, figures: Figures) -> dict[str, float]:
        """By which share each limit, by its unit, is exceeded; 0 or less where it is not."""
        taken = {"mm²": self.encoders(figures) * figures.area_mm2}
        spikes = self.spikes_per_s
        if spikes is not None:
            taken["µW"] = spikes * figures.nj_per_spike / 1000
            taken["kbit/s"] = spikes * figures.bits_per_spike / 1000 / FRAMING
        return {unit: taken[unit] / limit - 1 for unit, limit in self.limits.items()}

    @property
    def limits(self) -> dict[str, float]:
        """Those that there are, by unit."""
        found = {"mm²": self.area_mm2, "µW": self.power_uw, "kbit/s": self.link_kbps}
        return {unit: limit for unit, limit in found.items() if limit is not None}


class Point(Record):
    """A trial: the design that was tried, as in its file, and its figures."""

    number: int
    design: dict[str, Any]
    chosen: dict[str, Any]
    figures: Figures
    encoders: int
    within: bool
    """Whether it keeps the limits."""
    start: bool = False
    """Whether it is the design that the search began with."""
    best: bool = False
    """Whether no other that keeps them is better in all."""

    @property
    def objectives(self) -> dict[str, float]:
        """By name."""
        found = self.figures.model_dump()
        return {name: found[name] * (self.encoders if name == "area_mm2" else 1) for name in OBJECTIVES}


class Exploration(Record):
    """``front.json``: all trials that went well, in their order."""

    schema_version: Literal[1] = 1
    base: str
    data: str
    question: Question
    trials: list[Point]
    failed: int
    """Choices that contradict themselves, or could not be trained or made."""

    @property
    def start(self) -> Point | None:
        """The design that the search began with, if it was tried."""
        return next((point for point in self.trials if point.start), None)

    @property
    def front(self) -> list[Point]:
        """The best ones, by quality."""
        return sorted((point for point in self.trials if point.best), key=lambda point: -point.figures.sndr_db)


def dominates(one: Point, other: Point) -> bool:
    """Whether a point is nowhere worse than another, and somewhere better."""
    pairs = [
        (a, b) if way == "maximize" else (-a, -b)
        for (a, b), way in zip(
            zip(one.objectives.values(), other.objectives.values(), strict=True), OBJECTIVES.values(), strict=True
        )
    ]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def with_best(points: Sequence[Point]) -> list[Point]:
    """The points, with those marked that keep the limits and that none that keeps them dominates."""
    within = [point for point in points if point.within]
    return [
        point.model_copy(update={"best": point.within and not any(dominates(other, point) for other in within)})
        for point in points
    ]


def load_exploration(path: Path, remedy: str) -> Exploration:
    """Read ``front.json``.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is none, or of another version.
    """
    return read_record(path, Exploration, "exploration", remedy)


HEADINGS = ("trial", "SNDR, dB", "bits", "nJ", "mm²", "encoders", "cycles", "what was chosen")


def rows_of(points: Sequence[Point]) -> list[list[str]]:
    """A row of the table for each."""
    return [
        [
            str(point.number),
            f"{point.figures.sndr_db:.2f}",
            f"{point.figures.bits_per_spike:.1f}",
            f"{point.figures.nj_per_spike:.2f}",
            f"{point.objectives['area_mm2']:.2f}",
            str(point.encoders),
            str(point.figures.cycles_per_block),
            ", ".join(f"{key.split('.')[-1]} {value}" for key, value in point.chosen.items()),
        ]
        for point in points
    ]


def summary(found: Exploration) -> str:
    """In a line."""
    asked = [f"{value:g} {unit}" for unit, value in found.question.limits.items()]
    of = found.question
    channels = f" for {of.channels} channels at {of.rate_hz:g} Hz" if of.channels else ""
    kept = sum(point.within for point in found.trials)
    within = f", {kept} within {', '.join(asked)}" if asked else ""
    return (
        f"{len(found.trials)} trials from {found.base}{channels}{within}, {len(found.front)} that none is better than; "
        f"{found.failed} that cannot be. Quality and rate: validation spikes of {found.data}, short trainings; "
        "energy and area: estimated."
    )


def text_of(found: Exploration, adopt: str) -> str:
    """As a table of characters; ``adopt`` is the command that turns a trial into a design file."""
    begun = [found.start] if found.start and not found.start.best else []
    rows = [list(HEADINGS), *rows_of([*found.front, *begun])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    lines = [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    start = f"trial {found.start.number} is {found.base} itself; " if found.start else ""
    last = f"{start}a trial becomes a design file with: {adopt}"
    return "\n".join([*lines, "", summary(found), last])


def page_of(found: Exploration, figure: str, adopt: str) -> str:
    """As a self-contained page; ``figure`` is SVG."""
    return load_template(TEMPLATE).render(
        found=found, figure=figure, headings=HEADINGS, rows=rows_of(found.front), summary=summary(found), adopt=adopt
    )
