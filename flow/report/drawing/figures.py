"""The report's figures, each as SVG."""

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from flow.report.measure import Decoded
from flow.report.ranges import Range
from flow.report.schema import Baseline, Coder, Layer, LevelCoder
from flow.report.sent import SentLevels
from spikecae.design import Design
from spikecae.widths import integer_range

__all__ = [
    "BLUE",
    "INK",
    "MUTED",
    "bits_figure",
    "codeword_figure",
    "frame_spikes",
    "layer_figure",
    "level_figure",
    "range_figure",
    "rate_figure",
    "sndr_figure",
    "spike_figure",
    "style",
    "subplots",
    "svg",
    "themed",
    "times_ms",
]

INK, MUTED, BLUE, ORANGE = "#1f2933", "#9aa5b1", "#0b6bcb", "#d9480f"
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "spikecae",
}
THEMED = {INK: "--ink", BLUE: "--blue", ORANGE: "--orange", "#ffffff": None}
"""Colors that a page has another one for in the dark, by its name there; None: what lies behind shows."""
MANY = 1 << 30
LEVELS = {(1, 1): "#b3d4f5", (2, 3): "#5a9fe0", (4, MANY): "#1660b0"}
"""Sizes of levels that are shown together, and their color."""
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Blocks are shown at these places of the SNDR's distribution, so that neither good nor bad ones are picked out."""


def spike_figure(design: Design, decoded: Decoded) -> Figure:
    """Blocks as recorded and as decoded, from a poor one to a good one."""
    heard = np.flatnonzero(np.isfinite(decoded.sndr_db).any(axis=1))
    by_block = {int(block): float(np.nanmean(decoded.sndr_db[block])) for block in heard}
    order = sorted(by_block, key=by_block.__getitem__)
    chosen = [order[round(q * (len(order) - 1))] for q in QUANTILES]
    time_ms = times_ms(design)
    peak = max(float(np.ptp(decoded.original[block], axis=1).max()) for block in chosen)
    figure, axes = subplots(len(chosen), (9.6, 0.9 + 0.62 * max(3, design.block.spikes)))
    for axis, quantile, block in zip(axes, QUANTILES, chosen, strict=True):
        for spike in range(design.block.spikes):
            offset = -spike * 0.75 * peak
            axis.plot(time_ms, decoded.original[block, spike] + offset, color=MUTED, linewidth=2.6, label="recorded")
            axis.plot(time_ms, decoded.decoded[block, spike] + offset, color=BLUE, linewidth=1.0, label="decoded")
        axis.set_title(f"{_percentile(quantile)}\n{by_block[block]:.1f} dB")
    frame_spikes(figure, axes, time_ms, peak, design.recording.unit)
    return figure


