from pathlib import Path

import pytest

from spikecae.design import Design, load_design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_spec

DESIGNS = Path(__file__).parents[2] / "designs"


@pytest.fixture(scope="session")
def tiny() -> Design:
    return load_design(DESIGNS / "tiny.toml")


@pytest.fixture(scope="session")
def spec(tiny: Design) -> EncoderSpec:
    return random_spec(tiny, seed=0)
