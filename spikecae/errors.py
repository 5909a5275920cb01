"""What errors say: the thing, its value and the remedy; and which of them are the program's own fault."""

import errno
import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from spikecae import __version__, lacking

__all__ = [
    "FAILED",
    "INTERNAL",
    "REPLACING",
    "InputError",
    "about",
    "describe",
    "fault_sentence",
    "report",
    "sentence",
]

FAILED = 1
"""Exit status of a command that says what is wrong with what it was given."""
INTERNAL = 70
"""Exit status of a command that met a fault of its own: ``EX_SOFTWARE`` of ``sysexits.h``."""
DEBUG = "SPIKECAE_DEBUG"
"""Environment variable that adds tracebacks where it is 1."""

REPLACING = "overwrite=True"
"""What a caller says to have a file replaced; on the command line it is an option."""
LONGEST_VALUE = 80
"""Characters of a value that a message shows."""

REMEDIES = {
    errno.ENOENT: "there is no such file or folder; check the name",
    errno.EACCES: "not allowed; check its permissions, and those of the folders above it",
    errno.EPERM: "not allowed; check its permissions, and those of the folders above it",
    errno.EISDIR: "is a folder, and a file is needed; name a file in it",
    errno.ENOTDIR: "what this path takes for a folder is a file; check the path",
    errno.EEXIST: "what this path takes for a folder is a file; check the path",
    errno.ENOSPC: "no space is left on its disk; free some, or write elsewhere",
    errno.EDQUOT: "your share of its disk is used up; free some, or write elsewhere",
    errno.EFBIG: "larger than its disk or your limits allow; write elsewhere",
    errno.EROFS: "its disk is read-only; write elsewhere",
    errno.ENAMETOOLONG: "the name is too long for its disk; choose a shorter one",
    errno.ELOOP: "its symbolic links lead in a circle; name the file itself",
    errno.EIO: "its disk fails to read or write it; copy what can be read, and check the disk",
    errno.ENXIO: "is a socket or a device without a driver; name a file",
    errno.EMFILE: "too many files are open; close some, or raise the limit with ulimit -n",
}
"""What the system's error numbers come to for a file."""


class InputError(ValueError):
    """Something handed over is not as it must be. The message names it, its value, and the remedy."""


@contextmanager
def about(thing: object) -> Iterator[None]:
    """Have an :class:`InputError` begin with the thing that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{thing}: {error}") from None


def sentence(error: BaseException) -> str:
    """An error in words, whoever raised it."""
    if isinstance(error, ValidationError):
        return "; ".join(fault_sentence(fault) for fault in error.errors())
    if isinstance(error, OSError) and error.errno in REMEDIES:
        remedy = REMEDIES[error.errno]
        return remedy if error.filename is None else f"{os.fsdecode(error.filename)}: {remedy}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {str(error) or 'a piece of work does not fit'}; end other programs, or give it less"
    return str(error) or type(error).__name__


def fault_sentence(fault: Mapping[str, Any]) -> str:
    """One of the faults that pydantic lists, in words."""
    key = ".".join(str(part) for part in fault["loc"]) or "value"
    key, value = key if key.isprintable() else ascii(key), _shown(fault["input"])
    if len(key) > LONGEST_VALUE:
        key = f"{key[:LONGEST_VALUE]}…"
    match fault["type"]:
        case "extra_forbidden":
            return f"{key} = {value}: unknown key; remove it or correct its name"
        case "missing":
            return f"{key}: missing; add it"
        case _:
            return f"{key} = {value}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits is not written out
        return "a number that is too long"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"


def describe(error: BaseException) -> str | None:
    """What to tell the user; None for an error that is the program's own fault.

    Foreseen are the errors that the codec defines, those of files and memory, and packages that are not installed. A
    bare ``ValueError`` is not: what a user can mend has a class of its own.
    """
    own = isinstance(error, ValueError) and type(error).__module__.split(".")[0] == "spikecae"
    if own or isinstance(error, ValidationError | OSError | MemoryError):
        return sentence(error).replace(REPLACING, "--overwrite")
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.split(".")[0] != "spikecae":
        return lacking(error.name)
    return None


def report(error: BaseException, command: Sequence[str]) -> int:
    """Tell the user on standard error what went wrong; the exit status for it."""
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error)
    message = describe(error)
    if message is not None:
        print(f"error: {message}", file=sys.stderr)
        return FAILED
    line = shlex.join(command)
    print(
        f"error: spikecae {__version__} failed inside: {type(error).__name__}: {error}\n"
        f"This is a fault of the program; no output file was changed. Please report it to its developers, with the\n"
        f"lines above and what this command prints:\n"
        f"  {DEBUG}=1 {line}",
        file=sys.stderr,
    )
    return INTERNAL
