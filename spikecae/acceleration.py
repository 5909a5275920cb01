"""Compiled kernels where Numba is installed (extra ``fast``); without it, NumPy computes the same."""

from functools import cache
from types import ModuleType

__all__ = ["kernels"]


@cache
def kernels() -> ModuleType | None:
    """The module of compiled kernels, or None. Imported when first asked for: Numba takes half a second to load."""
    try:
        from spikecae import compiled
    except ImportError:
        return None
    return compiled
