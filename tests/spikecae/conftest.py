import pytest
from hypothesis import settings

from spikecae.design import Design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_spec

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def spec(tiny: Design) -> EncoderSpec:
    return random_spec(tiny, seed=0)
