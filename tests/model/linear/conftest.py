from collections.abc import Iterator

import pytest

from model.linear import coder


@pytest.fixture(scope="package", autouse=True)
def _short_training() -> Iterator[None]:
    """What the long one is for is measured by experiments."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coder, "STEPS", 100)
        yield
