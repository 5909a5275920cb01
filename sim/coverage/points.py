"""Verilator's list of coverage points, read: lines and branches that were reached, bits that went up and down."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim.grade.results import Record

__all__ = ["Counted", "Coverage", "Covered", "Exclusion", "Point", "count", "load_exclusions", "read_points"]

EXCLUSIONS = Path(__file__).with_name("exclusions.toml")
LINE = re.compile(rb"C '(.*)' (\d+)")
COMPILED = "encoder.v"
"""What the encoder's Verilog is called where it is compiled."""
UNNAMED = "__0"
"""How names begin that Yosys gave to parts of an expression."""

Kind = Literal["line", "toggle", "functional"]


@dataclass(frozen=True)
class Point:
    """Something that is reached or not: a line of a module, a bit's way up or down, as ``module name[bit]:0->1``, or a
    bin of :mod:`sim.coverage.functional`."""

    kind: Kind
    name: str
    hits: int


@dataclass(frozen=True)
class Exclusion:
    """Points that count neither way, and why."""

    kind: Kind
    pattern: re.Pattern[str]
    reason: str


class Counted(Record):
    """Points of a kind."""

    points: int
    """That count: what is excluded is not among them."""
    hit: int
    excluded: dict[str, int]
    """By reason, only those that were not hit."""
    missing: list[str]

    @property
    def percent(self) -> float:
        """Hit."""
        return round(100 * self.hit / self.points, 2)


class Coverage(Record):
    """Of one design."""

    design: str
    line: Counted
    toggle: Counted
    functional: Counted
    bins: dict[str, int]
    """How often each functional one was met."""

    def __str__(self) -> str:
        kinds = {"line": self.line, "toggle": self.toggle, "functional": self.functional}
        said = (
            f"{kind} {own.percent} % of {own.points:,} ({sum(own.excluded.values())} excluded)"
            for kind, own in kinds.items()
        )
        return f"{self.design}: {', '.join(said)}"


class Covered(Record):
    """``coverage.json``."""

    designs: list[Coverage]


def read_points(path: Path, verilog: Path) -> Iterator[Point]:
    """Points of an encoder's Verilog, as Verilator wrote them.

    Lines and branches are points of kind ``line``, and have the line's text in their names. Unnamed parts of
    expressions are left out: each is a function of named signals beside it, and its line is counted.
    """
    text = verilog.read_text(encoding="utf-8").splitlines()
    for match in LINE.finditer(path.read_bytes()):
        said = dict(part.split("\x02", 1) for part in match.group(1).decode().split("\x01") if part)
        page, _, module = said["page"].partition("/")
        if said["f"] != COMPILED or not page:
            continue
        if page == "v_toggle":
            if not said["o"].startswith(UNNAMED):
                yield Point("toggle", f"{module} {said['o']}", int(match.group(2)))
        else:
            line = f"{module} {said['l']} {said['o']} {text[int(said['l']) - 1].strip()}"
            yield Point("line", line, int(match.group(2)))


def load_exclusions(path: Path = EXCLUSIONS) -> list[Exclusion]:
    """The list that is kept beside this file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["exclusion"]
    return [Exclusion(entry["kind"], re.compile(entry["pattern"]), entry["reason"]) for entry in entries]


def count(points: Iterable[Point], kind: Kind, exclusions: Iterable[Exclusion]) -> Counted:
    """How many points of a kind are hit. One that several runs have is hit if any of them hits it."""
    hits = Counter[str]()
    for point in points:
        if point.kind == kind:
            hits[point.name] += point.hits
    excluded, missing = Counter[str](), list[str]()
    own = [exclusion for exclusion in exclusions if exclusion.kind == kind]
    for name, times in hits.items():
        if not times:
            reason = next((exclusion.reason for exclusion in own if exclusion.pattern.search(name)), None)
            if reason is None:
                missing.append(name)
            else:
                excluded[reason] += 1
    total = len(hits) - excluded.total()
    return Counted(points=total, hit=total - len(missing), excluded=dict(excluded), missing=sorted(missing))
