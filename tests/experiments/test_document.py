from datetime import date
from pathlib import Path

import pytest

from experiments.catalogue import CATALOGUE
from experiments.document import DOCUMENT, document
from experiments.experiment import Configuration, Experiment
from experiments.findings import Findings
from experiments.origin import experiment_code
from experiments.outcome import Outcome, Parameters
from experiments.result import RESULTS, ExperimentResult, Origin, Row, load_result, save_result, statistic

ROOT = Path(__file__).parents[2]


def run(parameters: Parameters, seed: int) -> Outcome:
    return Outcome(metrics={}, provenance="real", data={})


EXPERIMENT = Experiment(
    name="e",
    title="E",
    configurations=lambda: [Configuration({"data": data}, {"data": data}) for data in ("D", "F")],
    run=run,
    remarks=(
        "A remark.",
        lambda findings: f"{findings.mean('sndr_mean_db', {'data': 'D'}):.1f} dB are found.",
        lambda findings: f"{findings.mean('sndr_mean_db', {'data': 'G'}):.1f} dB are not.",
    ),
)
CODE = experiment_code(EXPERIMENT)
OTHER = "0123456789" + 54 * "0"


def made(code: str, day: int = 1) -> Origin:
    made_on = date(2026, 2, day)
    return Origin(code=code, data={"D": "00"}, specs={}, versions={"python": "3"}, threads=1, made_on=made_on)


def row(data: str = "D", *origins: Origin, parameters: dict[str, str | int | float] | None = None) -> Row:
    return Row(
        labels={"data": data},
        provenance="real",
        epochs=[60],
        seeds=[0, 1],
        metrics={"sndr_mean_db": statistic([15.0, 16.0])},
        paper={"sndr_mean_db": 15.85},
        parameters=parameters or {"data": data},
        origins=list(origins),
    )


def result(*rows: Row) -> ExperimentResult:
    return ExperimentResult(
        name="e", title="E", left_out=["Not run yet: H."], rows=list(rows), wall_s=12.3, repeat_with="make e"
    )


def text(*rows: Row, figures: Path = ROOT / "nowhere") -> str:
    return document({"e": result(*rows)}, {"e": EXPERIMENT}, figures)


def test_results_survive_storage(tmp_path: Path) -> None:
    stored = result(row("D", made(CODE)))
    assert load_result(save_result(stored, tmp_path)) == stored


def test_foreign_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"schema_version": 3}')
    with pytest.raises(ValueError, match="schema_version"):
        load_result(path)


def test_ours_beside_the_papers(tmp_path: Path) -> None:
    found = text(row(), figures=tmp_path)
    assert "| D | 15.50 ± 0.71 | 15.85 | 60 | 0, 1 | real |" in found
    assert "figures/e.svg" not in found
    (tmp_path / "e.svg").write_text("<svg/>")
    assert "![E](figures/e.svg)" in text(row(), figures=tmp_path)


def test_numbers_in_remarks_are_those_of_the_rows() -> None:
    found = text(row())
    assert "\nA remark.\n\n15.5 dB are found.\n\nNot run yet: H.\n" in found
    assert "dB are not" not in found, "nothing is said about rows that there are not"
    louder = row().model_copy(update={"metrics": {"sndr_mean_db": statistic([17.0])}})
    assert "\n17.0 dB are found.\n" in text(louder)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(), row("F")], "Made before origins were kept."),
        ([row("D", made(CODE)), row("F", made(CODE))], f"Made on 2026-02-01 by code {CODE[:8]}."),
        ([row("D", made(CODE)), row("F", made(CODE, day=3))], f"Made 2026-02-01 to 2026-02-03 by code {CODE[:8]}."),
        ([row("D", made(OTHER))], "Made on 2026-02-01 by code 01234567; code or settings have changed since."),
        (
            [row("D", made(CODE), parameters={"data": "D", "epochs": 3})],
            f"Made on 2026-02-01 by code {CODE[:8]}; code or settings have changed since.",
        ),
    ],
)
def test_it_says_which_code_made_a_result(rows: list[Row], said: str) -> None:
    found = text(*rows)
    assert f"\n{said}\n" in found
    assert "| made |" not in found


def test_rows_of_different_code_say_so_each() -> None:
    found = text(row("D", made(CODE)), row("F", made(OTHER, day=2), made(CODE, day=3)), row("F"))
    assert "\nRows were made by different code: see *made*.\n" in found
    lines = [line.split(" | ")[-1] for line in found.splitlines() if line.startswith("| ")]
    assert lines == [
        "made |",
        f"on 2026-02-01, {CODE[:8]} |",
        f"2026-02-02 to 2026-02-03, 01234567, {CODE[:8]}, changed since |",
        "before origins were kept |",
    ]


def test_the_committed_document_is_of_the_committed_results() -> None:
    """Run ``python -m experiments --collect`` where it is not: results change, or the code that made one has."""
    paths = {name: ROOT / RESULTS / f"{name}.json" for name in CATALOGUE}
    results = {name: load_result(path) for name, path in paths.items() if path.exists()}
    assert document(results, CATALOGUE, ROOT / "docs/figures") == (ROOT / DOCUMENT).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_two_configurations_are_the_same(name: str) -> None:
    seen = [tuple(sorted(item.parameters.items())) for item in CATALOGUE[name].configurations()]
    assert len(set(seen)) == len(seen)


MEASURED = {"table1": 3, "fig6": 1, "fig7": 1, "fig8": 1, "fig9": 1, "fig10": 1}
"""Remarks that tell what was measured."""


@pytest.mark.parametrize("name", MEASURED)
def test_remarks_change_with_what_was_measured(name: str) -> None:
    rows = load_result(ROOT / RESULTS / f"{name}.json").rows
    others = [
        row.model_copy(
            update={"metrics": {key: statistic([7.0 + 3.0 * place * value.mean]) for key, value in row.metrics.items()}}
        )
        for place, row in enumerate(rows)
    ]
    remarks = [remark for remark in CATALOGUE[name].remarks if not isinstance(remark, str)]
    before, after = ([remark(Findings(found)) for remark in remarks] for found in (rows, others))
    assert len(remarks) == MEASURED[name]
    assert all(old != new for old, new in zip(before, after, strict=True))
