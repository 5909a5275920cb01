"""The report as one self-contained HTML page."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flow.report.figures import codeword_figure, layer_figure, rate_figure, sndr_figure, spike_figure, style, svg
from flow.report.measure import Decoded
from flow.report.schema import Report
from model.provenance import in_words
from spikecae.design import Design

__all__ = ["TEMPLATE", "write_page"]

TEMPLATE = Path(__file__).with_name("page.html")


def write_page(design: Design, report: Report, decoded: Decoded, folder: Path) -> None:
    """Write ``report.html``, with its figures inside, and ``spikes.svg``, the first of them."""
    with style():
        figures = {
            "spikes": svg(spike_figure(design, decoded)),
            "rate": svg(rate_figure(report.fixed_point, report.widths, report.float_model, report.baseline)),
            "sndr": svg(sndr_figure(decoded.sndr_db)),
            "codewords": svg(codeword_figure(decoded.counts)),
            "layers": svg(layer_figure(report.layers)),
        }
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(TEMPLATE.name).render(
        r=report, figures=figures, kind=design.block.kind, shown=len(decoded.sndr_db), in_words=in_words
    )
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "spikes.svg").write_text(figures["spikes"], encoding="utf-8")
