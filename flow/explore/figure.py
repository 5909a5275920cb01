"""The trials as a picture: quality over rate, energy and area."""

from matplotlib.figure import Figure

from flow.explore.front import Exploration

__all__ = ["front_figure"]

MUTED, BLUE, ORANGE = "#9aa5b1", "#0b6bcb", "#d9480f"
AXES = {"bits_per_spike": "bits per spike", "nj_per_spike": "nJ per spike (estimated)", "area_mm2": "mm² (estimated)"}


def front_figure(found: Exploration) -> Figure:
    """All trials grey, those that none is better than blue with their numbers, the start orange."""
    drawn = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, (name, label) in zip(drawn.subplots(1, len(AXES), sharey=True), AXES.items(), strict=True):
        for point in found.trials:
            x, y = point.objectives[name], point.figures.sndr_db
            axes.plot(x, y, "o", ms=6 if point.best else 4, color=BLUE if point.best else MUTED, zorder=2 + point.best)
            if point.best:
                axes.annotate(str(point.number), (x, y), (3, 4), textcoords="offset points", fontsize=7)
        if found.start is not None:
            start = found.start
            axes.plot(start.objectives[name], start.figures.sndr_db, "*", ms=11, color=ORANGE, zorder=4)
        axes.set_xlabel(label)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.tick_params(axis="x", which="both", labelsize=7)
    drawn.axes[0].set_ylabel("SNDR, dB")
    return drawn
