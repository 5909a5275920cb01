"""Designs side by side, from the reports that their runs left: as a table, as JSON, as a page."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flow.layout import find_layout
from flow.report.schema import Data, LevelCoder, Report
from flow.report.template import load_template
from spikecae.opening.provenance import in_words
from spikecae.records import read_record
from synth.estimate.limit import RATE_HZ

__all__ = ["FIGURES", "MISMATCHES", "Comparison", "ComparisonLine", "compare", "page_of", "reports_of", "text_of"]

TEMPLATE = Path(__file__).with_name("comparison.html")
Better = Literal["more", "less"]
APART = (
    "Measured on different spikes (another recording, or snippets of another length): quality and rate are not "
    "compared, only told."
)
MISMATCHES = "mismatches, Verilog and golden"


@dataclass(frozen=True)
class Figure:
    """What is compared: its name with its unit, how to find it, how many digits to show, and which way is better.

    ``of_spikes``: it says nothing between designs that were measured on other spikes.
    """

    name: str
    value: Callable[[Report], float | None]
    digits: int = 0
    better: Better | None = None
    of_spikes: bool = False


def _estimated(report: Report) -> float | None:
    return next((estimate.energy_nj_per_spike for estimate in report.synthesis.estimates), None)


def _of_power(value: Callable[[Any], float | None]) -> Callable[[Report], float | None]:
    return lambda report: None if report.power is None else value(report.power)


def _of_budget(value: Callable[[Any], float]) -> Callable[[Report], float | None]:
    return _of_power(lambda power: None if power.budget is None else value(power.budget))


FIGURES = (
    Figure("SNDR, mean, dB", lambda r: r.fixed_point.sndr_mean_db, 2, "more", of_spikes=True),
    Figure("SNDR, global, dB", lambda r: r.fixed_point.sndr_global_db, 2, "more", of_spikes=True),
    Figure(
        "SNDR, worst 5 %, dB",
        lambda r: r.fixed_point.sndr_worst_db if isinstance(r.fixed_point, LevelCoder) else None,
        2,
        "more",
        of_spikes=True,
    ),
    Figure("bits per spike", lambda r: r.fixed_point.bits_per_spike, 1, "less", of_spikes=True),
    Figure("above PCA at these bits, dB", lambda r: r.baseline.gap_db, 2, "more", of_spikes=True),
    Figure("compression, Huffman", lambda r: r.fixed_point.cr_huffman, 1, "more", of_spikes=True),
    Figure("compression, on the wire", lambda r: r.fixed_point.cr_wire, 1, "more", of_spikes=True),
    Figure("MAC per spike", lambda r: r.encoder.macs_per_spike, 0, "less"),
    Figure("multipliers", lambda r: r.encoder.multipliers + r.encoder.search_multipliers, 0, "less"),
    Figure("cycles per block", lambda r: r.simulation.cycles_per_block.mean, 0),
    Figure("spikes/s at its clock", lambda r: r.spikes_per_s, 0, "more"),
    Figure("latency, cycles", lambda r: r.simulation.latency_cycles.measured, 0, "less"),
    Figure("parameters, KiB", lambda r: r.encoder.parameter_bits / 8192, 1, "less"),
    Figure("working memory, KiB", lambda r: r.encoder.working_memory_bits / 8192, 2, "less"),
    Figure(MISMATCHES, lambda r: r.simulation.mismatches, 0, "less"),
    Figure("estimate, nJ per spike", _estimated, 1, "less"),
    Figure("measured, nJ per spike", _of_power(lambda p: p.energy_nj_per_spike), 2, "less"),
    Figure("a block alone, nJ per spike", _of_power(lambda p: p.isolated_nj_per_spike), 2, "less"),
    Figure("asleep, µW", _of_power(lambda p: p.idle_uw), 1, "less"),
    Figure("leakage, µW", _of_power(lambda p: p.leakage_uw), 1, "less"),
    Figure("longest path, ns", _of_power(lambda p: p.critical_path.ns), 1, "less"),
    Figure("chip, mm²", _of_budget(lambda b: b.area_mm2), 2, "less"),
    Figure(f"channels at {RATE_HZ:g} Hz within the limit", _of_budget(lambda b: b.channels_within_limit), 0, "more"),
    Figure("channels per mm²", _of_budget(lambda b: b.channels_per_mm2), 0, "more"),
)


class Record(BaseModel):
    """Base of what is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ComparisonLine(Record):
    """A figure of all designs, in their order: None where there is none. ``best`` are the places of the best ones."""

    name: str
    values: list[float | None]
    best: list[int]
    digits: int


