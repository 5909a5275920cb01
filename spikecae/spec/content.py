"""Stages as JSON and named arrays, and back. What a class's fields are declared as is what they may hold."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spikecae.stages.base import KINDS
from spikecae.stages.checks import NAME

__all__ = ["check_fields", "pack", "unpack"]


def pack(value: Any, path: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A stage, or what is within one, as JSON; its arrays go into ``arrays`` under their ``path``."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path, "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, tuple):
        return [pack(item, f"{path}.{number}", arrays) for number, item in enumerate(value)]
    if is_dataclass(value):
        # A field that has its default is left out, so that a spec that needs no new field keeps its hash.
        body = {
            field.name: pack(getattr(value, field.name), f"{path}.{field.name}", arrays)
            for field in fields(value)
            if field.default is MISSING or getattr(value, field.name) != field.default
        }
        return {"kind": getattr(value, "kind", type(value).__name__), **body}
    return value


def unpack(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """What :func:`pack` made JSON of.

    Args:
        value: JSON.
        arrays: every array that it names.

    Raises:
        ValueError: no such kind, or fields that a kind has not, or of other types.
    """
    if isinstance(value, list):
        return tuple(unpack(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    name = value.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"no kind of stage is called {str(name)[:64]!r}; this program knows {known}")
    kind = KINDS[name]
    body = {key: unpack(item, arrays) for key, item in value.items() if key != "kind"}
    check_fields(kind, body)
    return kind(**body)


def check_fields(kind: type, body: Mapping[str, Any]) -> None:
    """Refuse unknown and missing fields, those of other types than the class declares, and defaults written down.

    Raises:
        ValueError: names the field.
    """
    hints, name = get_type_hints(kind), body.get("name")
    where = name if isinstance(name, str) and _is_name(name) else kind.__name__
    declared = {field.name: field for field in fields(kind)}
    for key, value in body.items():
        if key not in declared:
            raise ValueError(f"{where}: unknown field {key[:64]!r}")
        if not _is_a(value, hints[key]):
            raise ValueError(f"{where}.{key}: unexpected {type(value).__name__}")
        if isinstance(value, str) and not _is_name(value):
            form = "letters, digits and _, 64 at most, a letter first; of a stage within another, both names and a dot"
            raise ValueError(f"{where}.{key} = {value[:64]!r}: a name is of {form}")
        if type(value) is type(declared[key].default) and value == declared[key].default:
            raise ValueError(f"{where}.{key} = {value} is what it is where nothing is said; leave it out")
    for key, field in declared.items():
        if key not in body and field.default is MISSING:
            raise ValueError(f"{where}: field {key!r} is missing")


def _is_name(text: str) -> bool:
    return all(NAME.fullmatch(part) for part in text.split(".", 1))


def _is_a(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if hasattr(origin, "__value__"):  # an alias with a name, as NumPy's NDArray is from 2.5 on
        origin = get_origin(origin.__value__)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(item, get_args(hint)[0]) for item in value)
    if isinstance(hint, UnionType):
        return isinstance(value, hint)
    if origin is None and isinstance(hint, type) and hint not in (bool, int, str, float):
        return isinstance(value, hint)
    return type(value) is (origin or hint)
