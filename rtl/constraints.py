"""What tools behind the generator are told beside the Verilog: file list, timing constraints, place-and-route."""

import json
from collections.abc import Sequence

from rtl.memory.kit import Macro, MacroKit

__all__ = ["IO_SHARE", "file_list", "librelane_config", "period_ns", "timing_constraints"]

CLOCK = "aclk"
RESET = "aresetn"
IO_SHARE = 0.2
"""Share of the clock period that is left to the outside on every input and output."""
UNCERTAINTY_SHARE = 0.05
"""Share of the clock period for jitter and skew, before the clock tree is known."""


def file_list(verilog: str, from_kit: Sequence[str] = ()) -> str:
    """Names of the source files, one a line, as simulators and synthesizers read them with ``-f``.

    Args:
        verilog: the emitted one.
        from_kit: what comes from a process kit, relative to ``$PDK_ROOT``, written as Icarus and others know it.
    """
    return "".join(f"{name}\n" for name in (verilog, *(f"${{PDK_ROOT}}/{path}" for path in from_kit)))


def timing_constraints(top: str, clock_mhz: float) -> str:
    """Synopsys Design Constraints, as OpenSTA reads them: one clock, delays at all pins, times in ns.

    Args:
        top: the module.
        clock_mhz: clock frequency; its period is rounded down to ps.
    """
    return f"""# Constraints of {top}; times in ns.
set period {period_ns(clock_mhz):.3f}
set io_delay [expr {{{IO_SHARE} * $period}}]
create_clock -name {CLOCK} -period $period [get_ports {CLOCK}]
set_clock_uncertainty [expr {{{UNCERTAINTY_SHARE} * $period}}] [get_clocks {CLOCK}]
set inputs [all_inputs -no_clocks]
set_input_delay -max $io_delay -clock [get_clocks {CLOCK}] $inputs
set_input_delay -min 0 -clock [get_clocks {CLOCK}] $inputs
set_output_delay -max $io_delay -clock [get_clocks {CLOCK}] [all_outputs]
set_output_delay -min 0 -clock [get_clocks {CLOCK}] [all_outputs]
# {RESET} is synchronous: it is an input like any other, and no false path.
"""


def librelane_config(
    top: str,
    verilog: str,
    constraints: str,
    clock_mhz: float,
    kit: MacroKit | None = None,
    macros: Sequence[Macro] = (),
) -> str:
    """Configuration of a LibreLane flow; paths are relative to its own folder.

    Without macros, the PDK is chosen when the flow is run.

    Args:
        top: the module.
        verilog: its file.
        constraints: file of the timing constraints.
        clock_mhz: clock frequency.
        kit: the process that the macros are of.
        macros: memory macros that the Verilog instantiates; where they are placed is left open.
    """
    config: dict[str, object] = {
        "meta": {"version": 2},
        "DESIGN_NAME": top,
        "VERILOG_FILES": [f"dir::{verilog}"],
        "CLOCK_PORT": CLOCK,
        "CLOCK_PERIOD": period_ns(clock_mhz),
        "PNR_SDC_FILE": f"dir::{constraints}",
        "SIGNOFF_SDC_FILE": f"dir::{constraints}",
    }
    if kit is not None and macros:
        config["PDK"] = kit.folder
        config["MACROS"] = {macro.name: _macro(kit, macro) for macro in macros}
    return json.dumps(config, indent=1) + "\n"


def _macro(kit: MacroKit, macro: Macro) -> dict[str, object]:
    files = macro.files
    return {
        "gds": [f"pdk_dir::{files.gds}"],
        "lef": [f"pdk_dir::{files.lef}"],
        "nl": [f"pdk_dir::{files.verilog}"],
        "lib": {kit.corner: [f"pdk_dir::{files.liberty}"]},
    }


def period_ns(clock_mhz: float) -> float:
    """Clock period, rounded down to whole ps: never slower than asked for."""
    return int(1e6 / clock_mhz) / 1000
