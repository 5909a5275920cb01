"""Runs an experiment's configurations, in this process, over processes, or over a Dask cluster.

Each run leaves ``build/experiments/runs/NAME/KEY.json``; what is there is not run again, so a killed experiment
resumes where it stopped (and a training inside it at its last saved state).
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch

from experiments.experiment import Configuration, Experiment, Outcome, Parameters
from experiments.result import ExperimentResult, Row, statistic
from experiments.sources import MissingData
from experiments.training import BUILD
from model.device import thread_count
from spikecae.cores import usable_cores
from spikecae.files import write_text

__all__ = ["run_experiment"]

Task = tuple[Configuration, int]


def run_experiment(
    experiment: Experiment,
    processes: int = 1,
    scheduler: str | None = None,
    collect: bool = False,
    build: Path = BUILD,
    tell: Callable[[str], None] = lambda _: None,
) -> ExperimentResult:
    """Run what has not run yet, and put the runs together.

    A configuration whose data is missing is left out; the remarks say which and why.

    Args:
        experiment: what to run.
        processes: workers on this machine; 1 runs here.
        scheduler: address of a Dask scheduler, whose workers share this folder and its ``build``.
        collect: run nothing; put together the runs that there are.
        build: where runs are kept.
        tell: gets a line for each finished run.

    Raises:
        MissingData: no configuration could run.
        ModuleNotFoundError: a scheduler is given, and Dask is not installed.
    """
    configurations = experiment.configurations()
    folder = build / "runs" / experiment.name
    tasks = [(item, seed) for item in configurations for seed in item.seeds]
    missing: dict[str, str] = {}
    pending = [task for task in tasks if not collect and not _path(folder, experiment, *task).is_file()]
    for (item, seed), outcome in _outcomes(experiment, pending, processes, scheduler):
        name = " ".join([*item.labels.values(), f"seed {seed}"])
        if isinstance(outcome, MissingData):
            missing[" ".join(item.labels.values())] = str(outcome)
            continue
        write_text(_path(folder, experiment, item, seed), outcome.model_dump_json() + "\n")
        tell(f"{experiment.name}: {name} ({outcome.wall_s:.0f} s)")
    rows, wall = [], 0.0
    for item in configurations:
        paths = {seed: _path(folder, experiment, item, seed) for seed in item.seeds}
        done = {s: Outcome.model_validate_json(p.read_text(encoding="utf-8")) for s, p in paths.items() if p.is_file()}
        if done:
            rows.append(_row(item, done))
            wall += sum(outcome.wall_s for outcome in done.values())
    if not rows:
        why = next(iter(missing.values()), "no run is finished")
        raise MissingData(f"{experiment.name}: nothing to put together: {why}")
    left_out = [f"Left out: {name} ({why})." for name, why in missing.items()]
    finished = [row.labels for row in rows]
    for item in configurations:
        name = " ".join(item.labels.values())
        if dict(item.labels) not in finished and name not in missing:
            left_out.append(f"Not run yet: {name}.")
    return ExperimentResult(
        name=experiment.name,
        title=experiment.title,
        remarks=[*experiment.remarks, *left_out],
        rows=rows,
        wall_s=round(wall, 1),
        repeat_with=f"make experiment NAME={experiment.name}",
    )


def _row(item: Configuration, done: dict[int, Outcome]) -> Row:
    outcomes = list(done.values())
    return Row(
        labels=dict(item.labels),
        provenance=outcomes[0].provenance,
        epochs=sorted({outcome.epochs for outcome in outcomes} - {0}),
        seeds=[seed for seed, outcome in done.items() if outcome.seeded],
        metrics={name: statistic([outcome.metrics[name] for outcome in outcomes]) for name in outcomes[0].metrics},
        paper=dict(item.paper),
    )


def _path(folder: Path, experiment: Experiment, item: Configuration, seed: int) -> Path:
    parts = {"version": experiment.version, "parameters": dict(item.parameters), "seed": seed}
    return folder / f"{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]}.json"


def _outcomes(
    experiment: Experiment, tasks: Sequence[Task], processes: int, scheduler: str | None
) -> Iterator[tuple[Task, Outcome | MissingData]]:
    """Outcomes as they come in."""
    if scheduler is not None:
        try:
            from dask.distributed import Client
            from dask.distributed import as_completed as dask_completed
        except ModuleNotFoundError:
            raise ModuleNotFoundError("no Dask to reach a scheduler with; pip install distributed") from None

        with Client(scheduler) as client:
            submitted = {
                client.submit(_run, experiment.run, dict(item.parameters), seed, pure=False): (item, seed)
                for item, seed in tasks
            }
            for future in dask_completed(submitted):
                yield submitted[future], future.result()
    elif processes == 1:
        for item, seed in tasks:
            yield (item, seed), _run(experiment.run, dict(item.parameters), seed)
    else:
        threads = max(1, usable_cores() // processes)
        with ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=_limit_threads, initargs=(threads,)
        ) as pool:
            futures: dict[Future[Outcome | MissingData], Task] = {
                pool.submit(_run, experiment.run, dict(item.parameters), seed): (item, seed) for item, seed in tasks
            }
            for future in as_completed(futures):
                yield futures[future], future.result()


def _limit_threads(threads: int) -> None:
    """Each worker has its part of the cores: more threads than cores wait for each other in loops that take the cores.

    ``OMP_NUM_THREADS`` goes before.
    """
    if not os.environ.get("OMP_NUM_THREADS"):
        os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(thread_count())


def _run(run: Callable[[Parameters, int], Outcome], parameters: Parameters, seed: int) -> Outcome | MissingData:
    started = time.monotonic()
    try:
        outcome = run(parameters, seed)
    except MissingData as missing:
        return missing
    return outcome.model_copy(update={"wall_s": round(outcome.wall_s or time.monotonic() - started, 2)})
