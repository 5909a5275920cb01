"""The codec's benchmark: its cases run, and say rightly whether a target is reached."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmarks import codec_cases
from benchmarks.codec_cases import Case, cases
from benchmarks.timing import best_times

DESIGNS = Path(__file__).resolve().parents[2] / "designs"


@pytest.mark.parametrize(
    ("reference", "target", "ratio", "reached"),
    [
        (2.0, 1.5, 1.5, True),
        (2.0, 1.6, 1.5, False),
        (None, 3.0, None, True),
        (None, 3.1, None, False),
        (2.0, None, 1.5, None),
    ],
)
def test_targets(reference: float | None, target: float | None, ratio: float | None, reached: bool | None) -> None:
    case = Case("a", "b/s", 3.0, "c", reference, target)
    assert (case.ratio, case.reached) == (ratio, reached)


def test_the_shortest_time_counts() -> None:
    delays = iter([0.05, 0.03, 0.002, 0.04, 0.05, 0.03])
    times = best_times({"a": lambda: time.sleep(next(delays)), "b": lambda: None}, seconds=0)
    assert 0.002 <= times["a"] < 0.02
    assert times["b"] < times["a"]


def test_every_case_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(alternatives: Mapping[str, Callable[[], object]], seconds: float = 0) -> dict[str, float]:
        for run in alternatives.values():
            run()
        return dict.fromkeys(alternatives, 1.0)

    monkeypatch.setattr(codec_cases, "best_times", once)
    found = list(cases(DESIGNS / "tiny.toml"))
    assert [case.target for case in found] == [1.0, None, 0.5, 0.5, 3.0, 5.0, 5.0, 0.5]
    assert all(case.rate > 0 for case in found)
