"""What runs leave, and what an experiment leaves: one JSON file in ``experiments/results``."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from experiments.outcome import Outcome
from spikecae.files import write_text
from spikecae.opening.provenance import Provenance
from spikecae.records import read_record

__all__ = [
    "RESULTS",
    "ExperimentResult",
    "Origin",
    "Row",
    "Run",
    "Statistic",
    "load_result",
    "save_result",
    "statistic",
]

RESULTS = Path("experiments/results")


class Record(BaseModel):
    """Base of what is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Record):
    """What a result was made from. Hashes are SHA-256, in hex.

    ``code`` is :func:`experiments.origin.experiment_code`; ``data`` and ``specs`` are those of
    :class:`experiments.outcome.Outcome`; ``versions`` are of Python and its distributions. Other ``threads`` sum in
    another order, which rounds differently, and a training on few spikes then ends elsewhere.
    """

    code: str
    data: dict[str, str]
    specs: dict[str, str]
    versions: dict[str, str]
    threads: int
    made_on: date


class Run(Record):
    """One finished run, as it is kept until all are put together."""

    schema_version: Literal[2] = 2
    outcome: Outcome
    origin: Origin


class Statistic(Record):
    """Mean and sample deviation over runs; no deviation of a single run."""

    mean: float
    deviation: float | None
    runs: int


class Row(Record):
    """One configuration.

    ``metrics`` have their unit at the end of the name; ``paper`` holds what the paper reports under the same names.
    ``epochs`` and ``seeds`` are what really ran, absent where nothing was trained or drawn. ``parameters`` are those
    that it ran with, and ``origins`` what its runs were made from, each but once, at its latest date; rows that were
    made before these were kept have none.
    """

    labels: dict[str, str]
    provenance: Provenance
    epochs: list[int]
    seeds: list[int]
    metrics: dict[str, Statistic]
    paper: dict[str, float]
    parameters: dict[str, str | int | float] | None
    origins: list[Origin]


class ExperimentResult(Record):
    """All that ``python -m experiments NAME`` measured; ``wall_s`` is the sum over runs, on a machine that did other
    things too. ``left_out`` says which rows lack, and why."""

    schema_version: Literal[2] = 2
    name: str
    title: str
    left_out: list[str]
    rows: list[Row]
    wall_s: float
    repeat_with: str


def statistic(values: Sequence[float]) -> Statistic:
    """Mean and deviation of ``values``, one a run."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Statistic(mean=float(np.mean(values)), deviation=deviation, runs=len(values))


def save_result(result: ExperimentResult, folder: Path = RESULTS) -> Path:
    """Write ``folder/name.json``, replacing it when all is written."""
    path = folder / f"{result.name}.json"
    write_text(path, result.model_dump_json(indent=1) + "\n")
    return path


def load_result(path: Path) -> ExperimentResult:
    """Read a result.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a result of this schema.
    """
    return read_record(path, ExperimentResult, "result", f"make it with: make experiment NAME={path.stem}")
