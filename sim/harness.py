"""The functions of ``harness.cpp``, and the arrays that they point to."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["copied", "load_harness"]


def copied(pointer: Any, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(count,) values of a type that a pointer of the harness leads to."""
    if count == 0:
        return np.empty(0, dtype=dtype)
    address = ctypes.cast(pointer, ctypes.c_void_p).value or 0
    raw = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(address)
    return np.frombuffer(bytearray(raw), dtype=dtype)


def load_harness(path: Path) -> ctypes.CDLL:
    """The functions of a library that was built with ``harness.cpp``.

    Raises:
        OSError: the library cannot be loaded.
    """
    library = ctypes.CDLL(str(path.resolve()))
    handle, number, pointer = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p
    unsigned, integer, text, real = ctypes.c_uint, ctypes.c_int, ctypes.c_char_p, ctypes.c_double
    signatures: dict[str, tuple[object, Sequence[object]]] = {
        "sim_new": (handle, [integer, text]),
        "sim_delete": (None, [handle]),
        "sim_add_tap": (None, [handle, unsigned, unsigned, unsigned, integer]),
        "sim_add_reads": (integer, [handle, text, text, text, number]),
        "sim_reads": (pointer, [handle, unsigned]),
        "sim_pauses": (None, [handle, unsigned, number, real, real]),
        "sim_reset": (None, [handle, unsigned]),
        "sim_write": (integer, [handle, unsigned, unsigned, unsigned]),
        "sim_write_twice": (integer, [handle, pointer, pointer, unsigned]),
        "sim_read": (ctypes.c_int64, [handle, unsigned]),
        "sim_feed": (None, [handle, pointer, pointer, pointer, number]),
        "sim_advance": (integer, [handle, number, number, number]),
        "sim_cycle": (number, [handle]),
        "sim_frames": (number, [handle]),
        "sim_asleep": (number, [handle]),
        "sim_input": (number, [handle, pointer]),
        "sim_output": (number, [handle, pointer, pointer, pointer]),
        "sim_transfers": (number, [handle, unsigned]),
        "sim_tap": (number, [handle, unsigned, pointer]),
        "sim_drop": (None, [handle, unsigned, number]),
        "sim_coverage": (integer, [handle, text]),
        "sim_preset": (integer, [handle, text, text, number]),
        "sim_flip": (integer, [handle, text, text, number, unsigned]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return library
