"""Rules between keys: methods of the section that a rule belongs to, judged together when a design is made.

A rule is a generator that yields a :class:`Fault` for each contradiction. Beside its own section it sees those that it
has parameters for, by the names that they have in the design::

    @rule
    def peak_in_the_snippet(self, block: Block) -> Iterator[Fault]:
        \"\"\"``recording.peak`` lies in the snippet of ``block.samples``.\"\"\"
        if self.peak >= block.samples:
            yield Fault("recording.peak", self.peak, "lies outside ...; choose a smaller index")

Where a design has faults, rules see the keys that have none, and a rule that needs one of the others is not judged.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

from spikecae.design.section import Section, section_in

__all__ = ["Fault", "Rule", "contradictions", "rule", "rules_of", "without_faults"]


@dataclass(frozen=True)
class Fault:
    """A contradiction: the dotted ``key`` to change, its ``value``, and a ``text`` that ends in the remedy."""

    key: str
    value: Any
    text: str


Rule = Callable[..., Iterator[Fault]]
R = TypeVar("R", bound=Rule)
MARK = "is a rule of its section"


def rule(judge: R) -> R:
    """Make a section's method one of its rules. Its docstring says what must hold, for the key reference."""
    vars(judge)[MARK] = True
    return judge


@cache
def rules_of(section: type[BaseModel]) -> tuple[Rule, ...]:
    """The rules of a section, those of its base classes first, in the order in which they are written."""
    members = {name: member for owner in reversed(section.__mro__) for name, member in vars(owner).items()}
    return tuple(member for member in members.values() if inspect.isfunction(member) and MARK in vars(member))


def contradictions(design: BaseModel, *, complete: bool) -> Iterator[Fault]:
    """What the rules of all sections find.

    Args:
        design: the sections, each under its name.
        complete: whether every key is there; else rules that need one that is missing are passed over.
    """
    sections = {name: getattr(design, name) for name in type(design).model_fields if hasattr(design, name)}
    for section in sections.values():
        for judge in rules_of(type(section)) if isinstance(section, Section) else ():
            try:
                others = {name: sections[name] for name in list(inspect.signature(judge).parameters)[1:]}
                yield from judge(section, **others)
            except (AttributeError, KeyError):
                if complete:
                    raise


def without_faults(section: type[Section], table: Any, faulty: Collection[tuple[int | str, ...]]) -> Section | None:
    """A section, not validated, with the keys of ``table`` that have no fault; None where it has none.

    Sections take types as they are written, so that a value without a fault is what was given.

    Args:
        section: what the table is, or a base class of it.
        table: keys and values as they came.
        faulty: places of the faults in the table, those of missing keys among them.
    """
    if isinstance(table, section):
        return table
    kind = section.section_of(table) if isinstance(table, Mapping) else None
    if kind is None:
        return None
    values, unknown = {}, set()
    for name, field in kind.model_fields.items():
        inside = [place[1:] for place in faulty if place[0] == name]
        value = table.get(name)
        below = section_in(field)
        if below is not None and value is not None and () not in inside:
            value = without_faults(below, value, inside)
            inside = [()] if value is None else []
        if inside:
            unknown.add(name)
        elif name in table:
            values[name] = value
    made = kind.model_construct(**values)
    for name in unknown:
        made.__dict__.pop(name, None)  # a default that stands for a faulty value
    return made
