"""``spec.npz`` as it comes from anywhere: only what the structure names is unpacked, and only as far as it says."""

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spikecae.spec.encoder_spec import SpecError
from spikecae.spec.structure import LARGEST_ARRAYS, Declared

__all__ = ["read_arrays"]

HEADER_ROOM = 256
"""Bytes that an array's file may take besides its values; NumPy writes 128."""
LARGEST_FILE = LARGEST_ARRAYS + (1 << 20)
"""Bytes: every array as it is, with its header."""
LARGEST_DIRECTORY = 1 << 19
"""Bytes of a zip file's directory, which is read before anything in it can be judged."""
END = struct.Struct("<4s4H2LH")
"""Of a zip file: signature, disks and entries, size and place of the directory, length of a comment."""
END_SIGNATURE, LOCATOR_SIGNATURE = b"PK\5\6", b"PK\6\7"
LOCATOR_BYTES = 20
"""Before the end, of a zip file with a second, larger end."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that unpack no more than is asked for."""


def read_arrays(path: Path, declared: Mapping[str, Declared]) -> dict[str, NDArray[Any]]:
    """The arrays by name.

    Raises:
        SpecError: the file is damaged, or holds other arrays than those declared.
    """
    with open(path, "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise SpecError(f"more than {LARGEST_FILE} bytes: no arrays of a spec")
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive, declared)
            return {name: _read_array(archive, name, array) for name, array in declared.items()}
    except SpecError:
        raise
    except Exception as error:  # zipfile and NumPy's reader have an error for every kind of damage
        reason = " ".join(str(error).split())[:200]
        raise SpecError(f"corrupt: {type(error).__name__}: {reason!r}; make the spec anew") from None


def _check_end(data: bytes) -> None:
    """Refuse a directory that would take long to read, before :mod:`zipfile` reads it."""
    end = data[-END.size :]
    if len(end) < END.size or not end.startswith(END_SIGNATURE):
        raise SpecError("corrupt: no zip file, or its end is cut off; make the spec anew")
    if data[-END.size - LOCATOR_BYTES :].startswith(LOCATOR_SIGNATURE) or END.unpack(end)[5] > LARGEST_DIRECTORY:
        raise SpecError(f"corrupt: the directory of its members takes more than {LARGEST_DIRECTORY} bytes")


def _check_members(archive: zipfile.ZipFile, declared: Mapping[str, Declared]) -> None:
    """Refuse other members than the structure names, of other sizes, or packed so that they could grow."""
    members = archive.namelist()
    wanted = {f"{name}.npy": array for name, array in declared.items()}
    if len(set(members)) != len(members) or set(members) != wanted.keys():
        odd = sorted(set(members) ^ wanted.keys())
        what = f"{odd[0][:64]!r} is in one of both only" if odd else "an array is there twice"
        raise SpecError(f"does not hold the arrays that spec.json names: {what}")
    for member in archive.infolist():
        size = wanted[member.filename].size
        if not size <= member.file_size <= size + HEADER_ROOM:
            raise SpecError(
                f"corrupt: {member.filename!r} has {member.file_size} bytes, but spec.json says {size} and a header"
            )
        if member.compress_type not in METHODS:
            raise SpecError(f"corrupt: {member.filename!r} must be stored or deflated")


def _read_array(archive: zipfile.ZipFile, name: str, array: Declared) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        data = member.read(array.size + HEADER_ROOM)
    file = io.BytesIO(data)
    version = npy.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} is of version {version} of NumPy's format, must be (1, 0)")
    shape, by_column, dtype = npy.read_array_header_1_0(file)
    if by_column:
        raise ValueError(f"{name} lies column by column, must lie row by row")
    if dtype != array.dtype or shape != array.shape:
        raise ValueError(f"{name} is {dtype}{shape}, but spec.json says {array.dtype}{array.shape}")
    return np.frombuffer(data, dtype=dtype, offset=file.tell()).reshape(shape).copy()
