"""Cells of a Liberty file as nested groups, and values of its tables. Units are ns, pF and pJ, as in the kits."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Group", "cells_in", "holds", "value_at"]

TOKEN = re.compile(r'"[^"]*"|[{}();:,]|[^\s{}();:,"]+')


class Group:
    """A group's kind, name, attributes, and the groups within."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        self.attributes: dict[str, list[str]] = {}
        self.within: list[Group] = []

    def all(self, *kinds: str) -> list["Group"]:
        return [group for group in self.within if group.kind in kinds]

    def first(self, kind: str) -> "Group | None":
        return next(iter(self.all(kind)), None)

    def text(self, name: str, default: str = "") -> str:
        return " ".join(self.attributes.get(name, [default]))

    def numbers(self, name: str) -> list[float]:
        return [float(part) for part in re.split(r"[,\s]+", self.text(name)) if part]


def cells_in(path: Path) -> dict[str, Group]:
    """All cells; ``library`` is the file's outermost group."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8", errors="replace"), flags=re.DOTALL)
    tokens = iter(TOKEN.findall(text.replace("\\\n", " ")))
    root = Group("", "")
    _read(root, tokens)
    (library,) = root.all("library")
    templates = {group.name: group for group in library.all("lu_table_template", "power_lut_template")}
    _complete(library, templates)
    return {"library": library} | {cell.name: cell for cell in library.all("cell")}


def _read(group: Group, tokens: Iterator[str]) -> None:
    word = ""
    for token in tokens:
        if token == "}":
            return
        if token == ":":
            group.attributes[word] = [next(tokens).strip('"')]
        elif token == "(":
            inside = [part.strip('"') for part in iter(lambda: next(tokens), ")") if part != ","]
            group.attributes[word] = inside
        elif token == "{":
            inner = Group(word, " ".join(group.attributes.pop(word)))
            group.within.append(inner)
            _read(inner, tokens)
        elif token != ";":
            word = token


def _complete(group: Group, templates: dict[str, Group]) -> None:
    """Tables have their template's points where they have none of their own."""
    for inner in group.within:
        if inner.name in templates and "values" in inner.attributes:
            inner.attributes = templates[inner.name].attributes | inner.attributes
        _complete(inner, templates)


def value_at(table: Group, slew: float, load: float) -> float:
    """Between the points of a table: a plane over the two axes, also beyond its ends for delays and slews."""
    beyond = table.kind in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    rows, columns, values = _points(table)
    first, up = _between(rows, slew, beyond)
    second, right = _between(columns, load, beyond)
    width = len(columns)

    def at(row: int, column: int) -> float:
        return values[min(row, len(rows) - 1) * width + min(column, width - 1)]

    low = at(first, second) + right * (at(first, second + 1) - at(first, second))
    high = at(first + 1, second) + right * (at(first + 1, second + 1) - at(first + 1, second))
    return low + up * (high - low)


@cache
def _points(table: Group) -> tuple[list[float], list[float], list[float]]:
    return table.numbers("index_1") or [0.0], table.numbers("index_2") or [0.0], table.numbers("values")


def _between(points: list[float], value: float, beyond: bool) -> tuple[int, float]:
    if len(points) == 1:
        return 0, 0.0
    low = min(max(bisect_right(points, value) - 1, 0), len(points) - 2)
    share = (value - points[low]) / (points[low + 1] - points[low])
    return low, share if beyond else min(max(share, 0.0), 1.0)


@cache
def compiled(text: str) -> Callable[..., Any]:
    """A Boolean function of the kit's, in Python's words."""
    words = re.sub(r"!", " not ", re.sub(r"[*&]", " and ", re.sub(r"[+|]", " or ", text)))
    code = compile(words.strip(), text, "eval")
    return lambda levels: eval(code, {"__builtins__": {}}, levels)


def holds(text: str, levels: dict[str, int]) -> bool:
    """Whether a condition holds; ``^`` is Python's own."""
    return bool(compiled(text)(levels))