class Comparison(Record):
    """Designs side by side."""

    schema_version: Literal[2] = 2
    designs: list[str]
    spikes: list[str]
    """What each was measured on, what that is, and how long a snippet is."""
    same_spikes: bool
    """Whether all were: the same recording, as far as its figures tell, cut in snippets of one length."""
    spec_hashes: list[str]
    power: list[str | None]
    """Target and wires that energy was measured with; None where it was not measured."""
    lines: list[ComparisonLine]

    @property
    def notes(self) -> list[str]:
        """What the figures do not say."""
        unmeasured = [name for name, power in zip(self.designs, self.power, strict=True) if power is None]
        return [
            *([] if self.same_spikes else [APART]),
            *(
                [f"No energy was measured of {', '.join(unmeasured)}: make power DESIGN={unmeasured[0]}, then report."]
                if unmeasured
                else []
            ),
        ]


def reports_of(designs: Sequence[str]) -> list[Report]:
    """The reports of designs, by name or path.

    Raises:
        ValueError: fewer than two designs, one twice, or one without a report, or an unknown one.
    """
    if len(designs) < 2:
        raise ValueError(f"{len(designs)} design{'s' * (len(designs) != 1)} to compare; name two or more")
    for name in designs:
        if designs.count(name) > 1:
            raise ValueError(f"design {name} is named {designs.count(name)} times; name each once")
    found, builds = [], [find_layout(name).build for name in designs]
    for name, build in zip(designs, builds, strict=True):
        path = build / "report.json"
        remedy = f"make it with: make DESIGN={name}"
        if not path.is_file():
            raise ValueError(f"no report of {name}, {path}; {remedy}")
        found.append(read_record(path, Report, "report", remedy))
    return found


def _what_was_cut(report: Report) -> tuple[object, ...]:
    """What tells the spikes of two reports apart; the embedded recordings of two designs may have one name."""
    data, found = report.data, report.data.quality
    length = data.samples_per_spike, data.sampling_rate_hz, data.unit
    return data.source, data.provenance, *length, found.duration_s, found.channels, found.noise


def _spikes_in_words(data: Data) -> str:
    snippet = f"{data.samples_per_spike} samples at {data.sampling_rate_hz / 1000:g} kHz"
    return f"{data.source} ({in_words(data.provenance)}), {snippet}"


def compare(reports: Sequence[Report]) -> Comparison:
    """Put reports side by side."""
    same_spikes = all(_what_was_cut(report) == _what_was_cut(reports[0]) for report in reports)
    lines = []
    for figure in FIGURES:
        values = [figure.value(report) for report in reports]
        if all(value is None for value in values):
            continue
        told = [value for value in values if value is not None]
        comparable = figure.better and (same_spikes or not figure.of_spikes)
        best: list[int] = []
        if comparable and len(told) > 1 and min(told) != max(told):
            top = max(told) if figure.better == "more" else min(told)
            best = [place for place, value in enumerate(values) if value == top]
        lines.append(ComparisonLine(name=figure.name, values=values, best=best, digits=figure.digits))
    return Comparison(
        designs=[report.design for report in reports],
        spikes=[_spikes_in_words(report.data) for report in reports],
        same_spikes=same_spikes,
        spec_hashes=[report.encoder.spec_hash for report in reports],
        power=[None if r.power is None else f"{r.power.target}; wires: {r.power.wires_in_words}" for r in reports],
        lines=lines,
    )


def shown(line: ComparisonLine) -> list[str]:
    """A line's figures as text."""
    return ["–" if value is None else f"{value:,.{line.digits}f}" for value in line.values]


def text_of(comparison: Comparison, *, width: int | None = None, color: bool = False) -> str:
    """As a table of characters; the best figure of a line is marked by ``*``, and bold where there are colors."""
    table = Table(show_header=True, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in comparison.designs:
        table.add_column(name, justify="right", overflow="fold")
    table.add_row("spikes", *comparison.spikes)
    for line in comparison.lines:
        cells = [
            Text(f"{value} *" if place in line.best else f"{value}  ", style="bold" if place in line.best else "")
            for place, value in enumerate(shown(line))
        ]
        table.add_row(line.name, *cells)
    table.add_row("energy with", *("–" if power is None else power for power in comparison.power))
    text = io.StringIO()
    console = Console(file=text, width=width or 120, force_terminal=color, highlight=False)
    console.print(table)
    for note in comparison.notes:
        console.print(note, markup=False)
    return text.getvalue()


def page_of(comparison: Comparison) -> str:
    """As a self-contained page."""
    return load_template(TEMPLATE).render(c=comparison, shown=shown)
