"""Three quick random linear encoders; ``tests/regress`` has more."""

import pytest

from tests.sim.random_linear import check


@pytest.mark.parametrize("seed", [3, 4, 11])
def test_random_linear_encoders_equal_golden_and_keep_their_pace(models, seed):
    """Built in at fold 16, each spike by itself and the block at once; loaded, with classes."""
    outcome = check(seed, models)
    assert (outcome.mismatches, outcome.values > 0) == (0, True), str(outcome)
    assert abs(outcome.deviation_percent) <= 5, str(outcome)
    assert outcome.latency <= outcome.predicted_latency, str(outcome)
    assert outcome.escaped > 0
