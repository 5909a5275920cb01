"""A page over all designs that were built: the headline figures of each, and the way to its report."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from flow.report.comparison import FIGURES, MISMATCHES
from flow.report.schema import Report
from flow.report.template import load_template
from spikecae.files import write_text
from spikecae.opening.provenance import in_words
from spikecae.records import read_record

__all__ = ["INDEX", "Index", "index_of", "write_index"]

TEMPLATE = Path(__file__).with_name("index.html")
INDEX = "index.html"
HEADLINES = (
    "SNDR, mean, dB",
    "SNDR, worst 5 %, dB",
    "bits per spike",
    "compression, on the wire",
    "cycles per block",
    "spikes/s at its clock",
    "estimate, nJ per spike",
    "measured, nJ per spike",
    "chip, mm²",
    MISMATCHES,
)
"""Of the figures that designs are compared by."""


class Record(BaseModel):
    """Base of what is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Headline(Record):
    """A figure, and how it is shown."""

    name: str
    value: float
    text: str


class Entry(Record):
    """A report: of which build folder, and where its page is from the index."""

    design: str
    build: str
    page: str
    spikes: str
    spec_hash: str
    figures: list[Headline]


class Index(Record):
    """All reports in a folder, by name; ``unread`` are those of other versions, each with the remedy."""

    schema_version: Literal[1] = 1
    entries: list[Entry]
    unread: list[str]


def index_of(folder: Path) -> Index:
    """The reports of the build folders in ``folder``."""
    entries, unread = [], []
    for path in sorted(folder.glob("*/report.json")):
        name, _, variant = path.parent.name.partition("@")
        remedy = f"make it anew with: make DESIGN={name}{f' BUILD={variant}' if variant else ''}"
        try:
            entries.append(_entry(path, read_record(path, Report, "report", remedy)))
        except ValueError as error:
            unread.append(str(error))
    return Index(entries=entries, unread=unread)


def write_index(folder: Path) -> Index:
    """Write ``index.html`` into ``folder``, from the reports below it."""
    found = index_of(folder)
    write_text(folder / INDEX, load_template(TEMPLATE).render(index=found, mismatches=MISMATCHES))
    return found


def _entry(path: Path, report: Report) -> Entry:
    headlines = []
    for figure in FIGURES:
        value = figure.value(report) if figure.name in HEADLINES else None
        if value is not None:
            headlines.append(Headline(name=figure.name, value=value, text=f"{value:,.{figure.digits}f}"))
    return Entry(
        design=report.design,
        build=path.parent.name,
        page=f"{path.parent.name}/report.html",
        spikes=f"{report.data.source} ({in_words(report.data.provenance)})",
        spec_hash=report.encoder.spec_hash,
        figures=headlines,
    )
