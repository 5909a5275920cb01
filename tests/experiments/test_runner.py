import os
from pathlib import Path

import pytest
import torch

from experiments.experiment import Configuration, Experiment, Outcome, Parameters
from experiments.runner import run_experiment
from experiments.sources import MissingData


def configurations() -> list[Configuration]:
    return [
        Configuration({"power": "square"}, {"power": 2}, seeds=(1, 2, 3), paper={"value_db": 4.5}),
        Configuration({"power": "cube"}, {"power": 3}, seeds=(2,)),
    ]


def power(parameters: Parameters, seed: int) -> Outcome:
    value = float(seed) ** int(parameters["power"])
    return Outcome(metrics={"value_db": value}, provenance="synthetic", epochs=int(parameters["power"]), seeded=True)


def fails_after_the_first(parameters: Parameters, seed: int) -> Outcome:
    if seed > 1:
        raise KeyboardInterrupt
    return power(parameters, seed)


def lacks_cubes(parameters: Parameters, seed: int) -> Outcome:
    if parameters["power"] == 3:
        raise MissingData("no cubes here")
    return power(parameters, seed)


def experiment(run=power, version: int = 1) -> Experiment:
    return Experiment(name="powers", title="Powers", configurations=configurations, run=run, version=version)


def test_mean_and_deviation_over_seeds(tmp_path: Path) -> None:
    result = run_experiment(experiment(), build=tmp_path)
    square, cube = result.rows
    assert square.metrics["value_db"].mean == pytest.approx((1 + 4 + 9) / 3)
    assert square.metrics["value_db"].deviation == pytest.approx((49 / 3) ** 0.5)  # (121 + 4 + 169) / 9 / 2
    assert (square.seeds, square.epochs, square.paper) == ([1, 2, 3], [2], {"value_db": 4.5})
    assert (cube.metrics["value_db"].mean, cube.metrics["value_db"].deviation) == (8.0, None)


def test_a_killed_experiment_resumes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment(fails_after_the_first), build=tmp_path)
    told: list[str] = []
    result = run_experiment(experiment(), build=tmp_path, tell=told.append)
    assert [line.split(" (")[0] for line in told] == [
        "powers: square seed 2",
        "powers: square seed 3",
        "powers: cube seed 2",
    ]
    assert len(result.rows) == 2
    run_experiment(experiment(), build=tmp_path, tell=told.append)
    assert len(told) == 3


def test_another_version_runs_anew(tmp_path: Path) -> None:
    told: list[str] = []
    for version in (1, 2):
        run_experiment(experiment(version=version), build=tmp_path, tell=told.append)
    assert len(told) == 8


def test_collecting_reports_only_the_seeds_that_ran(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment(fails_after_the_first), build=tmp_path)
    result = run_experiment(experiment(), collect=True, build=tmp_path)
    (row,) = result.rows
    assert result.remarks == ["Not run yet: cube."]
    assert (row.seeds, row.metrics["value_db"].runs) == ([1], 1)


def test_missing_data_leaves_a_configuration_out_and_says_so(tmp_path: Path) -> None:
    result = run_experiment(experiment(lacks_cubes), build=tmp_path)
    assert [row.labels["power"] for row in result.rows] == ["square"]
    assert result.remarks == ["Left out: cube (no cubes here)."]


def test_nothing_to_put_together(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="powers: nothing to put together: no run is finished"):
        run_experiment(experiment(), collect=True, build=tmp_path)


def threads(parameters: Parameters, seed: int) -> Outcome:
    return Outcome(metrics={"threads": float(torch.get_num_threads())}, provenance="synthetic")


def test_processes_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    result = run_experiment(experiment(threads), processes=2, build=tmp_path / "a")
    assert result.rows[0].metrics["threads"].mean == max(1, len(os.sched_getaffinity(0)) // 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    result = run_experiment(experiment(threads), processes=2, build=tmp_path / "b")
    assert result.rows[0].metrics["threads"].mean == 3


def test_processes_give_the_same_result(tmp_path: Path) -> None:
    alone = run_experiment(experiment(), build=tmp_path / "a")
    spread = run_experiment(experiment(), processes=2, build=tmp_path / "b")
    assert spread.rows == alone.rows
