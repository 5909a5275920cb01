"""From Verilog to machine code: Verilator, then the compiler, once per content.

Verilator's run-time, and the model with its driver, live in a folder under names with a hash of all that goes
in, so that a second build is a look-up. They are compiled here rather than by Verilator's own make files, which
want a certain Python, compiler and folder without spaces.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rtl.files import COMPRESSOR, ENCODER, layout_verilog
from rtl.lint import HARMLESS
from rtl.manifest import Manifest
from sim.toolchain import environment, require, verilator_root
from sim.wrapper import WITHIN, WRAPPER, wrapper_verilog

__all__ = [
    "MEMORY_VARIABLE",
    "READ_PORT",
    "BuildError",
    "build_bench",
    "build_driver",
    "build_library",
    "lint",
]

HARNESS = Path(__file__).with_name("harness.cpp")
MEMORY_VARIABLE = "memory"
"""What the array of a parameter memory is called, or the instance with its table where parameters are built in."""

READ_PORT = ("user__en", "user__addr")
"""What every parameter memory calls enable and address of its user's reads."""

VERILATE = ("--cc", "--top-module", WRAPPER, "--x-initial", "unique", "--output-split", "30000")
COMPILE = ("-std=gnu++17", "-fPIC", "-O1", "-DVERILATOR=1")
UNUSED = ("SC", "TIMING", "TRACE_FST", "TRACE_SAIF")
"""Features of Verilator that its sources want to be told are off."""
TRACE = ("TRACE", "TRACE_VCD")
"""Those that are on where waveforms are written."""
COVERAGE = ("--coverage-line", "--coverage-toggle")
RUNTIME = ("verilated.cpp", "verilated_threads.cpp", "verilated_dpi.cpp")
JOBS = 2
"""Compilers at a time."""
Progress = Callable[[str, int, int], None]
"""Called with a step's name, how much of it is done, and of how much."""


class BuildError(RuntimeError):
    """Verilator or the compiler refused; the message ends with what it said."""


@dataclass(frozen=True)
class _Program:
    """What is made of the encoder."""

    name: str
    verilate: tuple[str, ...]
    driver: Path
    runtime: tuple[str, ...]
    link: tuple[str, ...]
    visible: tuple[str, ...]
    """Lines of the control file that make signals accessible from outside."""
    trace: bool = False
    coverage: bool = False


