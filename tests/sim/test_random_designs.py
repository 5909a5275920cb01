"""A quick random design; ``tests/regress`` has more."""

import pytest

from tests.sim.random_designs import check, random_design

pytestmark = pytest.mark.slow


def test_a_random_design_equals_golden_and_keeps_its_pace(tiny, models):
    """A loaded product quantizer at fold 64."""
    outcome = check(random_design(tiny, 16), 16, product=True, models=models)
    assert outcome.good, str(outcome)
