"""Liberty's Boolean functions against Python's own."""

import itertools

import pytest

from synth.cells.functions import truth_table

PINS = ("A", "B1", "C_N")


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("!(A*B1)", "not (a and b)"),
        ("A + B1 & !C_N", "a or (b and not c)"),
        ("(A B1') | (C_N ^ A)", "(a and not b) or (c != a)"),
        ("A ^ B1 ^ C_N", "(a != b) != c"),
        ("!A' * 1 + 0", "a"),
        ("(!A * B1) + (!A * !C_N)", "not a and (b or not c)"),
    ],
)
def test_values(text: str, python: str) -> None:
    table = truth_table(text, PINS)
    for c, b, a in itertools.product((False, True), repeat=3):
        expected = eval(python, {"a": a, "b": b, "c": c})
        assert table[a + 2 * b + 4 * c] == expected, (text, a, b, c)


@pytest.mark.parametrize("text", ["", "A +", "(A", "A B2", "A)", "A % B1", "!"])
def test_what_is_no_function(text: str) -> None:
    with pytest.raises(ValueError, match="no Boolean function"):
        truth_table(text, PINS)
