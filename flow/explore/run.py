"""A search around a design, and a trial of it as a design file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flow.drafting.design_file import design_text
from flow.explore.cluster import dask_client
from flow.explore.figure import front_figure
from flow.explore.front import Exploration, Question, load_exploration, page_of
from flow.explore.interrupts import kept_interrupts
from flow.explore.study import Search, exploration, explored, open_study
from flow.layout import Layout
from flow.report.drawing.figures import style, svg, themed
from flow.stages.dataset_file import load_dataset_file
from spikecae.design import Design
from spikecae.files import write_text

__all__ = ["FRONT", "adopt", "adopting", "explore"]

FRONT, PAGE, FIGURE = "front.json", "front.html", "front.svg"


def adopting(layout: Layout) -> str:
    """The command that makes a design file of a trial, for messages."""
    name = layout.name if layout.toml.parent.name == "designs" else str(layout.toml)
    return f"python -m flow adopt TRIAL --design {name} --name NAME"


def explore(
    layout: Layout,
    question: Question,
    families: tuple[str, ...],
    trials: int,
    epochs: int,
    scheduler: str | None,
    processes: int,
    tell: Callable[[str], None],
) -> Exploration:
    """Search around a design on the spikes that its build folder holds; leave ``front.json``, a page and a picture.

    Args:
        layout: the design's.
        question: what the chip is for.
        families: kinds of encoders that may be chosen.
        trials: that went well, those of an earlier search for the same included.
        epochs: of networks.
        scheduler: address of a Dask scheduler; None for workers of this machine.
        processes: so many of these.
        tell: gets a line after each trial.

    Raises:
        ValueError: the design itself cannot be trained, quantized or emitted.
        ModuleNotFoundError: Optuna or Dask is not installed.
    """
    spikes = load_dataset_file(layout.data)
    search = Search(layout.design, layout.data, spikes.sha256, spikes.source, question, families, epochs)
    study = open_study(search, layout.explore)

    def keep(found: Exploration) -> None:
        write_text(layout.explore / FRONT, found.model_dump_json(indent=1) + "\n")
        with style():
            figure = svg(front_figure(found))
        write_text(layout.explore / FIGURE, figure)
        write_text(layout.explore / PAGE, page_of(found, themed(figure), adopting(layout)))
        tell(f"{len(found.trials)} of {trials} trials, {len(found.front)} that none is better than")

    if len(exploration(search, study).trials) < trials:
        with kept_interrupts() as check, dask_client(scheduler, processes) as client:
            return explored(search, study, client, trials, keep, check)
    found = exploration(search, study)
    keep(found)
    return found


def adopt(layout: Layout, number: int, path: Path) -> Design:
    """Write the design of a trial to ``path``, with what the search found of it, and each choice beside the start's.

    Raises:
        FileNotFoundError: nothing was explored.
        ValueError: there is no such trial.
    """
    remedy = f"make it with: {layout.make('explore')}"
    found = load_exploration(layout.explore / FRONT, remedy)
    point = next((point for point in found.trials if point.number == number), None)
    if point is None:
        known = ", ".join(str(point.number) for point in found.front)
        raise ValueError(f"no trial {number} around {found.base}; those that none is better than are {known}")
    content: dict[str, Any] = {**point.design, "name": path.stem}
    design = Design.model_validate(content)
    figures = point.figures
    heading = (
        f"Trial {number} around {found.base} on {found.data}: {figures.sndr_db:.2f} dB at {figures.bits_per_spike:.1f} "
        f"bits a spike on validation spikes after a short training; {figures.nj_per_spike:.2f} nJ a spike and "
        f"{figures.area_mm2:.2f} mm² estimated."
    )
    write_text(path, design_text(design, heading, _differences(layout.design, design)))
    return design


def _differences(base: Design, design: Design) -> dict[str, str]:
    """What each key that was chosen otherwise is in the design that the search began with."""
    reasons = {}
    before, after = base.model_dump(), design.model_dump()
    for section, values in after.items():
        for key, value in values.items() if isinstance(values, dict) else ():
            was = (before[section] or {}).get(key)
            if was is not None and was != value:
                reasons[f"{section}.{key}"] = f"{base.name} has {was}."
    return reasons
