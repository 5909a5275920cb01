"""Checks that stages make of their fields when they are made."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_EXPONENT", "MAX_SHIFT", "require", "require_array", "require_exponents"]

MAX_SHIFT = 31
MAX_EXPONENT = 63


def require(condition: bool, message: str) -> None:
    """Raise ``ValueError(message)`` unless the condition holds."""
    if not condition:
        raise ValueError(message)


def require_array(name: str, array: NDArray[np.generic], dtype: type, shape: tuple[int, ...]) -> None:
    """An array of this type and shape."""
    require(array.dtype == np.dtype(dtype), f"{name} must be {np.dtype(dtype)}, got {array.dtype}")
    require(array.shape == shape, f"{name} must have shape {shape}, got {array.shape}")


def require_exponents(name: str, *exponents: int) -> None:
    """Exponents that floats can hold many times over."""
    for exponent in exponents:
        require(abs(exponent) <= MAX_EXPONENT, f"{name}: exponent {exponent} must lie in ±{MAX_EXPONENT}")
