"""From a TOML file to a design, or to all of the file's faults."""

import re
import tomllib
from collections.abc import Collection, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spikecae.design.design import Design
from spikecae.design.section import Origin

__all__ = ["DesignError", "load_design"]

LONGEST_VALUE = 60
"""Characters of a key or value that a fault shows."""
LARGEST_FILE = 1 << 16
"""Bytes; shipped designs have two thousand."""
DEEPEST = 16
"""Tables and lists within one another."""
NUMBER_BITS = 64
MOST_FAULTS = 40
"""That a message lists."""
BARE_KEY = re.compile(r"[\w-]+", re.ASCII)

TOML_TYPES = {
    "bool_type": "true or false, without quotes",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes or decimal point",
    "list_type": "a list in brackets",
    "string_type": "text in quotes",
}
"""How to write what pydantic asks for."""


class DesignError(ValueError):
    """A design file that cannot be used. ``faults`` holds one line per fault."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.path = path
        self.faults = faults
        noun = "fault" if len(faults) == 1 else "faults"
        lines = [f"{path}: {len(faults)} {noun} in this design", *faults[:MOST_FAULTS]]
        lines += [f"  and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        super().__init__("\n".join(lines))


def load_design(path: Path, *, macro_processes: Collection[str] | None = None) -> Design:
    """Read and check a design file.

    Args:
        path: the file, UTF-8 with or without a byte-order mark.
        macro_processes: names that ``hardware.memories`` may have beside those that every process has; None allows any.

    Raises:
        FileNotFoundError: there is no such file.
        DesignError: it is not TOML, or has faults; all of them are found, and the first ones listed.
    """
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml"))) or "none"
        raise FileNotFoundError(f"no design file {path} (designs in that folder: {known})")
    if path.stat().st_size > LARGEST_FILE:
        raise DesignError(path, [f"  more than {LARGEST_FILE} bytes: no design"])
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DesignError(path, [f"  not valid TOML: {error}; save it as UTF-8"]) from None
    except (ValueError, RecursionError) as error:
        raise DesignError(path, [f"  not valid TOML: {error}"]) from None
    outsized = [*_outsized(raw)]
    if outsized:
        raise DesignError(path, outsized)
    try:
        return Design.model_validate(raw, context=Origin(path.stem, macro_processes))
    except ValidationError as error:
        raise DesignError(path, [_describe(fault) for fault in error.errors()]) from None


def _outsized(raw: dict[str, Any]) -> Iterator[str]:
    """Faults of values that cannot even be shown: nested deeply, or numbers of thousands of digits."""
    waiting: list[tuple[tuple[int | str, ...], Any]] = [((), raw)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, int) and value.bit_length() > NUMBER_BITS:
            yield f"  {_key(place)}: a number of {value.bit_length()} bits, {NUMBER_BITS} at most; choose a smaller one"
        elif isinstance(value, dict | list) and len(place) == DEEPEST:
            yield f"  {_key(place)}: more than {DEEPEST} tables or lists within one another; remove some"
        elif isinstance(value, dict | list):
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [((*place, key), item) for key, item in inside]


def _key(place: tuple[int | str, ...]) -> str:
    """As it is written in the file, and cut where it is long."""
    parts = [str(part) if isinstance(part, int) or BARE_KEY.fullmatch(part) else ascii(part) for part in place]
    return _cut(".".join(parts))


def _describe(fault: ErrorDetails) -> str:
    key = _key(fault["loc"])
    match fault["type"]:
        case "missing":
            return f"  {key}: missing; add it"
        case "extra_forbidden":
            text = "unknown key; remove it or correct its name"
        case "model_type":
            text = f"must be a table; write [{key}] on a line of its own, and its keys below"
        case kind:
            text = fault["msg"][0].lower() + fault["msg"][1:]
            text += f"; write {TOML_TYPES[kind]}" if kind in TOML_TYPES else ""
    return f"  {key} = {_shown(fault['input'])}: {text}"


def _shown(value: Any) -> str:
    return _cut(str(value) if isinstance(value, date | time) else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
