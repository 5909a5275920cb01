"""Files that are either the old or the new one, never half of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["replaced", "replacing", "write_bytes", "write_text"]


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A name for a program to write to; the file takes the place of ``path`` at the end.

    It lies in the same folder, which is made where there is none. If anything fails, ``path`` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """As :func:`replaced`, opened for writing."""
    with replaced(path) as temporary, open(temporary, "wb") as file:
        yield file


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, in UTF-8."""
    write_bytes(path, text.encode())
