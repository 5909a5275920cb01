"""Experiments on a Dask cluster; skipped where ``distributed`` is not installed."""

import sys
from pathlib import Path

import pytest

from experiments.experiment import Configuration, Experiment
from experiments.outcome import Outcome, Parameters
from experiments.runner import run_experiment
from experiments.sources import MissingData


def configurations() -> list[Configuration]:
    labels = ("square", "cube", "nothing")
    return [Configuration({"power": name}, {"power": power}, seeds=(2, 3)) for power, name in enumerate(labels, 2)]


def power(parameters: Parameters, seed: int) -> Outcome:
    if parameters["power"] == 4:
        raise MissingData("no fourth powers here")
    value = float(seed ** int(parameters["power"]))
    return Outcome(metrics={"value_db": value}, provenance="synthetic", data={}, seeded=True)


EXPERIMENT = Experiment(name="powers", title="Powers", configurations=configurations, run=power)


def test_a_cluster_gives_the_same_result(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed; pip install distributed")
    told: list[str] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        spread = run_experiment(EXPERIMENT, scheduler=cluster.scheduler_address, build=tmp_path / "a", tell=told.append)
        assert len(told) == 4
        run_experiment(EXPERIMENT, scheduler=cluster.scheduler_address, build=tmp_path / "a", tell=told.append)
        assert len(told) == 4  # what has run is not run again
    alone = run_experiment(EXPERIMENT, build=tmp_path / "b")
    assert (spread.rows, spread.left_out) == (alone.rows, alone.left_out)
    assert [row.labels["power"] for row in spread.rows] == ["square", "cube"]


def test_a_scheduler_without_dask_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(ModuleNotFoundError, match="pip install distributed"):
        run_experiment(EXPERIMENT, scheduler="tcp://127.0.0.1:1", build=tmp_path)
