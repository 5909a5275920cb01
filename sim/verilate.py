"""From Verilog to a shared library that runs it: Verilator, then the compiler, once per content.

Two libraries are made: Verilator's run-time, and the model with the harness. Both live in a folder named after
a hash of all that goes in, so that a second build is a look-up, and both are compiled here rather than by
Verilator's own make files, which want a certain Python, compiler and folder without spaces.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rtl.manifest import Manifest
from sim.toolchain import environment, require, verilator_root
from sim.wrapper import WRAPPER, wrapper_verilog

__all__ = ["BuildError", "build_library", "lint", "memory_control_file"]

HARNESS = Path(__file__).with_name("harness.cpp")
MEMORY_VARIABLE = "memory"
"""What Amaranth calls the array of every memory."""

VERILATE = ("--cc", "--prefix", "Vsim", "--top-module", WRAPPER, "--x-initial", "unique", "--output-split", "30000")
COMPILE = ("-std=gnu++17", "-fPIC", "-O1", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0")
RUNTIME = ("verilated.cpp", "verilated_threads.cpp", "verilated_dpi.cpp")
HARMLESS = {
    "CASEINCOMPLETE": "Amaranth assigns a default before every case",
    "WIDTHEXPAND": "Verilog's own extension rules, which Yosys relies on when it writes expressions",
    "WIDTHTRUNC": "likewise, for word selects written as shifts",
    "PROCASSINIT": "registers have an initial value besides their reset",
    "UNUSEDSIGNAL": "Amaranth keeps a wire for every name of the source",
    "DECLFILENAME": "one file holds all modules",
}
"""Warnings that generated Verilog cannot avoid, and why they do not matter. Any other one stops the build."""

Progress = Callable[[str, int, int], None]
"""Called with a step's name, how much of it is done, and of how much."""


class BuildError(RuntimeError):
    """Verilator or the compiler refused; the message ends with what it said."""


def build_library(
    verilog: Path, manifest: Manifest, folder: Path, *, waves: bool = False, jobs: int = 2, progress: Progress | None = None
) -> Path:
    """Compile an encoder for simulation.

    Args:
        verilog: the emitted encoder.
        manifest: what the generator says about it.
        folder: where libraries are kept; created if need be. Processes may share it.
        waves: able to write a waveform file, at the price of speed.
        jobs: compilers at a time.
        progress: told how many files are compiled.

    Returns:
        The shared library.

    Raises:
        MissingToolError: no Verilator or no compiler.
        BuildError: the Verilog cannot be compiled.
    """
    versions = require("verilator", "g++")
    sources = {
        "encoder.v": verilog.read_text(encoding="utf-8"),
        "wrapper.v": wrapper_verilog(manifest),
        "memories.vlt": memory_control_file(manifest),
        "harness.cpp": HARNESS.read_text(encoding="utf-8"),
    }
    flags = (*VERILATE, *(["--trace-vcd"] if waves else []))
    defines = (f"-DVM_TRACE={int(waves)}", f"-DVM_TRACE_VCD={int(waves)}", "-DVM_TRACE_FST=0", "-DVM_TRACE_SAIF=0")
    include = verilator_root() / "include"
    compiler = ("g++", *COMPILE, *defines, f"-I{include}", f"-I{include / 'vltstd'}", "-I.")
    key = hashlib.sha256(repr((versions, sorted(sources.items()), flags, COMPILE, defines)).encode()).hexdigest()[:16]
    library = folder / f"encoder-{key}.so"
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        if library.is_file():
            return library
        tell = progress or (lambda step, done, total: None)
        runtime = _runtime(folder, versions, compiler, waves, jobs, tell)
        with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as name:
            work = Path(name)
            for file, text in sources.items():
                (work / file).write_text(text, encoding="utf-8")
            tell("Verilator", 0, 1)
            _run(["verilator_bin", *flags, "--Mdir", ".", "memories.vlt", "wrapper.v", "encoder.v"], work)
            units = sorted(path.name for path in work.glob("*.cpp"))
            objects = _compile(compiler, units, work, jobs, tell)
            _run(["g++", "-shared", "-o", "library.so", *objects, str(runtime.resolve())], work)
            os.replace(work / "library.so", library)
    return library


def memory_control_file(manifest: Manifest) -> str:
    """Verilator control file: harmless warnings off; constants visible, for :meth:`sim.batch.Batch.flip`."""
    lines = [f"lint_off -rule {rule}" for rule in HARMLESS]
    modules = [f"{manifest.top}.{memory.name}" for memory in manifest.memories if memory.kind == "rom"]
    lines += [f'public_flat_rw -module "{module}" -var "{MEMORY_VARIABLE}"' for module in modules]
    return "\n".join(["`verilator_config", *lines, ""])


def lint(verilog: Path, top: str) -> dict[str, int]:
    """Warnings of ``verilator --lint-only -Wall``, by kind.

    Raises:
        MissingToolError: no Verilator.
        BuildError: the Verilog cannot be read at all.
    """
    require("verilator")
    arguments = ["verilator_bin", "--lint-only", "-Wall", "-Wno-fatal", "--top-module", top, str(verilog)]
    answer = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BuildError(f"Verilator cannot read {verilog}:\n{_tail(answer.stderr)}")
    kinds: dict[str, int] = {}
    for kind in re.findall(r"^%Warning-(\w+):", answer.stderr, re.M):
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def _runtime(
    folder: Path, versions: dict[str, str], compiler: tuple[str, ...], waves: bool, jobs: int, tell: Progress
) -> Path:
    """Verilator's run-time as one object file, shared by all models in ``folder``."""
    files = [*RUNTIME, *(["verilated_vcd_c.cpp"] if waves else [])]
    key = hashlib.sha256(repr((versions, compiler, files)).encode()).hexdigest()[:16]
    target = folder / f"runtime-{key}.o"
    if not target.is_file():
        with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as name:
            work = Path(name)
            paths = [str(verilator_root() / "include" / file) for file in files]
            objects = _compile(compiler, paths, work, jobs, tell)
            _run(["g++", "-r", "-o", "runtime.o", *objects], work)
            os.replace(work / "runtime.o", target)
    return target


def _compile(compiler: tuple[str, ...], units: list[str], work: Path, jobs: int, tell: Progress) -> list[str]:
    objects = [Path(unit).stem + ".o" for unit in units]
    # The largest first, so that the last one left is a small one.
    order = sorted(range(len(units)), key=lambda n: -(work / units[n]).stat().st_size)
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(_run, [*compiler, "-c", units[n], "-o", objects[n]], work) for n in order]
        for done, future in enumerate(futures):
            tell("g++", done, len(units))
            future.result()
    return objects


def _run(arguments: list[str], folder: Path) -> None:
    answer = subprocess.run(arguments, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BuildError(f"{arguments[0]} failed with exit code {answer.returncode}:\n{_tail(answer.stderr)}")


def _tail(text: str, lines: int = 30) -> str:
    return "\n".join(text.splitlines()[-lines:])


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time build in ``folder``."""
    with open(folder / ".lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
