"""Errors that a user can do something about, as opposed to faults of the program."""

import subprocess

from flow.layout import SOURCES
from flow.runner import StageError
from spikecae.errors import sentence

__all__ = ["describe"]

EXPECTED = (ValueError, OSError, StageError, subprocess.SubprocessError)
"""Bad designs, specs and data (all ``ValueError``), missing files, full disks, tools that fail."""

EXPECTED_BY_NAME = {
    "quantize.compare.MismatchError",
    "sim.batch.HangError",
    "sim.batch.ProtocolError",
    "sim.toolchain.MissingToolError",
    "sim.verilate.BuildError",
    "synth.mapping.yosys.YosysError",
}
"""Expected too, but not worth loading their modules for."""


def describe(error: BaseException) -> str | None:
    """What to tell the user; None for an error that is the program's own fault."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if isinstance(error, EXPECTED) or names & EXPECTED_BY_NAME:
        return sentence(error)
    if isinstance(error, ModuleNotFoundError) and not (SOURCES / str(error.name).split(".")[0]).is_dir():
        return f"the Python package {error.name!r} is missing; run make once, or use .venv/bin/python"
    return None
