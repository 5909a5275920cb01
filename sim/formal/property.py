"""What is to be proved: a sentence, a bench that says it formally, and a fault that breaks it."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.formal.bench import Bench

__all__ = ["Property"]


@dataclass(frozen=True)
class Property:
    """Something that a component never does otherwise."""

    name: str
    """Of its group, and of what it is about."""
    component: str
    says: str
    """In one sentence."""
    assumes: str
    """What has to be kept to around the component; empty where nothing has."""
    bench: Callable[[], Bench]
    broken: Callable[[], Bench]
    """The same of a component with a fault, which is to be found out."""
    depth: int
    """Of the induction; without one, cycles from a reset on."""
    induction: bool = True
    found_within: int = 24
    """Cycles from a reset on in which the fault shows."""
