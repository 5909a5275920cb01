"""Which pictures the page has beside that of the spikes, each with what is said below it."""

from functools import singledispatch

from flow.report.drawing.figures import (
    bits_figure,
    codeword_figure,
    layer_figure,
    level_figure,
    range_figure,
    rate_figure,
    sndr_figure,
    svg,
)
from flow.report.measure import Decoded
from flow.report.schema import Report
from flow.report.sent import SentCodewords, SentLevels

__all__ = ["pictures", "rate_note"]

NETWORK_RATES = (
    "cr_entropy: the paper's M·D·16 bit over N·H bit. cr_huffman: with the code that is built in.",
    "Both rates are cross-entropies under codes fitted on the training split.",
)
LINEAR_RATES = (
    "bits/spike, and cr_huffman, 16 bit a sample over them: with the code that is built in, escapes included.",
    "PCA's rate is that of an ideal code, this encoder's that of its Huffman code, escapes included; both were fitted "
    "on the training split.",
)


def pictures(report: Report, decoded: Decoded) -> list[tuple[str, str]]:
    """SVG and caption of each; made under the report's style."""
    rate = svg(
        rate_figure(report.fixed_point, report.widths, report.float_model, report.baseline, report.further_points)
    )
    shown = f"{decoded.sndr_db.size:,} test spikes, evenly spaced in time, {report.widths}"
    return [
        (
            rate,
            "The frontier of PCA, a uniform scalar quantizer and ideal order-0 entropy coding, and this encoder. "
            f"{_rates(decoded.sent)[1]} PCA at equal bits: {report.baseline}.",
        ),
        (svg(sndr_figure(decoded.sndr_db)), f"Spread of quality over {shown}."),
        *pictures_of_sent(decoded.sent, report),
        (
            svg(range_figure(report.ranges)),
            "Integers at each place of the encoder: grey what its width holds, blue what these spikes need. At a "
            f"limit of its width: {_at_limits(report)}.",
        ),
    ]


def _at_limits(report: Report) -> str:
    """Where values are at the limits of a width, and how often."""
    found = [f"{place.name} {100 * place.at_limits:.2g} %" for place in report.ranges if place.at_limits > 0]
    return ", ".join(found) or "no value"


def rate_note(decoded: Decoded) -> str:
    """What the rates in the table are."""
    return _rates(decoded.sent)[0]


@singledispatch
def pictures_of_sent(sent: object, report: Report) -> list[tuple[str, str]]:
    """Those of what was sent.

    Raises:
        TypeError: nothing here knows this kind.
    """
    raise TypeError(f"there is no picture of a {type(sent).__name__}")


@pictures_of_sent.register
def _(sent: SentCodewords, report: Report) -> list[tuple[str, str]]:
    return [
        (svg(codeword_figure(sent.counts)), "Use of the codebook by these spikes."),
        (svg(layer_figure(report.layers)), "What 8 bits cost at every place of the network."),
    ]


@pictures_of_sent.register
def _(sent: SentLevels, report: Report) -> list[tuple[str, str]]:
    found = [
        (svg(bits_figure(sent.bits, report.encoder.spikes_per_block)), "Bits that these spikes take."),
        (
            svg(level_figure(sent)),
            "Levels of these spikes, latent by latent. Escapes: the group lies outside of its table, and its levels "
            "are sent as numbers.",
        ),
    ]
    if sent.classes.size:
        found.append((svg(codeword_figure(sent.classes, "classes")), "Use of the classes by these spikes."))
    return found


@singledispatch
def _rates(sent: object) -> tuple[str, str]:
    """On the rates of the table, and on those of the figure."""
    return NETWORK_RATES


@_rates.register
def _(sent: SentLevels) -> tuple[str, str]:
    return LINEAR_RATES
