"""What the stages need: is it there, what is it for, and how to get it."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from rich.table import Table

from spikecae import __version__

__all__ = ["Examination", "Finding", "examine", "findings", "table_of"]

WANTED_DISK_GB = 3.0
"""For the Python environment (2 GB) and one design's build folder."""


@dataclass(frozen=True)
class Finding:
    """One thing looked for. ``found`` is None where it is missing; ``optional`` things may be."""

    name: str
    purpose: str
    found: str | None
    remedy: str
    optional: bool = False


class Examination(BaseModel):
    """All findings, and whether everything is there that is not optional."""

    schema_version: Literal[1] = 1
    complete: bool
    findings: list[Finding]


def findings() -> Iterator[Finding]:
    """Look for everything, the stages' tools as ``sim.toolchain`` lists them."""
    from sim.toolchain import TOOLS, version_of

    python = platform.python_version() if sys.version_info >= (3, 11) else None
    yield Finding("python", "runs the toolkit; 3.11 or later", python, "make PYTHON=python3.11")
    for name, tool in TOOLS.items():
        yield Finding(name, tool.purpose, version_of(name), tool.install, tool.optional)
    yield Finding(
        "spikecae", "the codec's command, of this checkout", _command(), "touch pyproject.toml && make doctor", True
    )
    yield _folder("PDK_ROOT", "cell libraries, for synthesis to a process")
    yield _folder("SPIKECAE_DATA", "real recordings, for the tests that use them")
    free = shutil.disk_usage(Path()).free / 1e9
    enough = f"{free:.0f} GB free" if free >= WANTED_DISK_GB else None
    yield Finding("disk", f"{WANTED_DISK_GB:.0f} GB for .venv and build", enough, "free some space on this disk")


def _command() -> str | None:
    """The command beside the Python that runs this, if it runs the code that is here."""
    command = Path(sys.executable).with_name("spikecae")
    try:
        installed = version("spikecae")
    except PackageNotFoundError:
        return None
    return f"{command}, {installed}" if command.is_file() and installed == __version__ else None


def _folder(variable: str, purpose: str) -> Finding:
    value = os.environ.get(variable)
    found = value if value and Path(value).is_dir() else None
    lacks = f"{variable} names no folder: {value}" if value else f"export {variable}=/path/to/folder"
    return Finding(variable, purpose, found, lacks, optional=True)


def examine() -> Examination:
    """Look for everything."""
    found = list(findings())
    return Examination(complete=all(item.optional or item.found is not None for item in found), findings=found)


def table_of(examination: Examination) -> Table:
    """What was found, and how to get what was not."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "what", "for", "found, or how to get it"):
        table.add_column(heading, overflow="fold")
    for finding in examination.findings:
        missing = finding.found is None
        mark = "[green]✓[/]" if not missing else "[yellow]–[/]" if finding.optional else "[red]✗[/]"
        name = f"{finding.name} (optional)" if finding.optional else finding.name
        table.add_row(mark, name, finding.purpose, finding.found or finding.remedy)
    return table
