"""The code that something was made by, as a hash: what is kept for a next time is kept by it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flow.code import code_hashes
from flow.fingerprint import hash_json
from flow.layout import SOURCES

__all__ = ["code_of"]


def code_of(function: Callable[..., Any]) -> str:
    """SHA-256, in hex, of a function of a module, with all that it uses."""
    path = Path(inspect.getfile(inspect.unwrap(function))).resolve()
    return hash_json(code_hashes(path, SOURCES, function.__name__))
