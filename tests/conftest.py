"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

from spikecae.design import Design, load_design


@pytest.fixture(scope="session")
def tiny() -> Design:
    """The small design."""
    return load_design(Path(__file__).parent.parent / "designs" / "tiny.toml")
