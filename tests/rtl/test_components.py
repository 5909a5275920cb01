"""What holds for every component: it says how long it takes, and how often."""

import inspect
import re

import pytest

from tests.rtl.components import component_classes

CYCLES = re.compile(r"^Cycles\n-{6}\nLatency: \S.*(?:\n    .*)*\nThroughput: \S", re.M)


@pytest.mark.parametrize("kind", list(component_classes()), ids=lambda kind: kind.__name__)
def test_states_its_latency_and_throughput(kind: type) -> None:
    text = inspect.getdoc(kind)
    assert text is not None
    assert CYCLES.search(text), f"{kind.__module__}.{kind.__name__} has no section Cycles with Latency and Throughput"
