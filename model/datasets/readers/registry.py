"""Which reader a file is for, by its suffix."""

from collections.abc import Callable
from pathlib import Path

from model.datasets.spikes import SpikeTable
from spikecae.design import Design
from spikecae.opening.description import Description

__all__ = ["Reader", "reader_of", "reads", "suffixes_read"]

Reader = Callable[[Path, Design, Description], SpikeTable]
"""Takes a file that exists; raises a ValueError that names it and says what would help."""

_READERS: dict[str, Reader] = {}


def reads(*suffixes: str) -> Callable[[Reader], Reader]:
    """Decorator: the reader of files with these suffixes (``.mat``).

    Raises:
        ValueError: a suffix has a reader already.
    """

    def register(reader: Reader) -> Reader:
        for suffix in suffixes:
            if suffix in _READERS:
                raise ValueError(f"{suffix} files have a reader already, {_READERS[suffix].__qualname__}")
            _READERS[suffix] = reader
        return reader

    return register


def reader_of(path: Path) -> Reader | None:
    """The reader of a file, None where no module has asked for its suffix, as for folders."""
    return None if path.is_dir() else _READERS.get(path.suffix)


def suffixes_read() -> list[str]:
    """The suffixes that modules have asked for."""
    return sorted(_READERS)
