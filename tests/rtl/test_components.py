"""What holds for every component: it says how long it takes, how often, and what goes in and out of it."""

import inspect
import re
from dataclasses import replace

import pytest

from rtl.memory.sized import SizedMemory
from spikecae.design import Design
from tests.rtl.components import Described, Made, all_made, component_classes, signature_classes
from tests.rtl.members import Entry, entries, faults, members_of

CYCLES = re.compile(r"^Cycles\n-{6}\nLatency: \S.*(?:\n    .*)*\nThroughput: \S", re.M)
# A memory's ports are made by its user.
DESCRIBED = [kind for kind in (*component_classes(), *signature_classes()) if kind is not SizedMemory]


@pytest.fixture(scope="module")
def made(tiny: Design) -> dict[type, list[Made]]:
    return all_made(tiny)


@pytest.mark.parametrize("kind", list(component_classes()), ids=lambda kind: kind.__name__)
def test_states_its_latency_and_throughput(kind: type) -> None:
    text = inspect.getdoc(kind)
    assert text is not None
    assert CYCLES.search(text), f"{kind.__module__}.{kind.__name__} has no section Cycles with Latency and Throughput"


@pytest.mark.parametrize("kind", DESCRIBED, ids=lambda kind: kind.__name__)
def test_lists_its_members_with_their_directions_and_shapes(kind: type[Described], made) -> None:
    listed = entries(kind.__doc__)
    assert made[kind], "no chip here has one: let one have it"
    assert not found(made[kind], listed)
    there = {name for each in made[kind] for name in members_of(each.instance)}
    assert {name for name in listed if not name.startswith("<")} <= there, "in no chip here a member"


@pytest.mark.parametrize("kind", DESCRIBED, ids=lambda kind: kind.__name__)
def test_a_wrong_entry_would_be_found(kind: type[Described], made) -> None:
    listed = entries(kind.__doc__)
    turned = {"In": "Out", "Out": "In"}
    for name, entry in listed.items():
        if entry.flow in turned:
            assert found(made[kind], {**listed, name: replace(entry, flow=turned[entry.flow])}), name
        assert found(made[kind], {**listed, name: replace(entry, shape="5 × 77")}), name
        if not any(other.startswith("<") for other in listed):
            assert found(made[kind], {other: listed[other] for other in listed if other != name}), name
    assert found(made[kind], {**listed, "another": Entry("In", "1", optional=False)})


def found(made: list[Made], listed: dict[str, Entry]) -> set[str]:
    return {fault for each in made for fault in faults(each, listed)}
