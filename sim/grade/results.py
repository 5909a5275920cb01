"""``mutants.json``: how many mutants of each unit the benches see, and why the others may go on unseen."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sim.grade.mutants import Mutant
from sim.grade.verdicts import Verdict

__all__ = ["Grade", "Survivor", "UnitGrade", "collect", "load_reasons", "reason_of"]

REASONS = Path(__file__).with_name("survivors.toml")


class Record(BaseModel):
    """An immutable part of the report; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitGrade(Record):
    """Mutants of a unit."""

    design: str
    unit: str
    mutants: int
    killed: int
    equivalent: int
    """Proved to do what the unit does."""


class Survivor(Record):
    """A mutant that no bench has noticed."""

    design: str
    unit: str
    place: str
    mode: str
    equivalent: bool
    """Proved by Yosys to do in its unit what the unit does without it."""
    harmless: bool
    """Nothing that a pin shows can hang on it, by ``reason``."""
    reason: str | None
    """Why it may survive; None: nobody knows."""

    @property
    def fault(self) -> str:
        """As of :class:`sim.grade.mutants.Mutant`."""
        return f"{self.mode} at {self.place}"


class Grade(Record):
    """All mutants."""

    schema_version: Literal[1] = 1
    seed: int
    mutants: int
    killed: int
    equivalent: int
    harmless: int
    explained: int
    by_bench: dict[str, int]
    units: list[UnitGrade]
    survivors: list[Survivor]

    @property
    def killed_percent(self) -> float:
        """Of those that a pin may show: neither proved equivalent nor harmless."""
        return 100 * self.killed / (self.mutants - self.equivalent - self.harmless)

    @property
    def unproved_percent(self) -> float:
        """Killed, of those that are not proved equivalent."""
        return 100 * self.killed / (self.mutants - self.equivalent)

    def __str__(self) -> str:
        left = self.mutants - self.killed - self.equivalent - self.harmless - self.explained
        return (
            f"{self.killed} of {self.mutants} mutants killed, {self.equivalent} proved equivalent "
            f"({self.unproved_percent:.1f} % of the others), {self.harmless} harmless by argument "
            f"({self.killed_percent:.1f} % of the rest), {self.explained} explained, {left} not"
        )


@dataclass(frozen=True)
class Reason:
    """Why mutants of a unit survive whose mode and place fit."""

    unit: re.Pattern[str]
    fault: re.Pattern[str]
    reason: str
    harmless: bool = False


def load_reasons(path: Path = REASONS) -> list[Reason]:
    """The list of reasons that is kept beside this file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["survivor"]
    return [Reason(**(entry | {of: re.compile(entry[of]) for of in ("unit", "fault")})) for entry in entries]


def reason_of(mutant: Mutant, reasons: Iterable[Reason]) -> Reason | None:
    """Why a mutant may survive; None: none of the reasons is its."""
    own = (each for each in reasons if each.unit.fullmatch(mutant.unit) and each.fault.search(mutant.fault))
    return next(own, None)


def collect(
    seed: int, judged: Sequence[tuple[str, Mutant, Verdict]], equivalent: set[tuple[str, int]], reasons: list[Reason]
) -> Grade:
    """Put verdicts together.

    Args:
        seed: of the mutants.
        judged: design, mutant and its verdict.
        equivalent: design and number of those that are proved equivalent.
        reasons: for survivors.
    """
    survivors = []
    for design, mutant, verdict in judged:
        if verdict.bench is not None:
            continue
        proved, why = (design, mutant.number) in equivalent, reason_of(mutant, reasons)
        survivors.append(
            Survivor(
                design=design,
                unit=mutant.unit,
                place=mutant.place,
                mode=mutant.mode,
                equivalent=proved,
                harmless=why is not None and why.harmless and not proved,
                reason=None if why is None else why.reason,
            )
        )
    units = Counter((design, mutant.unit) for design, mutant, _ in judged)
    lived = Counter((survivor.design, survivor.unit) for survivor in survivors)
    same = Counter((survivor.design, survivor.unit) for survivor in survivors if survivor.equivalent)
    return Grade(
        seed=seed,
        mutants=len(judged),
        killed=len(judged) - len(survivors),
        equivalent=same.total(),
        harmless=sum(survivor.harmless for survivor in survivors),
        explained=sum(s.reason is not None and not s.equivalent and not s.harmless for s in survivors),
        by_bench=dict(Counter(verdict.bench for _, _, verdict in judged if verdict.bench is not None)),
        units=[
            UnitGrade(design=of[0], unit=of[1], mutants=count, killed=count - lived[of], equivalent=same[of])
            for of, count in units.items()
        ],
        survivors=survivors,
    )