def build_library(
    verilog: Path,
    manifest: Manifest,
    folder: Path,
    *,
    waves: bool = False,
    coverage: bool = False,
    registers: Sequence[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> Path:
    """Compile an encoder, with the harness, for :class:`sim.batch.BatchSimulator`.

    Args:
        verilog: the emitted encoder, or compressor; their Verilog for a layout too, beside which models of macros lie.
            The back door leads to loaded parameters alone, and not to those in the Verilog for a layout.
        manifest: what the generator says about it.
        folder: where libraries are kept; created if need be. Processes may share it.
        waves: able to write a waveform file, at the price of speed.
        coverage: able to write which lines were reached and which bits have moved, likewise.
        registers: (unit, register) of the chip that the back door leads to, too; the chip's own unit is empty.
        progress: told how many files are compiled.

    Returns:
        The shared library.

    Raises:
        MissingToolError: no Verilator or no compiler.
        BuildError: the Verilog cannot be compiled.
    """
    top = _top(verilog)
    modules = [f"{top}.{WITHIN[top]}{memory.name}" for memory in manifest.memories if memory.role == "parameters"]
    arrays = manifest.parameters == "ram" and not _is_layout(verilog, manifest)
    seen = (MEMORY_VARIABLE, *READ_PORT) if arrays else READ_PORT
    open_ = [(module, name) for module in modules for name in seen]
    chip = f"{top}.{WITHIN[top]}chip"
    open_ += [(f"{chip}.{unit}" if unit else chip, name) for unit, name in registers]
    program = _Program(
        name="waves.so" if waves else "coverage.so" if coverage else "batch.so",
        verilate=("--prefix", "Vsim", *(["--trace-vcd"] if waves else []), *(COVERAGE if coverage else ())),
        driver=HARNESS,
        runtime=(
            *RUNTIME,
            *(["verilated_vcd_c.cpp"] if waves else []),
            *(["verilated_cov.cpp"] if coverage else []),
        ),
        link=("-shared",),
        visible=tuple(f'public_flat_rw -module "{module}" -var "{name}"' for module, name in open_),
        trace=waves,
        coverage=coverage,
    )
    return _build(program, verilog, manifest, folder, progress)


def build_bench(verilog: Path, manifest: Manifest, folder: Path, *, progress: Progress | None = None) -> Path:
    """Compile an encoder, with cocotb's driver, as a program that a cocotb runner can start.

    cocotb's own build makes every signal of the design accessible, which takes minutes to compile; here only the
    wrapper's ports are.

    Args, raises: as for :func:`build_library`.
    """
    require("cocotb")
    from cocotb_tools.config import libs_dir, share_dir

    program = _Program(
        name="cocotb",
        verilate=("--prefix", "Vtop", "--vpi", "--timescale", "1ns/1ps"),
        driver=share_dir / "lib" / "verilator" / "verilator.cpp",
        runtime=(*RUNTIME, "verilated_vpi.cpp"),
        link=(f"-L{libs_dir}", f"-Wl,-rpath,{libs_dir}", "-lcocotbvpi_verilator"),
        visible=(f'public_flat_rw -module "{WRAPPER}" -var "*"',),
    )
    return _build(program, verilog, manifest, folder, progress)


def build_driver(
    encoder: str, wrapper: str, driver: Path, folder: Path, visible: Sequence[tuple[str, str]] = ()
) -> Path:
    """Compile what is made of an encoder's Verilog, with a driver of its own, as a program.

    Args:
        encoder: Verilog.
        wrapper: Verilog of the top level, the module ``WRAPPER``; the driver sees it as the class ``Vsim``.
        driver: C++ with a function ``main``.
        folder: where programs are kept, as libraries are.
        visible: (module, variable) that the driver reaches by name.

    Raises: as :func:`build_library`.
    """
    lines = tuple(f'public_flat_rw -module "{module}" -var "{name}"' for module, name in visible)
    program = _Program("driver", ("--prefix", "Vsim"), driver, RUNTIME, (), lines)
    return _compiled(program, {"encoder.v": encoder, "wrapper.v": wrapper}, folder, None)


def _build(program: _Program, verilog: Path, manifest: Manifest, folder: Path, progress: Progress | None) -> Path:
    sources = {
        "encoder.v": verilog.read_text(encoding="utf-8"),
        "wrapper.v": wrapper_verilog(manifest, _top(verilog)),
    }
    if _is_layout(verilog, manifest) and manifest.models is not None:
        sources["models.v"] = verilog.with_name(manifest.models).read_text(encoding="utf-8")
    return _compiled(program, sources, folder, progress)


def _compiled(program: _Program, verilog: dict[str, str], folder: Path, progress: Progress | None) -> Path:
    versions = require("verilator", "g++")
    control = ["`verilator_config", *(f"lint_off -rule {rule}" for rule in HARMLESS), *program.visible, ""]
    sources = {
        **verilog,
        "control.vlt": "\n".join(control),
        "driver.cpp": program.driver.read_text(encoding="utf-8"),
    }
    files = [name for name in ("control.vlt", "wrapper.v", "encoder.v", "models.v") if name in sources]
    include = verilator_root() / "include"
    unused = tuple(f"-DVM_{feature}=0" for feature in UNUSED)
    compiler = ("g++", *COMPILE, *unused, f"-I{include}", f"-I{include / 'vltstd'}")
    on = {**dict.fromkeys(TRACE, program.trace), "COVERAGE": program.coverage}
    for_model = (*compiler, "-I.", *(f"-DVM_{feature}={int(used)}" for feature, used in on.items()))
    key = hashlib.sha256(
        repr((versions, program, sorted(sources.items()), VERILATE, for_model, JOBS)).encode()
    ).hexdigest()
    target = folder / f"{key[:16]}-{program.name}"
    folder.mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda step, done, total: None)
    with _lock(folder):
        if target.is_file():
            return target
        with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as name:
            work = Path(name)
            for file, text in sources.items():
                (work / file).write_text(text, encoding="utf-8")
            tell("Verilator", 0, 1)
            flags = [*VERILATE, *program.verilate, "--Mdir", "."]
            _run(["verilator_bin", *flags, *files], work)
            objects = _compile(for_model, _bundle(work), work, tell)
            objects += _runtime(folder, versions, compiler, [include / file for file in program.runtime], tell)
            _run(["g++", "-o", "program", *map(str, objects), *program.link], work)
            os.replace(work / "program", target)
    return target


def _top(verilog: Path) -> str:
    return COMPRESSOR if verilog.name.startswith(COMPRESSOR) else ENCODER


def _is_layout(verilog: Path, manifest: Manifest) -> bool:
    memories = manifest.memories_in_layout
    return memories != "inferred" and verilog.name == layout_verilog(_top(verilog), memories)


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
    folder: Path, versions: dict[str, str], compiler: tuple[str, ...], files: list[Path], tell: Progress
) -> list[Path]:
    """Object files of Verilator's run-time, shared by all models in ``folder``."""
    key = hashlib.sha256(repr((versions, compiler)).encode()).hexdigest()[:16]
    objects = {file: (folder / f"{key}-{file.stem}.o").resolve() for file in files}
    missing = [file for file, target in objects.items() if not target.is_file()]
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as name:
        for made, file in zip(_compile(compiler, missing, Path(name), tell), missing, strict=True):
            os.replace(made, objects[file])
    return list(objects.values())


def _bundle(work: Path) -> list[Path]:
    """One file a job that includes its share of the C++ files: Verilator's headers take a second each time. What it
    calls slow, which runs once, comes last and is not optimized: that would take minutes where lines are counted."""
    shares: list[list[Path]] = [[] for _ in range(JOBS)]
    for file in sorted(work.glob("*.cpp"), key=lambda file: (-_effort(file), file.name)):
        min(shares, key=lambda share: sum(_effort(member) for member in share)).append(file)
    bundles = [work / f"bundle{number}.cpp" for number in range(JOBS)]
    for bundle, share in zip(bundles, shares, strict=True):
        lines = [f'#include "{file.name}"' for file in sorted(share, key=_is_slow)]
        lines.insert(sum(not _is_slow(file) for file in share), '#pragma GCC optimize ("O0")')
        bundle.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return bundles


def _is_slow(file: Path) -> bool:
    return file.stem.endswith("__Slow")


def _effort(file: Path) -> int:
    """That compiling takes, by its size."""
    return file.stat().st_size // (10 if _is_slow(file) else 1)


def _compile(compiler: tuple[str, ...], units: list[Path], work: Path, tell: Progress) -> list[Path]:
    """Object files of C++ files, made in ``work``."""
    units = [unit.resolve() for unit in units]
    objects = [work.resolve() / f"{unit.stem}.o" for unit in units]
    # The largest first, so that the last one left is a small one.
    order = sorted(range(len(units)), key=lambda n: -units[n].stat().st_size)
    with ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(_run, [*compiler, "-c", str(units[n]), "-o", str(objects[n])], work) for n in order]
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
