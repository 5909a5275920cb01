"""Fields of a spec's stages, against the types that their classes declare."""

from dataclasses import make_dataclass
from typing import Any, TypeVar

import numpy as np
import pytest
from typing_extensions import TypeAliasType

from spikecae.spec.content import check_fields


def test_an_array_hint_may_be_an_alias_with_a_name():
    """NumPy's NDArray is one from 2.5 on."""
    scalar = TypeVar("scalar", bound=np.generic)
    alias = TypeAliasType("alias", np.ndarray[Any, np.dtype[scalar]], type_params=(scalar,))
    kind = make_dataclass("Kind", [("offset", alias[np.int8])])  # type: ignore[misc]
    check_fields(kind, {"offset": np.zeros(2, np.int8)})
    with pytest.raises(ValueError, match="offset: unexpected list"):
        check_fields(kind, {"offset": [0, 0]})
