"""Rooms whose files register themselves: all of them are imported with the room."""

import importlib
import pkgutil
from collections.abc import Iterable

__all__ = ["import_modules"]


def import_modules(package: str, path: Iterable[str]) -> None:
    """Import every module in a package's folder, in order of name, so that a new file is one file and no list.

    Args:
        package: the package's ``__name__``.
        path: its ``__path__``.
    """
    for found in sorted(pkgutil.iter_modules(path), key=lambda module: module.name):
        importlib.import_module(f"{package}.{found.name}")
