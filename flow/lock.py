"""Write ``requirements.lock`` from a report of pip's resolver: ``make lock``."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from spikecae.files import write_text

__all__ = ["lock_text"]

HEADER = """\
# Exact versions of everything the toolkit runs with. Made by `make lock` from pyproject.toml; do not edit.
# No hashes: wheels differ by platform and Python version, and torch's by accelerator too (its local version, such as
# +cpu, is left out for the same reason), so that hashes of one machine would refuse the others.
"""
OWN = "spikecae"
BY_ACCELERATOR = ("cuda-", "nvidia-", "triton")
"""Packages that torch's builds pin themselves, each build others."""


def lock_text(report: str) -> str:
    """The lock file for a report of ``pip install --dry-run --report``.

    Raises:
        ValueError: it is no such report.
    """
    try:
        packages = [item["metadata"] for item in json.loads(report)["install"]]
        found = {package["name"]: package["version"] for package in packages}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a report of pip's resolver: {error}") from None
    own: dict[str, Any] = next((package for package in packages if package["name"] == OWN), {})
    wheels = dict(filter(None, map(_marked, own.get("requires_dist", []))))
    pins = [
        f"{name}=={version.split('+')[0]}{wheels.get(name, '')}"
        for name, version in found.items()
        if not _left_out(name)
    ]
    return HEADER + "".join(f"{pin}\n" for pin in sorted(pins, key=str.lower))


def _marked(requirement: str) -> tuple[str, str] | None:
    """A package that is asked for on some machines alone, and the marker that says on which."""
    name, _, marker = requirement.partition(";")
    marker = re.sub(r"\s*(and )?extra == ['\"][\w-]+['\"]", "", marker).strip()
    found = re.match(r"[\w.-]+", name)
    return (found[0], f"; {marker}") if found and marker else None


def _left_out(name: str) -> bool:
    return name == OWN or name.startswith(BY_ACCELERATOR)


def main() -> None:
    """``python -m flow.lock REPORT LOCK``."""
    report, lock = (Path(argument) for argument in sys.argv[1:])
    write_text(lock, lock_text(report.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
