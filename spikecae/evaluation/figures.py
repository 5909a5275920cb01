"""The plots of an evaluation."""

import numpy as np
from numpy.typing import NDArray

from spikecae.evaluation.plot import Plot
from spikecae.evaluation.result import Evaluation
from spikecae.evaluation.shown import QUANTILES, Shown

__all__ = ["amplitude_plot", "rate_plot", "sndr_plot", "spike_plots"]

BINS = 50


def sndr_plot(shown: Shown) -> str:
    """How SNDR is distributed over spikes, that of PCA beside."""
    both = np.concatenate([shown.decibels, shown.pca_decibels])
    low, high = np.percentile(both, [0.2, 99.8])
    edges = np.linspace(min(0.0, np.floor(low)), np.ceil(high) + 1, BINS + 1)
    ours, theirs = _shares(shown.decibels, edges), _shares(shown.pca_decibels, edges)
    top = 1.1 * max(ours.max(), theirs.max(initial=0.0))
    plot = Plot((edges[0], edges[-1]), (0, top), ("SNDR of a spike, dB", "% of spikes"), "histogram of SNDR")
    if len(shown.pca_decibels):
        plot.steps(edges.tolist(), theirs.tolist(), "other")
    plot.steps(edges.tolist(), ours.tolist(), "own")
    plot.upright(float(np.percentile(shown.decibels, 5)), "mark")
    return plot.svg()


def rate_plot(told: Evaluation) -> str:
    """Quality against rate: the encoder on PCA's curve."""
    curve = sorted(told.pca_curve, key=lambda point: point.bits_per_spike)
    most = 2.5 * told.later_half.bits_per_spike
    within = [point for point in curve if point.bits_per_spike <= most]
    top = 1.15 * max([told.later_half.sndr_mean_db, 5.0, *(point.sndr_mean_db for point in within)])
    plot = Plot((0, most), (0, top), ("bits per spike", "mean SNDR, dB"), "quality against rate")
    plot.line([point.bits_per_spike for point in within], [max(0.0, point.sndr_mean_db) for point in within], "other")
    plot.dot(told.later_half.bits_per_spike, told.later_half.sndr_mean_db, "own")
    if told.pca is not None:
        plot.dot(told.pca.bits_per_spike, told.pca.sndr_mean_db, "other")
    return plot.svg()


def amplitude_plot(shown: Shown) -> str:
    """How peaks are off."""
    errors = shown.amplitude_errors
    reach = max(5.0, float(np.ceil(np.percentile(np.abs(errors), 99))))
    edges = np.linspace(-reach, reach, BINS + 1)
    shares = _shares(errors, edges)
    labels = "error of a peak's amplitude, %", "% of events"
    plot = Plot((-reach, reach), (0, 1.1 * shares.max()), labels, "histogram of amplitude errors")
    plot.steps(edges.tolist(), shares.tolist(), "own")
    plot.upright(0.0, "mark")
    return plot.svg()


def spike_plots(shown: Shown, unit: str) -> list[str]:
    """Blocks as recorded and as decoded, from a poor one to a good one, each on a scale of its own."""
    plots = []
    for quantile, original, decoded, decibels in zip(
        QUANTILES, shown.original, shown.decoded, shown.of_blocks, strict=True
    ):
        spikes, samples = original.shape
        height = float(np.ptp(original, axis=1).max())
        reach = 0.75 * height
        low = min(float(part.min()) - at * reach for at, part in enumerate(original)) - 0.05 * reach
        high = max(float(part.max()) - at * reach for at, part in enumerate(original)) + 0.05 * reach
        size = 190, 60 + 70 * spikes
        plot = Plot((0, samples - 1), (low, high), ("", ""), f"block at {decibels:.1f} dB", size, bare=True)
        time = np.arange(samples).tolist()
        for at in range(spikes):
            plot.line(time, (original[at] - at * reach).tolist(), "was")
            plot.line(time, (decoded[at] - at * reach).tolist(), "own")
        plot.text(95, 14, f"{100 * quantile:g} % are worse")
        plot.text(95, size[1] - 8, f"{decibels:.1f} dB, {height:.3g} {unit}")
        plots.append(plot.svg())
    return plots


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percent in each bin; what lies beyond the edges is in the last ones."""
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    return 100 * counts / max(1, len(values))
