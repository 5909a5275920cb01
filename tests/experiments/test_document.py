from pathlib import Path

import pytest

from experiments.catalogue import CATALOGUE
from experiments.document import DOCUMENT, document
from experiments.result import RESULTS, ExperimentResult, Row, load_result, save_result, statistic

ROOT = Path(__file__).parents[2]


def result() -> ExperimentResult:
    row = Row(
        labels={"data": "D"},
        provenance="real",
        epochs=[60],
        seeds=[0, 1],
        metrics={"sndr_mean_db": statistic([15.0, 16.0])},
        paper={"sndr_mean_db": 15.85},
    )
    remarks = ["A remark."]
    return ExperimentResult(name="e", title="E", remarks=remarks, rows=[row], wall_s=12.3, repeat_with="make e")


def test_results_survive_storage(tmp_path: Path) -> None:
    assert load_result(save_result(result(), tmp_path)) == result()


def test_foreign_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"schema_version": 2}')
    with pytest.raises(ValueError, match="schema_version"):
        load_result(path)


def test_ours_beside_the_papers(tmp_path: Path) -> None:
    text = document({"e": result()}, tmp_path)
    assert "| D | 15.50 ± 0.71 | 15.85 | 60 | 0, 1 | real |" in text
    assert "figures/e.svg" not in text
    (tmp_path / "e.svg").write_text("<svg/>")
    assert "![E](figures/e.svg)" in document({"e": result()}, tmp_path)


def test_the_committed_document_is_of_the_committed_results() -> None:
    paths = {name: ROOT / RESULTS / f"{name}.json" for name in CATALOGUE}
    results = {name: load_result(path) for name, path in paths.items() if path.exists()}
    assert document(results, ROOT / "docs/figures") == (ROOT / DOCUMENT).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_two_configurations_are_the_same(name: str) -> None:
    seen = [tuple(sorted(item.parameters.items())) for item in CATALOGUE[name].configurations()]
    assert len(set(seen)) == len(seen)
