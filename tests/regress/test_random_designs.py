"""Random legal designs and three extreme ones, emitted, compiled and compared. Run by ``make regress``."""

import pytest

from tests.sim.random_designs import changed, check, random_design

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", range(1, 17))
def test_random_designs_equal_golden_and_keep_their_pace(tiny, models, seed):
    outcome = check(random_design(tiny, seed), seed, product=seed % 3 == 0, models=models)
    print(outcome)
    assert outcome.good, str(outcome)


@pytest.mark.parametrize(
    "keys",
    [{"encoder": {"features": 64}}, {"block": {"spikes": 15}}, {"codebook": {"codewords": 2048}}],
    ids=["N=64", "M=15", "K=2048"],
)
def test_one_block_of_the_default_design_grown(neuropixels, models, keys):
    outcome = check(changed(neuropixels, hardware={"packet_blocks": 1}, **keys), 1, blocks=1, models=models)
    print(outcome)
    assert outcome.good, str(outcome)