def rate_figure(
    coder: Coder | LevelCoder,
    widths: str,
    exact: Coder | LevelCoder,
    baseline: Baseline,
    further: Sequence[LevelCoder] = (),
) -> Figure:
    """Quality against rate: the encoder, float and in integers of ``widths``, with its further operating points, beside
    the frontier of PCA with entropy coding."""
    figure, (axis,) = subplots(1, (4.7, 3.2))
    if baseline.curve_bits_per_spike:
        axis.plot(baseline.curve_bits_per_spike, baseline.curve_sndr_mean_db, color=ORANGE, label="PCA, entropy coded")
    axis.plot(exact.bits_per_spike, exact.sndr_mean_db, "o", color=MUTED, markersize=9, label="this encoder, float")
    axis.plot(coder.bits_per_spike, coder.sndr_mean_db, "o", color=BLUE, markersize=5, label=f"this encoder, {widths}")
    if further:
        bits, quality = [p.bits_per_spike for p in further], [p.sndr_mean_db for p in further]
        axis.plot(bits, quality, "D", color=BLUE, markersize=4, label="its further points")
    if baseline.sndr_mean_db is not None and baseline.gap_db is not None:
        axis.annotate(
            f"{baseline.gap_db:+.1f} dB",
            (coder.bits_per_spike, (coder.sndr_mean_db + baseline.sndr_mean_db) / 2),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
        axis.plot(2 * [coder.bits_per_spike], [coder.sndr_mean_db, baseline.sndr_mean_db], ":", color=INK, linewidth=1)
    axis.set_xlim(0, 3 * coder.bits_per_spike)
    within = [
        db
        for bits, db in zip(baseline.curve_bits_per_spike, baseline.curve_sndr_mean_db, strict=True)
        if bits <= 3 * coder.bits_per_spike
    ]
    axis.set_ylim(0, 1.1 * max([1.0, *within, coder.sndr_mean_db, exact.sndr_mean_db]))
    axis.set_xlabel("bits per spike")
    axis.set_ylabel("SNDR, dB, mean over spikes")
    axis.legend(loc="lower right")
    return figure


def codeword_figure(counts: NDArray[np.int64], noun: str = "codewords") -> Figure:
    """How often each codeword, or whatever the ``noun`` says, is sent, in order of frequency."""
    figure, (axis,) = subplots(1, (4.7, 3.2))
    share = np.sort(counts)[::-1] / max(1, counts.sum()) * 100
    axis.bar(np.arange(len(share)) + 0.5, share, width=1.0 if len(share) > 64 else 0.8, color=BLUE)
    axis.axhline(100 / len(share), color=ORANGE, linewidth=1, linestyle="--")
    axis.annotate(
        "if all were equally frequent",
        (len(share), 100 / len(share)),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        color=ORANGE,
    )
    axis.set_xlim(0, len(share))
    axis.set_xlabel(f"{len(counts)} {noun}, most frequent first")
    axis.set_ylabel("% of indices sent")
    return figure


def bits_figure(bits: NDArray[np.int64], spikes: int) -> Figure:
    """How the bits of blocks of so many ``spikes`` are spread, a spike's share of each."""
    figure, (axis,) = subplots(1, (4.7, 3.2))
    shares = bits / spikes
    axis.hist(shares, bins=50, color=BLUE)
    highest = axis.get_ylim()[1]
    axis.set_ylim(0, 1.12 * highest)
    mean = float(shares.mean())
    axis.axvline(mean, color=ORANGE, linewidth=1, linestyle="--")
    above = (mean, 1.03 * highest)
    axis.annotate(f"mean {mean:.1f}", above, xytext=(4, 0), textcoords="offset points", color=ORANGE)
    axis.set_xlabel("bits per spike" if spikes == 1 else f"bits per spike, mean of a block of {spikes}")
    axis.set_ylabel(f"blocks, of {len(bits)}")
    return figure


def level_figure(sent: SentLevels) -> Figure:
    """How large the levels of each latent are, and how often they escape."""
    figure, (axis,) = subplots(1, (4.7, 3.2))
    sizes = np.abs(sent.levels).transpose(1, 0, 2).reshape(sent.levels.shape[1], -1)
    latents, below = np.arange(len(sizes)), np.zeros(len(sizes))
    for (least, most), color in LEVELS.items():
        share = ((sizes >= least) & (sizes <= most)).mean(axis=1) * 100
        label = f"±{least}" if least == most else f"±{least} to {most}" if most < MANY else f"±{least} and more"
        axis.bar(latents, share, width=0.9, bottom=below, color=color, label=label)
        below += share
    escaped = sent.escaped.transpose(1, 0, 2).reshape(len(sizes), -1).mean(axis=1) * 100
    axis.plot(latents, escaped, "o", color=ORANGE, markersize=4, label="escapes")
    axis.set_xlabel("latent")
    axis.set_ylabel("% of its levels that are not 0")
    axis.legend(loc="upper right")
    return figure


def sndr_figure(sndr_db: NDArray[np.float64]) -> Figure:
    """How the quality of single spikes is spread; silent ones, NaN, have none."""
    sndr_db = sndr_db[np.isfinite(sndr_db)]
    figure, (axis,) = subplots(1, (4.7, 3.2))
    axis.hist(sndr_db, bins=50, color=BLUE)
    highest = axis.get_ylim()[1]
    axis.set_ylim(0, 1.12 * highest)
    mean = float(sndr_db.mean())
    axis.axvline(mean, color=ORANGE, linewidth=1, linestyle="--")
    above = (mean, 1.03 * highest)  # where no bar reaches
    axis.annotate(f"mean {mean:.1f} dB", above, xytext=(4, 0), textcoords="offset points", color=ORANGE)
    axis.set_xlabel("SNDR of a spike, dB")
    axis.set_ylabel(f"spikes, of {sndr_db.size}")
    return figure


def layer_figure(layers: Sequence[Layer]) -> Figure:
    """What rounding costs at every place of the network."""
    figure, (axis,) = subplots(1, (4.7, 3.2))
    places = np.arange(len(layers))
    axis.barh(places, [layer.sqnr_db for layer in layers], height=0.7, color=MUTED, label="this place's rounding alone")
    axis.plot([layer.accumulated_sqnr_db for layer in layers], places, "o-", color=BLUE, label="with all before it")
    axis.set_yticks(places, [layer.name for layer in layers])
    axis.invert_yaxis()
    axis.set_xlabel("signal to rounding noise, dB")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def range_figure(ranges: Sequence[Range]) -> Figure:
    """Of the integers that each place can hold, those between the smallest and the largest that came."""
    figure, (axis,) = subplots(1, (4.7, max(1.6, 0.8 + 0.24 * len(ranges))))
    places = np.arange(len(ranges))
    limits = [integer_range(place.bits, signed=place.signed) for place in ranges]
    for at, place, (low, high) in zip(places, ranges, limits, strict=True):
        axis.barh(at, 100 * (high - low) / high, left=100 * low / high, height=0.7, color=MUTED, alpha=0.35)
        span = place.maximum - place.minimum
        axis.barh(at, 100 * span / high, left=100 * place.minimum / high, height=0.7, color=BLUE)
    axis.set_yticks(places, [f"{place.name}, {place.bits} bit" for place in ranges])
    axis.invert_yaxis()
    axis.set_xlabel("% of the largest integer")
    return figure


def style() -> AbstractContextManager[None]:
    """The look of all figures; make and save them inside."""
    return mpl.rc_context(STYLE)


def svg(figure: Figure) -> str:
    """A figure as an SVG element, the same for the same figure."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def themed(picture: str) -> str:
    """An SVG element in the colors of the page that it stands in, light or dark."""
    for color, name in THEMED.items():
        picture = picture.replace(color, "none" if name is None else f"var({name})")
    return picture


def subplots(columns: int, inches: tuple[float, float]) -> tuple[Figure, Sequence[Axes]]:
    """A figure of so many plots side by side, of one height."""
    figure = Figure(figsize=inches, layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False, sharey=True).ravel())


def _percentile(quantile: float) -> str:
    return "median block" if quantile == 0.5 else f"{round(quantile * 100)}th percentile"


def times_ms(design: Design) -> NDArray[np.float64]:
    """(D,) of a snippet's samples, from its peak on."""
    return (np.arange(design.block.samples) - design.recording.peak) / design.recording.sampling_rate_hz * 1e3


def frame_spikes(figure: Figure, axes: Sequence[Axes], time_ms: NDArray[np.float64], peak: float, unit: str) -> None:
    """What stands around spikes: time below, a bar of a round length at the first axes' left, and a legend."""
    for axis in axes:
        axis.set_xlabel("ms")
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
    _scale_bar(axes[0], time_ms, peak, unit)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2)


def _scale_bar(axis: Axes, time_ms: NDArray[np.float64], peak: float, unit: str) -> None:
    """A vertical bar of a round length at the left."""
    length = 10.0 ** np.floor(np.log10(peak))
    length *= 5 if peak / length > 5 else 2 if peak / length > 2 else 1
    left = float(time_ms[0]) - 0.12 * float(np.ptp(time_ms))
    axis.plot([left, left], [-length / 2, length / 2], color=INK, linewidth=1.5)
    text = f"{length:g} {'µV' if unit == 'uV' else '' if unit == '1' else unit}".strip()
    axis.annotate(text, (left, 0), xytext=(-3, 0), textcoords="offset points", rotation=90, ha="right", va="center")
