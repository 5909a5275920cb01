"""Whether a mutant does the same as what it was made of: proved by Yosys, by induction over the unit's registers."""

import re
import shutil
import tempfile
from pathlib import Path

from sim.grade.mutants import NETLIST, Mutant
from sim.toolchain import YosysError, run_script

__all__ = ["proved_equivalent"]

LIMIT_S = 60
PROVE = ("equiv_make gold gate equiv", "hierarchy -top equiv", "opt_clean", "equiv_simple", "equiv_induct")
STILL = "opt_dff -sat"
"""Registers that never leave the value they are reset to are that value."""


def proved_equivalent(netlist: Path, mutant: Mutant) -> bool:
    """Whether the mutant's module, with all that is in it, has the outputs of the module without fault, from equal
    registers on and for any inputs. False where that is not so, or not proved within a minute.

    Args:
        netlist: what the mutant was made in.
        mutant: a mutant.
    """
    found = re.search(r"-module (\S+)", mutant.command)
    if found is None:
        raise ValueError(f"no module in {mutant.command!r}")
    module = found.group(1).removeprefix("\\")
    with tempfile.TemporaryDirectory(prefix="spikecae-equivalent-") as name:
        folder = Path(name)
        shutil.copy(netlist, folder / NETLIST)
        script = []
        for half, altered in (("gold", []), ("gate", [mutant.command])):
            script += [f"read_rtlil {NETLIST}", f"hierarchy -top {module}", *altered, "flatten", "memory_map"]
            script += [STILL, "opt_clean", f"rename {module} {half}", f"design -stash {half}"]
        script += [f"design -copy-from {half} -as {half} {half}" for half in ("gold", "gate")]
        try:
            run_script([*script, *PROVE, "equiv_status -assert"], folder, LIMIT_S)
        except YosysError:
            return False
    return True
