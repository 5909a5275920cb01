"""A folder like a checkout in which the toolkit has been installed, and nothing built."""

import os
import shutil
import sys
from pathlib import Path

from tests.test_architecture import MAY_IMPORT, ROOT

__all__ = ["make_checkout"]

NAMES = (*MAY_IMPORT, "designs", "docs", "Makefile", "mkdocs.yml", "pyproject.toml", "requirements.lock")


def make_checkout(folder: Path) -> dict[str, str]:
    """Link the toolkit into ``folder``, with its commands; what a shell's environment needs besides, to work there."""
    for name in NAMES:
        (folder / name).symlink_to(ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("python", ""), ("spikecae", "-m spikecae ")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n', encoding="utf-8")
        program.chmod(0o755)
    shutil.copyfile(ROOT / "requirements.lock", folder / ".venv" / "installed")
    return {"PATH": f"{programs}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
