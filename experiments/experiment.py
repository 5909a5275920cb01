"""What an experiment file declares: configurations, how one of them runs, a figure, and what is to be said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from experiments.findings import Findings
from experiments.outcome import Outcome, Parameters
from experiments.result import ExperimentResult

__all__ = ["TOOLS", "Configuration", "Experiment", "Remark"]

Remark = str | Callable[[Findings], str]
"""A paragraph; where it has numbers that were measured, a function that finds them in the rows."""

TOOLS = ("numpy", "scipy", "scikit-learn", "spikeinterface", "torch")
"""What any experiment calculates with."""


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


@dataclass(frozen=True)
class Experiment:
    """An entry of :mod:`experiments.catalogue`; ``run`` must be a function of a module, so that processes find it.

    ``designs`` are those that it starts from, by name; ``tools`` the distributions whose version is kept with a result.
    """

    name: str
    title: str
    configurations: Callable[[], list[Configuration]]
    run: Callable[[Parameters, int], Outcome]
    designs: tuple[str, ...] = ()
    figure: Callable[[ExperimentResult], Figure] | None = None
    remarks: tuple[Remark, ...] = ()
    tools: tuple[str, ...] = TOOLS
