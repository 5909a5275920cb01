"""Three quick random designs; ``tests/regress`` has more."""

import pytest

from tests.sim.random_designs import check, random_design


@pytest.mark.parametrize("seed", [8, 12])
def test_random_designs_equal_golden_and_keep_their_pace(tiny, models, seed):
    """Fold 2 with built-in parameters, and a loaded product quantizer at fold 16. The long tests have more."""
    outcome = check(random_design(tiny, seed), seed, product=seed % 3 == 0, models=models)
    assert outcome.good, str(outcome)
