"""A picture of the worst, the typical and the best group of spikes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from flow.report.drawing.figures import BLUE, MUTED, frame_spikes, subplots, times_ms
from flow.report.groups import Grouped
from spikecae.design import Design
from spikecae.evaluation.result import OfGroup

__all__ = ["group_figure", "three_of"]

SPREAD = (10, 90)
"""Percentiles of the spikes that the band around a template reaches to."""


def three_of(found: Grouped) -> dict[str, OfGroup]:
    """The worst, the typical, which is the one in the middle, and the best; one alone where there are fewer."""
    groups = found.figures
    if len(groups) < 3:
        return dict(zip(("worst", "best"), groups, strict=False))
    return {"worst": groups[0], "typical": groups[len(groups) // 2], "best": groups[-1]}


def group_figure(design: Design, found: Grouped) -> Figure:
    """Templates, means over each group, as recorded and as decoded, each in the band that most spikes are in."""
    chosen = three_of(found)
    time_ms = times_ms(design)
    figure, axes = subplots(len(chosen), (9.6, 2.2 + 0.62 * found.original.shape[1]))
    largest = max(float(np.ptp(found.original[found.members[group.name]].mean(axis=0))) for group in chosen.values())
    for axis, (how, group) in zip(axes, chosen.items(), strict=True):
        rows = found.members[group.name]
        for part in range(found.original.shape[1]):
            offset = -part * 0.75 * largest
            _band(axis, time_ms, found.original[rows, part], offset, MUTED, 2.6, "recorded")
            _band(axis, time_ms, found.decoded[rows, part], offset, BLUE, 1.0, "decoded")
        axis.set_title(f"{how}: {group.name}, {group.events:,} events\n{group.sndr_global_db:.1f} dB")
    frame_spikes(figure, axes, time_ms, largest, design.recording.unit)
    return figure


def _band(
    axis: Axes,
    time_ms: NDArray[np.float64],
    spikes: NDArray[np.floating],
    offset: float,
    color: str,
    width: float,
    label: str,
) -> None:
    low, high = np.percentile(spikes, SPREAD, axis=0)
    axis.fill_between(time_ms, low + offset, high + offset, color=color, alpha=0.18, linewidth=0)
    axis.plot(time_ms, spikes.mean(axis=0) + offset, color=color, linewidth=width, label=label)
