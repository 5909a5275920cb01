"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

from spikecae.design import Design, load_design

DESIGNS = Path(__file__).parent.parent / "designs"


@pytest.fixture(scope="session")
def tiny() -> Design:
    """The small design."""
    return load_design(DESIGNS / "tiny.toml")


@pytest.fixture(scope="session")
def neuropixels() -> Design:
    """The default design."""
    return load_design(DESIGNS / "neuropixels.toml")
