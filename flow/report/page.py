"""The report as one self-contained HTML page."""

from pathlib import Path

from flow.report.drawing.figures import spike_figure, style, svg, themed
from flow.report.drawing.group_figure import group_figure
from flow.report.drawing.pictures import pictures, rate_note
from flow.report.drawing.placement_figure import placement_figure
from flow.report.groups import grouped
from flow.report.measure import Decoded
from flow.report.schema import Report
from flow.report.template import load_template
from flow.report.words import nanojoules
from spikecae.design import Design
from spikecae.opening.provenance import in_words
from synth.place.placement import Placement

__all__ = ["TEMPLATE", "write_page"]

TEMPLATE = Path(__file__).with_name("page.html")
GROUPS_SHOWN = 12
"""Of the table of groups, the worst ones; all are in ``report.json``."""


def write_page(
    design: Design, report: Report, decoded: Decoded, folder: Path, placement: Placement | None = None
) -> None:
    """Write ``report.html``, with its figures inside, and ``spikes.svg``, the first of them."""
    groups = grouped(design, decoded)
    with style():
        spikes, pairs = svg(spike_figure(design, decoded)), pictures(report, decoded)
        of_groups = svg(group_figure(design, groups)) if groups.figures else None
        placed = None if placement is None else svg(placement_figure(placement))
    text = load_template(TEMPLATE).render(
        r=report,
        spikes=themed(spikes),
        pairs=[(themed(picture), caption) for picture, caption in pairs],
        of_groups=None if of_groups is None else themed(of_groups),
        placed=None if placed is None else themed(placed),
        rates=rate_note(decoded),
        kind=design.block.kind,
        groups_shown=GROUPS_SHOWN,
        in_words=in_words,
        nanojoules=nanojoules,
        named=named,
    )
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "spikes.svg").write_text(spikes, encoding="utf-8")


def named(note: str) -> tuple[str, str]:
    """Name and text of an assumption: what stands before its first colon, and behind it."""
    name, _, text = note.partition(": ")
    return (name, text) if text else ("", name)
