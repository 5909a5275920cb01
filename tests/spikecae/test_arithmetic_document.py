"""Every worked number of docs/arithmetic.md, evaluated with the code."""

import re
from math import floor
from pathlib import Path

import pytest

from spikecae.arithmetic import rshift_round, saturate
from spikecae.widths import signed_width

TEXT = (Path(__file__).parents[2] / "docs" / "arithmetic.md").read_text(encoding="utf-8")
LINES = [
    line for body in re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) for line in body.strip().split("\n")
]
NAMES = {
    "abs": abs,
    "floor": floor,
    "max": max,
    "relu": lambda a: max(a, 0),
    "rshift_round": lambda a, s: int(rshift_round(a, s)),
    "saturate": lambda a, bits, signed: int(saturate(a, bits, signed=signed)),
    "signed_width": signed_width,
}


def test_there_are_numbers_in_every_section_that_computes() -> None:
    assert len(LINES) >= 20


@pytest.mark.parametrize("line", LINES)
def test_worked_number(line: str) -> None:
    expression, result = line.rsplit(" = ", 1)
    assert eval(expression, {"__builtins__": {}}, NAMES) == int(result)
