"""JSON files with a schema, read back: what they hold, or one sentence about what is wrong with them."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

__all__ = ["first_fault", "read_record"]

LONGEST_FAULT = 200
"""Characters."""
LARGEST_RECORD = 64 << 20
"""Bytes; the largest of these files, ``load.json`` of a large encoder, has a few million."""

R = TypeVar("R", bound=BaseModel)


def first_fault(error: ValidationError) -> str:
    """The first of its faults, and how many others there are, without the values."""
    faults = error.errors(include_url=False, include_input=False)
    where = ".".join(map(str, faults[0]["loc"]))
    text = ascii(f"{where}: {faults[0]['msg']}" if where else faults[0]["msg"])[1:-1]
    text = text if len(text) <= LONGEST_FAULT else f"{text[: LONGEST_FAULT - 1]}…"
    return text if len(faults) == 1 else f"{text}, and {len(faults) - 1} more"


def read_record(path: Path, kind: type[R], what: str, remedy: str) -> R:
    """A file that holds one object.

    Args:
        path: the file.
        kind: its schema.
        what: the file, in words that follow ``no``.
        remedy: what to do where there is none that can be read.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else, or of another version.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {what} {path}; {remedy}")
    if path.stat().st_size > LARGEST_RECORD:
        raise ValueError(f"{path}: no {what} of this version: more than {LARGEST_RECORD} bytes; {remedy}")
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: no {what} of this version ({first_fault(error)}); {remedy}") from None
