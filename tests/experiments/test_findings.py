import pytest

from experiments.findings import Findings, MissingRow, at_most, compared, span
from experiments.result import Row, statistic


def row(data: str, epochs: str, value: float) -> Row:
    return Row(
        labels={"data": data, "epochs": epochs},
        provenance="real",
        epochs=[],
        seeds=[],
        metrics={"db": statistic([value])},
        paper={},
        parameters={},
        origins=[],
    )


ROWS = Findings([row("A", "1", 1.0), row("A", "2", 2.0), row("B", "1", 3.0)])


def test_rows_are_found_by_some_of_their_labels() -> None:
    assert ROWS.mean("db", {"data": "B"}) == 3.0
    assert ROWS.mean("db", {"epochs": "2", "data": "A"}) == 2.0
    assert ROWS.means("db", {"data": "A"}) == [1.0, 2.0]
    assert ROWS.means("db", {}) == [1.0, 2.0, 3.0]


def test_none_or_several_in_place_of_one_are_told() -> None:
    with pytest.raises(MissingRow, match=r"no row with .*'C'"):
        ROWS.mean("db", {"data": "C"})
    with pytest.raises(ValueError, match=r"2 rows with .*'A'.*; give more labels"):
        ROWS.mean("db", {"data": "A"})


def test_numbers_in_words() -> None:
    assert (compared(1.24), compared(-0.31)) == ("1.2 dB above", "0.3 dB below")
    assert (span([1.41, 0.96]), span([37.6, 38.4], 0)) == ("1.0 to 1.4", "38")
    assert (at_most([0.1, 0.21]), at_most([0.2])) == ("0.3", "0.2")
    with pytest.raises(MissingRow):
        span([])
