"""Whether a mutant does the same as what it was made of: proved by Yosys, by induction over registers."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rtl.files import ENCODER
from sim.grade.mutants import NETLIST, Mutant
from sim.toolchain import YosysError, run_script

__all__ = ["proved_equivalent"]

LIMIT_S = 60
OF_UNIT = ("flatten", "memory_map", "opt_dff -sat", "opt_clean")
"""Memories are registers, and registers that never leave the value they are reset to are that value."""
OF_CHIP = ("flatten", "simplemap", "opt_clean -purge")
"""Memories stay: what goes into them is to be the same."""
REGISTERS_ONLY = "rename -hide w:* t:*dff* t:*DFF* %u %co1:+[Q] %d"
"""Only registers and ports are paired: signals between them may differ, as long as nothing comes of it. Where they are
all alike, they are better paired, too: products are hard to compare."""
PROVE = (
    *("equiv_make gold gate equiv", "hierarchy -top equiv", "opt_merge", "opt_clean"),
    *("equiv_simple -ignore-unknown-cells", "equiv_induct -ignore-unknown-cells", "equiv_status -assert"),
)
"""What is alike in both is there once; the rest is proved register by register."""


def proved_equivalent(netlist: Path, mutant: Mutant) -> bool:
    """Whether the mutant's module, with all that is in it, has the outputs of the module without fault, from equal
    registers on and for any inputs; or else, whether the chip has. False where neither is so, or is not proved within a
    minute.

    Args:
        netlist: what the mutant was made in.
        mutant: a mutant.
    """
    found = re.search(r"-module (\S+)", mutant.command)
    if found is None:
        raise ValueError(f"no module in {mutant.command!r}")
    module = found.group(1).removeprefix("\\")
    ways = ((module, OF_UNIT), (module, (*OF_UNIT, REGISTERS_ONLY)), (ENCODER, (*OF_CHIP, REGISTERS_ONLY)))
    return any(_proved(netlist, mutant, top, prepare) for top, prepare in ways)


def _proved(netlist: Path, mutant: Mutant, top: str, prepare: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory(prefix="spikecae-equivalent-") as name:
        folder = Path(name)
        shutil.copy(netlist, folder / NETLIST)
        script = []
        for half, altered in (("gold", []), ("gate", [mutant.command])):
            script += [f"read_rtlil {NETLIST}", f"hierarchy -top {top}", *altered, *prepare]
            script += [f"rename {top} {half}", f"design -stash {half}"]
        script += [f"design -copy-from {half} -as {half} {half}" for half in ("gold", "gate")]
        try:
            run_script([*script, *PROVE], folder, LIMIT_S)
        except YosysError:
            return False
    return True
