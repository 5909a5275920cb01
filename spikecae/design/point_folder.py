"""Where the operating points of a chip lie in its folder."""

from pathlib import Path

__all__ = ["FURTHER", "point_folder"]

FURTHER = "points"
"""Folder, beside what is of point 0, of all that is of the others."""


def point_folder(folder: Path, number: int) -> Path:
    """Where point ``number`` lies in the ``folder`` of a chip: point 0 in it, the others in ``points/<number>``."""
    return folder / FURTHER / str(number) if number else folder
