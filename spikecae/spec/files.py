"""The spec on disk: ``spec.json`` (structure, scalars, dtype and shape of every array) and ``spec.npz`` (the arrays).

Files come from strangers too: what a file claims is checked before it is believed, and an array is unpacked only when
the structure names it, and only as far as the structure says.
"""

import io
import json
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spikecae.files import replacing
from spikecae.spec.content import check_fields, unpack
from spikecae.spec.encoder_spec import HEAD, SCHEMA_VERSION, EncoderSpec, SpecError

__all__ = ["load_spec", "save_spec"]

LARGEST_STRUCTURE = 4 << 20
"""Bytes of ``spec.json``."""
LARGEST_ARRAYS = 32 << 20
"""Bytes of all arrays together: ten times the largest encoder of these dimensions."""
HEADER_ROOM = 4096
"""Bytes that an array's file may take besides its values."""
DTYPES = ("int8", "uint8", "int16", "uint16", "int32")
"""Types that stages have."""
CORRUPT = (
    *(KeyError, TypeError, ValueError, RecursionError, OverflowError, AttributeError),
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
)
"""What reading nonsense may raise."""


def save_spec(spec: EncoderSpec, folder: Path) -> None:
    """Write ``spec.npz`` and ``spec.json`` into ``folder``, each replaced whole, the structure last."""
    head, arrays = spec.content
    with replacing(folder / "spec.npz") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    with replacing(folder / "spec.json") as file:
        file.write((json.dumps({"hash": spec.hash, **head}, indent=1) + "\n").encode())


def load_spec(folder: Path) -> EncoderSpec:
    """Read and check the spec in ``folder``.

    Raises:
        FileNotFoundError: a file is missing.
        SpecError: a file is corrupt, of another version, or its parts contradict each other.
    """
    text, npz = folder / "spec.json", folder / "spec.npz"
    for path in (text, npz):
        if not path.is_file():
            raise FileNotFoundError(f"no encoder spec {path}; run the quantize stage to make it")
    with _about(text):
        head = _read_structure(text)
        stored, declared = head["hash"], dict(_declared(head["stages"]))
        total = sum(dtype.itemsize * math.prod(shape) for dtype, shape in declared.values())
        if total > LARGEST_ARRAYS:
            raise SpecError(f"its arrays would take {total} bytes, {LARGEST_ARRAYS} at most")
    with _about(npz):
        arrays = _read_arrays(npz, declared)
    with _about(text):
        body = {key: head[key] for key in HEAD} | {"stages": unpack(head["stages"], arrays)}
        check_fields(EncoderSpec, body)
        spec = EncoderSpec(**body)
    if spec.hash != stored:
        raise SpecError(f"{text}: content hashes to {spec.hash}, but the file says {str(stored)[:64]}; make it anew")
    return spec


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    except CORRUPT as error:
        raise SpecError(f"{path}: corrupt: {type(error).__name__}: {str(error)[:400]}; make the spec anew") from error


def _read_structure(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_STRUCTURE:
        raise SpecError(f"{path.stat().st_size} bytes, {LARGEST_STRUCTURE} at most: no encoder spec")
    head = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(head, dict):
        raise SpecError(f"holds a {type(head).__name__}, not the structure of a spec")
    if head["schema_version"] != SCHEMA_VERSION:
        version = str(head["schema_version"])[:64]
        raise SpecError(f"schema_version = {version}, this program reads {SCHEMA_VERSION}")
    unknown = sorted(head.keys() - {"hash", "schema_version", "stages", *HEAD})
    if unknown:
        raise SpecError(f"unknown key {unknown[0][:64]!r}")
    return head


def _declared(value: Any) -> Iterator[tuple[str, tuple[np.dtype[Any], tuple[int, ...]]]]:
    """Type and shape of every array that the structure names, by the array's name.

    Raises:
        SpecError: they are no type and shape of a stage's array.
    """
    if isinstance(value, list):
        for item in value:
            yield from _declared(item)
    elif isinstance(value, dict) and "array" in value:
        name, dtype, shape = value["array"], value["dtype"], value["shape"]
        if value.keys() != {"array", "dtype", "shape"} or not isinstance(name, str) or dtype not in DTYPES:
            raise SpecError(f"array {str(name)[:64]!r}: must have a name, a dtype of {', '.join(DTYPES)}, and a shape")
        if not isinstance(shape, list) or not all(type(n) is int and 0 <= n <= LARGEST_ARRAYS for n in shape):
            raise SpecError(f"array {name[:64]!r}: shape {str(shape)[:64]} is none")
        yield name, (np.dtype(dtype), tuple(shape))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _declared(item)


def _read_arrays(path: Path, declared: dict[str, tuple[np.dtype[Any], tuple[int, ...]]]) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        if len(set(members)) != len(members) or set(members) != {f"{name}.npy" for name in declared}:
            odd = sorted(set(members) ^ {f"{name}.npy" for name in declared})
            what = f"{odd[0][:64]!r} is in one of both only" if odd else "an array is there twice"
            raise SpecError(f"does not hold the arrays that spec.json names: {what}")
        return {name: _read_array(archive, name, *declared[name]) for name in declared}


def _read_array(archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    size = dtype.itemsize * math.prod(shape)
    with archive.open(f"{name}.npy") as member:
        data = member.read(size + HEADER_ROOM + 1)
    if len(data) > size + HEADER_ROOM:
        raise SpecError(f"corrupt: {name[:64]!r} is larger than the structure says")
    file = io.BytesIO(data)
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    found, by_column, stored = read(file)
    if stored != dtype or found != shape:
        raise SpecError(f"corrupt: {name[:64]!r} is {stored}{found}, structure says otherwise")
    values = np.frombuffer(data, dtype=stored, offset=file.tell())
    if values.size != math.prod(shape):
        raise SpecError(f"corrupt: {name[:64]!r} holds {values.size} values for shape {shape}")
    return values.reshape(shape, order="F" if by_column else "C").astype(dtype, order="C")
