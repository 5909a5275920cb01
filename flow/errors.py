"""Errors that a user can do something about, as opposed to faults of the program."""

import platform
import shlex
import subprocess
import sys
from pathlib import Path

from pydantic import ValidationError

from flow.fingerprint import tool_versions
from flow.layout import SOURCES
from flow.runner import StageError
from spikecae.errors import sentence

__all__ = ["describe", "please_report"]

EXPECTED = (ValueError, OSError, StageError, subprocess.SubprocessError, MemoryError)
"""Bad designs, specs and data (all ``ValueError``), missing files, full disks, tools that fail."""

EXPECTED_BY_NAME = {
    "quantize.compare.MismatchError",
    "sim.batch.HangError",
    "sim.batch.ProtocolError",
    "sim.cocotb_run.BenchError",
    "sim.formal.prove.ProverError",
    "sim.stage.SimulationError",
    "sim.toolchain.MissingToolError",
    "sim.verilate.BuildError",
    "sim.toolchain.YosysError",
    "synth.gates.exercise.NetlistStuckError",
    "synth.mapping.fpga.RoutingError",
    "synth.place.placer.PlacerError",
    "synth.power.measure.NetlistError",
}
"""Expected too, but not worth loading their modules for."""


def describe(error: BaseException) -> str | None:
    """What to tell the user; None for an error that is the program's own fault."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if isinstance(error, ValidationError):
        return _of_a_file(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}; check this path"
    if isinstance(error, MemoryError):
        return f"not enough memory ({error}); close other programs, or give a shorter recording" if str(error) else None
    if isinstance(error, EXPECTED) or names & EXPECTED_BY_NAME:
        return sentence(error)
    if isinstance(error, ModuleNotFoundError) and not (SOURCES / str(error.name).split(".")[0]).is_dir():
        return f"the Python package {error.name!r} is missing; run make once, or use .venv/bin/python"
    return None


def please_report(error: BaseException) -> str:
    """What to tell the user of a fault of the program: what happened, and what a report of it should have in it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f" ({Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno})" if last else ""
    version = tool_versions(["spikecae"])["spikecae"]
    return "\n".join(
        [
            f"internal error: {type(error).__name__}: {error}{where}",
            "This is a fault of spikecae, not yours; please report it to its maintainers, with these lines and what",
            "the same command prints with SPIKECAE_DEBUG=1 set:",
            f"  command: python -m flow {shlex.join(sys.argv[1:])}",
            f"  spikecae {version if version != 'missing' else 'from a checkout'}, Python {platform.python_version()}, "
            f"{platform.platform()}",
        ]
    )


def _of_a_file(error: ValidationError) -> str:
    """A file of a stage that is not what it should be: its kind, and the first fault."""
    fault = error.errors(include_url=False)[0]
    key = ".".join(map(str, fault["loc"])) or "the file"
    rest = f", and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return (
        f"a stage's file is no {error.title} of this version ({key}: {fault['msg'].lower()}{rest}); it is broken or "
        "was written by another version: run make again, which makes it anew"
    )
