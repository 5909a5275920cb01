"""Fifty flipped parameter bits. Run by ``make regress``; ``make test`` has a dozen."""

import pytest

from tests.sim.test_flips import run_flips

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fifty_flips(loadable, models, tiny, seed):
    account = run_flips(loadable, models, tiny, 50, seed=seed)
    print(account)
    assert account.faults == []
    assert account.flips == 50
    assert account.harmful > 0
