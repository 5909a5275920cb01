"""Readers of files: a module for each kind of file, which it says by suffix. Any other file is for SpikeInterface."""

from pathlib import Path

from model.datasets.readers.recording import read_recording
from model.datasets.readers.registry import reader_of
from model.datasets.spikes import SpikeTable
from spikecae.design import Design
from spikecae.discovery import import_modules
from spikecae.opening.description import Description

__all__ = ["read"]

import_modules(__name__, __path__)


def read(path: Path, design: Design, description: Description) -> SpikeTable:
    """The spikes of a file or folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it cannot be read, or does not fit the design in shape, rate, unit or size.
    """
    if not path.exists():
        raise FileNotFoundError(f"no recording at {path}; check the path given as data")
    return (reader_of(path) or read_recording)(path, design, description)
