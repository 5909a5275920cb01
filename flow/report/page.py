"""The report as one self-contained HTML page."""

from pathlib import Path

from flow.report.figures import spike_figure, style, svg
from flow.report.measure import Decoded
from flow.report.pictures import pictures, rate_note
from flow.report.placement_figure import placement_figure
from flow.report.schema import Report
from flow.report.template import load_template
from flow.report.words import nanojoules
from spikecae.design import Design
from spikecae.opening.provenance import in_words
from synth.place.placement import Placement

__all__ = ["TEMPLATE", "write_page"]

TEMPLATE = Path(__file__).with_name("page.html")


def write_page(
    design: Design, report: Report, decoded: Decoded, folder: Path, placement: Placement | None = None
) -> None:
    """Write ``report.html``, with its figures inside, and ``spikes.svg``, the first of them."""
    with style():
        spikes, pairs = svg(spike_figure(design, decoded)), pictures(report, decoded)
        placed = None if placement is None else svg(placement_figure(placement))
    text = load_template(TEMPLATE).render(
        r=report,
        spikes=spikes,
        pairs=pairs,
        placed=placed,
        rates=rate_note(decoded),
        kind=design.block.kind,
        in_words=in_words,
        nanojoules=nanojoules,
    )
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "spikes.svg").write_text(spikes, encoding="utf-8")
