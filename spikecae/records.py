"""JSON files with a schema, read back: what they hold, or one sentence about what is wrong with them."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from spikecae.errors import InputError, fault_sentence

__all__ = ["read_record"]

LARGEST_RECORD = 64 << 20
"""Bytes; the largest of these files, ``load.json`` of a large encoder, has a few million."""

R = TypeVar("R", bound=BaseModel)


def read_record(path: Path, kind: type[R], what: str, remedy: str) -> R:
    """A file that holds one object.

    Args:
        path: the file.
        kind: its schema.
        what: the file, in words that follow ``no``.
        remedy: what to do where there is none that can be read.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is something else, or of another version.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {what} {path}; {remedy}")
    if path.stat().st_size > LARGEST_RECORD:
        raise InputError(f"{path}: no {what} of this version: more than {LARGEST_RECORD} bytes; {remedy}")
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        more = f", and {len(others)} more" if others else ""
        raise InputError(f"{path}: no {what} of this version ({fault_sentence(first)}{more}); {remedy}") from None
