"""Random linear encoders, emitted, compiled and compared. Run by ``make regress``."""

import pytest

from tests.sim.random_linear import SEEDS, check

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_linear_encoders_equal_golden_and_keep_their_pace(models, seed):
    outcome = check(seed, models)
    print(outcome)
    assert outcome.mismatches == 0, str(outcome)
    assert abs(outcome.deviation_percent) <= 5, str(outcome)
    assert outcome.latency <= outcome.predicted_latency, str(outcome)
