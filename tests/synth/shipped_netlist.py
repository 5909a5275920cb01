"""Netlists of the shipped designs, with the parameters that they come with, and a place for what came of them."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtl.emit import emit
from rtl.manifest import Manifest
from sim.emitted import load_writes
from sim.regress.gates import GateResults
from spikecae.design import load_design
from spikecae.files import write_text
from spikecae.spec import EncoderSpec, load_spec
from synth.cells.liberty import read_liberty
from synth.mapping.cells import map_to_cells
from synth.mapping.mapping_report import Mapping
from synth.targets.cells import CellTarget, cells_of
from synth.targets.find import cell_target
from tests.conftest import DESIGNS
from tests.synth.small_library import small_library

__all__ = ["KITS", "SHIPPED", "SMALL", "ShippedNetlist", "cells_named", "map_shipped"]

BUILD = Path(__file__).parents[2] / "build" / "regress" / "gates"
"""Where the table of ``make regress`` finds what came of it."""
SHIPPED = tuple(sorted(path.stem for path in DESIGNS.glob("*.toml")))
SMALL = "small"
"""The eight generic cells."""
KITS = tuple(
    pytest.param(name, marks=pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT names no kits"))
    for name in ("ihp-sg13g2", "sky130")
)


@dataclass(frozen=True)
class ShippedNetlist:
    """What a shipped design became in some cells; the netlist and the Verilog lie in ``folder``."""

    spec: EncoderSpec
    manifest: Manifest
    load: list[tuple[int, int]]
    cells: CellTarget
    mapping: Mapping
    folder: Path

    def keep(self, simulator: str, blocks: int, random_starts: int, mismatches: int) -> None:
        """Write down what a simulator has found, for the table, and print it."""
        results = GateResults(
            design=self.manifest.design,
            target=self.cells.name,
            simulator=simulator,
            cells=self.mapping.cells,
            blocks=blocks,
            random_starts=random_starts,
            mismatches=mismatches,
        )
        name = "-".join((results.design, results.target, *simulator.lower().split()))
        write_text(BUILD / f"{name}.json", results.model_dump_json(indent=1) + "\n")
        print(results)


def cells_named(target: str, folder: Path) -> CellTarget:
    """A process of the toolkit's, or the small library, which is written to the folder."""
    if target != SMALL:
        found = cell_target(target)
        assert found is not None
        return found
    path = folder / f"{SMALL}.lib"
    path.write_text(small_library())
    return cells_of(read_liberty(path), path)


def map_shipped(name: str, target: str, folder: Path) -> ShippedNetlist:
    """Emit and map a design."""
    design, spec, cells = load_design(DESIGNS / f"{name}.toml"), load_spec(DESIGNS / name), cells_named(target, folder)
    manifest = emit(spec, design.hardware, folder, block=design.block.kind)
    mapping = map_to_cells(folder / manifest.verilog, manifest, cells, design.hardware.clock_mhz, folder)
    return ShippedNetlist(spec, manifest, load_writes(folder, manifest), cells, mapping, folder)
