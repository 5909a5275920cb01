"""Checks that stages make of their fields when they are made."""

import re

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_EXPONENT", "MAX_SHIFT", "NAME", "require", "require_array", "require_exponents", "require_range"]

MAX_SHIFT = 31
MAX_EXPONENT = 63
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""Of a design and of a stage. A stage within another is called ``outer.field``."""


def require(condition: bool, message: str) -> None:
    """Raise ``ValueError(message)`` unless the condition holds."""
    if not condition:
        raise ValueError(message)


def require_array(name: str, array: NDArray[np.generic], dtype: type, shape: tuple[int, ...]) -> None:
    """An array of this type and shape."""
    require(array.dtype == np.dtype(dtype), f"{name} must be {np.dtype(dtype)}, got {array.dtype}")
    require(array.shape == shape, f"{name} must have shape {shape}, got {array.shape}")


def require_range(name: str, value: int, low: int, high: int) -> None:
    """A number in a range, both ends included."""
    require(low <= value <= high, f"{name} = {value} must lie in {low}..{high}")


def require_exponents(name: str, *exponents: int) -> None:
    """Exponents that floats can hold many times over."""
    for exponent in exponents:
        require(abs(exponent) <= MAX_EXPONENT, f"{name}: exponent {exponent} must lie in ±{MAX_EXPONENT}")
