"""What an experiment file declares: configurations, how one of them runs, and a figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from experiments.result import ExperimentResult
from model.provenance import Provenance

__all__ = ["Configuration", "Experiment", "Outcome", "Parameters"]

Parameters = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Configuration:
    """One row of the result: its runs differ in the seed only.

    ``labels`` name the row; ``parameters`` (JSON values) go to the experiment's ``run`` with each of ``seeds``;
    ``paper`` is what the paper reports, by the names of the metrics.
    """

    labels: Mapping[str, str]
    parameters: Parameters
    seeds: tuple[int, ...] = (0,)
    paper: Mapping[str, float] = field(default_factory=dict)


class Outcome(BaseModel):
    """What one run measured. ``epochs`` trained, 0 where nothing is trained; ``seeded`` where the seed matters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    metrics: dict[str, float]
    provenance: Provenance
    epochs: int = 0
    seeded: bool = False
    wall_s: float = 0.0


@dataclass(frozen=True)
class Experiment:
    """An entry of :mod:`experiments.catalogue`; ``run`` must be a function of a module, so that processes find it.

    ``version`` is raised whenever ``run`` computes something else than before; older runs are then made anew.
    """

    name: str
    title: str
    configurations: Callable[[], list[Configuration]]
    run: Callable[[Parameters, int], Outcome]
    figure: Callable[[ExperimentResult], Figure] | None = None
    remarks: tuple[str, ...] = ()
    version: int = 1
