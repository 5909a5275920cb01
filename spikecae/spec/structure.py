"""``spec.json`` as it comes from anywhere: a structure of bounded size that says each thing once, or a fault."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from spikecae.spec.encoder_spec import HEAD, SCHEMA_VERSION, SpecError

__all__ = ["Declared", "declared_arrays", "read_structure"]

LARGEST_STRUCTURE = 1 << 20
"""Bytes of ``spec.json``."""
LARGEST_ARRAYS = 8 << 20
"""Bytes of all arrays together: ten times the largest encoder that a design file can ask for."""
MOST_ARRAYS = 2048
LONGEST_NUMBER = 20
"""Characters of an integer: those of 64 bits."""
MOST_DIMENSIONS = 3
DTYPES = ("int8", "uint8", "int16", "uint16", "int32")
"""Types that stages have."""
KEYS = {"hash", "schema_version", *HEAD, "stages"}


@dataclass(frozen=True)
class Declared:
    """What the structure says of an array."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.dtype.itemsize * math.prod(self.shape)


def read_structure(path: Path) -> dict[str, Any]:
    """The keys of ``spec.json``, all of them there; ``stages`` is a list of objects that have names.

    Raises:
        SpecError: it is too large, no JSON, says a thing twice, or is of another version.
    """
    with open(path, "rb") as file:
        text = file.read(LARGEST_STRUCTURE + 1)
    if len(text) > LARGEST_STRUCTURE:
        raise SpecError(f"more than {LARGEST_STRUCTURE} bytes: no encoder spec")
    try:
        head = json.loads(text.decode(), object_pairs_hook=_object, parse_int=_integer, parse_constant=_no_number)
    except ValueError as error:
        raise SpecError(f"no JSON of an encoder spec: {error}") from None
    if not isinstance(head, dict):
        raise SpecError(f"holds a {type(head).__name__}, not the structure of a spec")
    if "schema_version" in head and (type(head["schema_version"]), head["schema_version"]) != (int, SCHEMA_VERSION):
        version = repr(head["schema_version"])[:64]
        raise SpecError(f"schema_version = {version}, this program reads {SCHEMA_VERSION}")
    odd = sorted(head.keys() ^ KEYS)
    if odd:
        raise SpecError(f"unknown key {odd[0][:64]!r}" if odd[0] in head else f"key {odd[0]!r} is missing")
    stages = head["stages"]
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise SpecError("stages must be a list of objects")
    return head


def declared_arrays(stages: list[dict[str, Any]]) -> dict[str, Declared]:
    """Type and shape of every array that the structure names, by the array's name: its place in the structure.

    Raises:
        SpecError: they are no type and shape of a stage's array, another name, or too much in all.
    """
    found: dict[str, Declared] = {}
    total = 0
    for stage in stages:
        for name, array in _declared(stage, str(stage.get("name"))):
            total += array.size
            if name in found:
                raise SpecError(f"array {name[:64]!r} is there twice")
            found[name] = array
            if total > LARGEST_ARRAYS or len(found) > MOST_ARRAYS:
                raise SpecError(
                    f"its arrays would be more than {MOST_ARRAYS}, or take more than {LARGEST_ARRAYS} bytes"
                )
    return found


def _declared(value: Any, place: str) -> Iterator[tuple[str, Declared]]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _declared(item, f"{place}.{number}")
    elif isinstance(value, dict) and "array" in value:
        yield place, _array(value, place)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _declared(item, f"{place}.{key}")


def _array(value: dict[str, Any], place: str) -> Declared:
    where = f"array {place[:64]!r}"
    if value.keys() != {"array", "dtype", "shape"} or value["dtype"] not in DTYPES:
        raise SpecError(f"{where}: must have a name, a dtype of {', '.join(DTYPES)}, and a shape")
    if value["array"] != place:
        raise SpecError(f"{where}: is called {str(value['array'])[:64]!r}, must be called by its place")
    shape = value["shape"]
    if not isinstance(shape, list) or not 1 <= len(shape) <= MOST_DIMENSIONS:
        raise SpecError(f"{where}: a shape is a list of 1 to {MOST_DIMENSIONS} numbers")
    if not all(type(n) is int and 0 <= n <= LARGEST_ARRAYS for n in shape):
        raise SpecError(f"{where}: shape {str(shape)[:64]} is none")
    return Declared(np.dtype(value["dtype"]), tuple(shape))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key[:64]!r} is there twice")
        found[key] = value
    return found


def _integer(text: str) -> int:
    return int(text) if len(text) <= LONGEST_NUMBER else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text if len(text) <= LONGEST_NUMBER else text[:LONGEST_NUMBER] + '…'} is no number of a spec")
