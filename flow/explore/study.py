"""The search itself: Optuna chooses, workers try, and what came out is kept in a file as soon as it is known.

Only this process writes to the file. A worker that is lost loses nothing: Dask gives its trial to another one. A search
that is stopped goes on where it was, and does its unfinished trials again. What is one step of one choice beside the
design that it starts from is tried before anything farther.
"""

import logging
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flow.code import code_hashes
from flow.explore.front import OBJECTIVES, Exploration, Point, Question, with_best
from flow.explore.space import design_of, neighbours_of, values_of
from flow.explore.trial import Figures, tried
from flow.fingerprint import hash_json
from flow.layout import SOURCES
from spikecae.design import Design

if TYPE_CHECKING:
    import optuna
    from dask.distributed import Client

__all__ = ["Search", "exploration", "explored", "open_study"]

JOURNAL, START = "journal.log", "start"
SEED = 0
FIRST = 10
"""Trials before the search has something to go by."""
RETRIES = 3
"""How often a trial is given to another worker."""
LOOK_S = 1
"""How long an interrupt that was dropped may go unseen."""


@dataclass(frozen=True)
class Search:
    """What is searched: around ``base``, on the spikes in the folder ``data``, within ``question``."""

    base: Design
    data: Path
    data_hash: str
    source: str
    question: Question
    families: tuple[str, ...]
    epochs: int

    @property
    def name(self) -> str:
        """Of the study in the file: the same for the same search with the same code."""
        code = code_hashes(SOURCES / "flow/explore/trial.py", SOURCES)
        parts = (self.base.model_dump(mode="json"), self.data_hash, self.question.model_dump(), self.families)
        return hash_json([*parts, self.epochs, code])


def open_study(search: Search, folder: Path) -> "optuna.Study":
    """The study in ``folder``; a new one begins with the design that is started from.

    Raises:
        ModuleNotFoundError: Optuna is not installed.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    sampler = optuna.samplers.TPESampler(seed=SEED, n_startup_trials=FIRST)
    study = optuna.create_study(
        study_name=search.name,
        storage=storage,
        sampler=sampler,
        directions=list(OBJECTIVES.values()),
        load_if_exists=True,
    )
    states = optuna.trial.TrialState
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(values_of(search.base), user_attrs={START: True})
    for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,)):
        study.tell(trial.number, state=states.FAIL)
        study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
    return study


def explored(
    search: Search,
    study: "optuna.Study",
    client: "Client",
    trials: int,
    tell: Callable[[Exploration], None],
    check: Callable[[], None],
) -> Exploration:
    """Try designs until so many went well, those of before included.

    Raises:
        ValueError: the design that is started from cannot be tried.

    Args:
        search: what is searched.
        study: where it is kept.
        client: whose workers try.
        trials: that went well, in all.
        tell: gets what is known after each.
        check: called every second or so; what it raises ends the search.
    """
    from dask.distributed import wait

    logging.getLogger("distributed").setLevel(logging.ERROR)
    running: dict[Any, optuna.trial.Trial] = {}
    found = exploration(search, study)
    while len(found.trials) < trials:
        wanted = min(max(1, len(client.nthreads())), trials - len(found.trials))
        while len(running) < wanted:
            trial = study.ask()
            design = _asked(search, study, trial)
            if design is not None:
                content = design.model_dump(mode="json", exclude_unset=True)
                trial.set_user_attr("design", content)
                future = client.submit(tried, content, str(search.data.resolve()), pure=False, retries=RETRIES)
                running[future] = trial
        done: set[Any] = set()
        while not done:
            check()
            with suppress(TimeoutError):
                done = wait(list(running), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
        for future in done:
            _keep(search, study, running.pop(future), future)
        found = exploration(search, study)
        tell(found)
    return found


def _asked(search: Search, study: "optuna.Study", trial: "optuna.trial.Trial") -> Design | None:
    """The design of a trial; None, and the trial has failed, where its choices contradict each other."""
    try:
        return design_of(trial, search.base, list(search.families), search.epochs)
    except ValueError as error:
        _fail(study, trial, str(error))
        return None


def _fail(study: "optuna.Study", trial: "optuna.trial.Trial", fault: str) -> None:
    from optuna.trial import TrialState

    trial.set_user_attr("fault", fault)
    study.tell(trial, state=TrialState.FAIL)
    if START in trial.user_attrs:
        study.enqueue_trial(trial.params, user_attrs={START: True})  # for the next time
        raise ValueError(f"the design itself cannot be tried: {fault}")


def _keep(search: Search, study: "optuna.Study", trial: "optuna.trial.Trial", future: Any) -> None:
    try:
        figures = Figures.model_validate(future.result())
    except Exception as error:  # whatever a training, or a worker that is lost again and again, ends in
        _fail(study, trial, f"{type(error).__name__}: {error}")
        return
    trial.set_user_attr("figures", figures.model_dump())
    for limit, excess in search.question.excess(figures).items():
        trial.set_constraint(limit, excess)
    point = _point(search, trial.number, trial.user_attrs, trial.params)
    study.tell(trial, list(point.objectives.values()))
    if point.start:
        near = neighbours_of(search.base)
        for place in np.random.default_rng(SEED).permutation(len(near)):
            study.enqueue_trial(near[place])


def exploration(search: Search, study: "optuna.Study") -> Exploration:
    """What the study has found so far."""
    from optuna.trial import TrialState

    whole = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    failed = [t for t in study.get_trials(deepcopy=False, states=(TrialState.FAIL,)) if "fault" in t.user_attrs]
    points = [_point(search, trial.number, trial.user_attrs, trial.params) for trial in whole]
    return Exploration(
        base=search.base.name,
        data=search.source,
        question=search.question,
        trials=with_best(points),
        failed=len(failed),
    )


def _point(search: Search, number: int, kept: dict[str, Any], params: dict[str, Any]) -> Point:
    figures = Figures.model_validate(kept["figures"])
    chosen = {key.split(": ")[-1]: value for key, value in params.items()}
    return Point(
        number=number,
        design=kept["design"],
        chosen=chosen,
        start=START in kept,
        figures=figures,
        encoders=search.question.encoders(figures),
        within=all(excess <= 0 for excess in search.question.excess(figures).values()),
    )
