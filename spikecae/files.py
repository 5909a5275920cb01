"""Files that are either the old or the new one, never half of it, and never those that are read from."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from spikecae.errors import REPLACING, InputError

__all__ = [
    "OutputError",
    "check_folder",
    "check_output",
    "name_full_disk",
    "replaced",
    "replacing",
    "write_bytes",
    "write_text",
]

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class OutputError(InputError):
    """A file that must not be written: it is read from, is something else than a file, or holds something else."""


def check_output(
    path: Path, inputs: Iterable[Path], *, kind: str, is_kind: Callable[[Path], bool], overwrite: bool
) -> None:
    """Make sure that nothing of value is lost when ``path`` is written.

    Args:
        path: where output is to go; need not exist.
        inputs: what is read from.
        kind: what is to be written, in words.
        is_kind: whether an existing file is of that kind; such a file is an older output, and may be replaced.
        overwrite: whether the user wants a file of any other kind replaced too.

    Raises:
        OutputError: ``path`` is one of the inputs, under this or any other name; or a folder, a device or a pipe; or
            a file of another kind, and ``overwrite`` is not set; or it cannot be made where it is to be.
    """
    check_folder(path.parent)
    if path.is_dir():
        raise OutputError(f"{path} is a folder, and the output is a file; name one in it, such as {path / 'output'}")
    if not path.exists():
        return
    for source in inputs:
        if source.exists() and os.path.samefile(source, path):
            alias = "" if source == path else f" (it is {source})"
            raise OutputError(f"{path}{alias} is read from, so it cannot be the output too; name another output")
    if not path.is_file():
        raise OutputError(f"{path} is no regular file, and would be replaced by one; name a file as the output")
    if not overwrite and not is_kind(path):
        raise OutputError(f"{path} exists and is not {kind}; name another output, or replace it with {REPLACING}")


def check_folder(folder: Path) -> None:
    """Make sure that files can be made in ``folder``, which need not exist.

    Raises:
        OutputError: it, or what it is to lie in, is a file, or may not be written to.
    """
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        raise OutputError(f"{there} is a file, and the output would lie in it as in a folder; name another output")
    if there is not None and not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{there}: nothing may be written there; check its permissions, or name another output")


def name_full_disk(error: OSError, path: Path) -> None:
    """Have the error of a full disk say on which file's behalf, as the system does not."""
    if error.filename is None and error.errno in NO_ROOM:
        error.filename = str(path)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A name for a program to write to; the file takes the place of ``path`` at the end.

    It lies in the same folder, which is made where there is none. If anything fails, ``path`` stays as it was. A
    symbolic link stays one: what it points to is replaced.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        name_full_disk(error, path)
        if error.filename == str(temporary):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # it is gone, or never came to be
            temporary.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """As :func:`replaced`, opened for writing."""
    with replaced(path) as temporary, open(temporary, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())  # or a power cut could leave the new name with nothing in it


def write_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``."""
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, in UTF-8."""
    write_bytes(path, text.encode())
