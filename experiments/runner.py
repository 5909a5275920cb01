"""Runs an experiment's configurations, in this process, over processes, or over a Dask cluster.

Each run leaves ``build/experiments/runs/NAME/KEY.json``; what is there is not run again as long as its code stays the
same, so a killed experiment resumes where it stopped (and a training inside it at its last saved state).
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import torch

from experiments.experiment import Configuration, Experiment
from experiments.origin import experiment_code, versions
from experiments.outcome import Outcome, Parameters
from experiments.result import ExperimentResult, Origin, Row, Run, statistic
from experiments.sources import MissingData
from experiments.training import BUILD
from flow.explore.cluster import dask_client
from flow.fingerprint import hash_json
from model.device import thread_count
from spikecae.cores import usable_cores
from spikecae.files import write_text
from spikecae.records import read_record

__all__ = ["run_experiment"]

Task = tuple[Configuration, int]


def run_experiment(
    experiment: Experiment,
    processes: int = 1,
    scheduler: str | None = None,
    collect: bool = False,
    stored: ExperimentResult | None = None,
    build: Path = BUILD,
    tell: Callable[[str], None] = lambda _: None,
) -> ExperimentResult:
    """Run what has not run yet, or has run with other code, and put the runs together with what is stored.

    A configuration whose data is missing is left out, unless it ran before; the result says which and why. Of a row
    that is stored and has runs here too, that with more seeds is taken, then that of this code, then that of a later
    day, then that which ran here.

    Args:
        experiment: what to run.
        processes: workers on this machine; 1 runs here.
        scheduler: address of a Dask scheduler, whose workers share this folder and its ``build``.
        collect: run nothing; put together the runs that there are, whatever code made them.
        stored: what was put together before.
        build: where runs are kept.
        tell: gets a line for each finished run.

    Raises:
        MissingData: no configuration could run.
        ModuleNotFoundError: a scheduler is given, and Dask is not installed.
    """
    configurations = experiment.configurations()
    folder = build / "runs" / experiment.name
    code = experiment_code(experiment)
    tasks = [(item, seed) for item in configurations for seed in item.seeds]
    missing: dict[str, str] = {}
    pending = [task for task in tasks if not collect and not _is_current(_path(folder, *task), code)]
    for (item, seed), run in _runs(experiment, code, pending, processes, scheduler):
        name = " ".join([*item.labels.values(), f"seed {seed}"])
        if isinstance(run, MissingData):
            missing[" ".join(item.labels.values())] = str(run)
            continue
        write_text(_path(folder, item, seed), run.model_dump_json() + "\n")
        tell(f"{experiment.name}: {name} ({run.outcome.wall_s:.0f} s)")
    rows, left_out, wall = [], [], 0.0
    kept = {hash_json(row.labels): row for row in stored.rows} if stored is not None else {}
    kept_wall = stored.wall_s / len(stored.rows) if stored is not None and stored.rows else 0.0
    for item in configurations:
        paths = {seed: _path(folder, item, seed) for seed in item.seeds}
        done = {seed: _load(path) for seed, path in paths.items() if path.is_file()}
        name = " ".join(item.labels.values())
        before, now = kept.get(hash_json(dict(item.labels))), _row(item, done) if done else None
        row = max((row for row in (now, before) if row is not None), key=lambda row: _worth(row, code), default=None)
        if row is None:
            left_out.append(f"Left out: {name} ({missing[name]})." if name in missing else f"Not run yet: {name}.")
            continue
        rows.append(row)
        wall += kept_wall if row is before else sum(run.outcome.wall_s for run in done.values())
    if not rows:
        why = next(iter(missing.values()), "no run is finished")
        raise MissingData(f"{experiment.name}: nothing to put together: {why}")
    return ExperimentResult(
        name=experiment.name,
        title=experiment.title,
        left_out=left_out,
        rows=rows,
        wall_s=round(wall, 1),
        repeat_with=f"make experiment NAME={experiment.name}",
    )


def _load(path: Path) -> Run:
    return read_record(path, Run, "run of an experiment", "remove it, and run the experiment again")


def _is_current(path: Path, code: str) -> bool:
    return path.is_file() and _load(path).origin.code == code


def _row(item: Configuration, done: Mapping[int, Run]) -> Row:
    outcomes = [run.outcome for run in done.values()]
    return Row(
        labels=dict(item.labels),
        provenance=outcomes[0].provenance,
        epochs=sorted({outcome.epochs for outcome in outcomes} - {0}),
        seeds=[seed for seed, run in done.items() if run.outcome.seeded],
        metrics={name: statistic([outcome.metrics[name] for outcome in outcomes]) for name in outcomes[0].metrics},
        paper=dict(item.paper),
        parameters=dict(item.parameters),
        origins=_distinct([run.origin for run in done.values()]),
    )


def _worth(row: Row, code: str) -> tuple[int, bool, date]:
    """By which the better of two rows of a configuration is chosen; of equal ones, the first."""
    runs = max((value.runs for value in row.metrics.values()), default=0)
    dates = [origin.made_on for origin in row.origins]
    return runs, bool(dates) and all(origin.code == code for origin in row.origins), max(dates, default=date.min)


def _distinct(origins: Sequence[Origin]) -> list[Origin]:
    """Each but once, at its latest date."""
    by_content: dict[str, Origin] = {}
    for origin in sorted(origins, key=lambda origin: origin.made_on):
        by_content[origin.model_dump_json(exclude={"made_on"})] = origin
    return list(by_content.values())


def _path(folder: Path, item: Configuration, seed: int) -> Path:
    return folder / f"{hash_json({'parameters': dict(item.parameters), 'seed': seed})[:20]}.json"


def _runs(
    experiment: Experiment, code: str, tasks: Sequence[Task], processes: int, scheduler: str | None
) -> Iterator[tuple[Task, Run | MissingData]]:
    """Runs as they come in."""
    common = experiment.run, experiment.tools, code
    if scheduler is not None:
        with dask_client(scheduler, processes) as client:
            from dask.distributed import as_completed as dask_completed

            submitted = {
                client.submit(_run, *common, dict(item.parameters), seed, pure=False): (item, seed)
                for item, seed in tasks
            }
            for future in dask_completed(submitted):
                yield submitted[future], future.result()
    elif processes == 1:
        for item, seed in tasks:
            yield (item, seed), _run(*common, dict(item.parameters), seed)
    else:
        threads = max(1, usable_cores() // processes)
        with ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=_limit_threads, initargs=(threads,)
        ) as pool:
            futures: dict[Future[Run | MissingData], Task] = {
                pool.submit(_run, *common, dict(item.parameters), seed): (item, seed) for item, seed in tasks
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


def _run(
    run: Callable[[Parameters, int], Outcome], tools: tuple[str, ...], code: str, parameters: Parameters, seed: int
) -> Run | MissingData:
    """One run, where it is to run: the versions are those of that place."""
    started = time.monotonic()
    try:
        outcome = run(parameters, seed)
    except MissingData as missing:
        return missing
    outcome = outcome.model_copy(update={"wall_s": round(outcome.wall_s or time.monotonic() - started, 2)})
    return Run(
        outcome=outcome,
        origin=Origin(
            code=code,
            data=outcome.data,
            specs=outcome.specs,
            versions=versions(tools),
            threads=thread_count(),
            made_on=date.today(),
        ),
    )
