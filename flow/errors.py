"""Errors that a user can do something about, as opposed to faults of the program."""

import subprocess

from flow.runner import StageError

__all__ = ["describe"]

EXPECTED = (ValueError, OSError, StageError, subprocess.SubprocessError)
"""Bad designs, specs and data (all ``ValueError``), missing files, full disks, tools that fail."""


def describe(error: BaseException) -> str | None:
    """What to tell the user; None for an error that is the program's own fault."""
    if isinstance(error, EXPECTED) or _is_missing_tool(error):
        return str(error) or type(error).__name__
    if isinstance(error, ModuleNotFoundError):
        return f"the Python package {error.name!r} is missing; run make once, or use .venv/bin/python"
    return None


def _is_missing_tool(error: BaseException) -> bool:
    from sim.toolchain import MissingToolError

    return isinstance(error, MissingToolError)
