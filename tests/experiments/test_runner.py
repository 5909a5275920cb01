import os
import platform
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from experiments.experiment import Configuration, Experiment
from experiments.origin import experiment_code
from experiments.outcome import Outcome, Parameters
from experiments.runner import run_experiment
from experiments.sources import MissingData
from model.device import thread_count


def configurations() -> list[Configuration]:
    return [
        Configuration({"power": "square"}, {"power": 2}, seeds=(1, 2, 3), paper={"value_db": 4.5}),
        Configuration({"power": "cube"}, {"power": 3}, seeds=(2,)),
    ]


def power(parameters: Parameters, seed: int) -> Outcome:
    value = float(seed) ** int(parameters["power"])
    return Outcome(
        metrics={"value_db": value},
        provenance="synthetic",
        data={"numbers": "ab"},
        specs={"powers": "cd"},
        epochs=int(parameters["power"]),
        seeded=True,
    )


def fails_after_the_first(parameters: Parameters, seed: int) -> Outcome:
    if seed > 1:
        raise KeyboardInterrupt
    return power(parameters, seed)


def lacks_cubes(parameters: Parameters, seed: int) -> Outcome:
    if parameters["power"] == 3:
        raise MissingData("no cubes here")
    return power(parameters, seed)


def experiment(run=power) -> Experiment:
    return Experiment(name="powers", title="Powers", configurations=configurations, run=run)


@pytest.fixture
def change_code(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Whatever runs, as if it were of the code with this hash."""

    def change(code: str) -> None:
        monkeypatch.setattr("experiments.runner.experiment_code", lambda _: code)

    change("first")
    return change


def test_mean_and_deviation_over_seeds(tmp_path: Path) -> None:
    result = run_experiment(experiment(), build=tmp_path)
    square, cube = result.rows
    assert square.metrics["value_db"].mean == pytest.approx((1 + 4 + 9) / 3)
    assert square.metrics["value_db"].deviation == pytest.approx((49 / 3) ** 0.5)  # (121 + 4 + 169) / 9 / 2
    assert (square.seeds, square.epochs, square.paper) == ([1, 2, 3], [2], {"value_db": 4.5})
    assert (cube.metrics["value_db"].mean, cube.metrics["value_db"].deviation) == (8.0, None)


@pytest.mark.usefixtures("change_code")
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


def test_a_row_knows_where_it_comes_from(tmp_path: Path) -> None:
    square, cube = run_experiment(experiment(), build=tmp_path).rows
    (origin,) = square.origins
    assert origin.code == experiment_code(experiment())
    assert (origin.data, origin.specs, origin.made_on) == ({"numbers": "ab"}, {"powers": "cd"}, date.today())
    assert (origin.versions["python"], origin.versions["torch"]) == (platform.python_version(), version("torch"))
    assert origin.threads == thread_count()
    assert (square.parameters, cube.parameters) == ({"power": 2}, {"power": 3})
    again = run_experiment(experiment(), collect=True, build=tmp_path)
    assert again.rows == [square, cube]


def test_other_code_runs_anew(tmp_path: Path, change_code: Callable[[str], None]) -> None:
    told: list[str] = []
    run_experiment(experiment(), build=tmp_path, tell=told.append)
    run_experiment(experiment(), build=tmp_path, tell=told.append)
    assert len(told) == 4
    change_code("second")
    result = run_experiment(experiment(), build=tmp_path, tell=told.append)
    assert len(told) == 8
    assert [[origin.code for origin in row.origins] for row in result.rows] == [["second"], ["second"]]


def test_collecting_runs_nothing_and_keeps_what_other_code_has_run(
    tmp_path: Path, change_code: Callable[[str], None]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment(fails_after_the_first), build=tmp_path)
    change_code("second")
    result = run_experiment(experiment(), collect=True, build=tmp_path)
    (row,) = result.rows
    assert result.left_out == ["Not run yet: cube."]
    assert (row.seeds, row.metrics["value_db"].runs) == ([1], 1)
    assert [origin.code for origin in row.origins] == ["first"]


def test_missing_data_leaves_a_configuration_out_and_says_so(tmp_path: Path) -> None:
    result = run_experiment(experiment(lacks_cubes), build=tmp_path)
    assert [row.labels["power"] for row in result.rows] == ["square"]
    assert result.left_out == ["Left out: cube (no cubes here)."]


def test_what_ran_before_stays_where_its_data_is_missing(tmp_path: Path, change_code: Callable[[str], None]) -> None:
    run_experiment(experiment(), build=tmp_path)
    change_code("second")
    result = run_experiment(experiment(lacks_cubes), build=tmp_path)
    codes = {row.labels["power"]: [origin.code for origin in row.origins] for row in result.rows}
    assert (codes, result.left_out) == ({"square": ["second"], "cube": ["first"]}, [])


def test_nothing_to_put_together(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="powers: nothing to put together: no run is finished"):
        run_experiment(experiment(), collect=True, build=tmp_path)


def threads(parameters: Parameters, seed: int) -> Outcome:
    return Outcome(metrics={"threads": float(torch.get_num_threads())}, provenance="synthetic", data={})


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
    for one, other in zip(alone.rows, spread.rows, strict=True):
        assert one.model_copy(update={"origins": []}) == other.model_copy(update={"origins": []})
        assert one.origins[0].code == other.origins[0].code


def test_stored_rows_are_kept_where_nothing_ran(tmp_path: Path, change_code: Callable[[str], None]) -> None:
    stored = run_experiment(experiment(), build=tmp_path / "there")
    change_code("second")
    (tmp_path / "here" / "runs").mkdir(parents=True)
    with pytest.raises(MissingData):
        run_experiment(experiment(), collect=True, build=tmp_path / "here")
    assert run_experiment(experiment(), collect=True, stored=stored, build=tmp_path / "here") == stored
    half = run_experiment(experiment(lacks_cubes), stored=stored, build=tmp_path / "here")
    assert [[origin.code for origin in row.origins] for row in half.rows] == [["second"], ["first"]]
    assert half.left_out == []


def test_old_runs_take_no_stored_rows_place(tmp_path: Path, change_code: Callable[[str], None]) -> None:
    run_experiment(experiment(), build=tmp_path / "old")
    change_code("second")
    stored = run_experiment(experiment(), build=tmp_path / "new")
    assert run_experiment(experiment(), collect=True, stored=stored, build=tmp_path / "old").rows == stored.rows
    change_code("third")  # of which there is neither: of the same day, what ran here
    (square, _) = run_experiment(experiment(), collect=True, stored=stored, build=tmp_path / "old").rows
    assert [origin.code for origin in square.origins] == ["first"]
    later = [origin.model_copy(update={"made_on": date.max}) for origin in stored.rows[0].origins]
    of_later = stored.model_copy(update={"rows": [stored.rows[0].model_copy(update={"origins": later})]})
    (square, _) = run_experiment(experiment(), collect=True, stored=of_later, build=tmp_path / "old").rows
    assert [origin.code for origin in square.origins] == ["second"]


@pytest.mark.usefixtures("change_code")
def test_a_row_with_fewer_seeds_takes_no_stored_rows_place(tmp_path: Path) -> None:
    stored = run_experiment(experiment(), build=tmp_path / "all")
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment(fails_after_the_first), build=tmp_path / "one")
    assert run_experiment(experiment(), collect=True, stored=stored, build=tmp_path / "one").rows == stored.rows
