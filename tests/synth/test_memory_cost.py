"""What a memory's macros take, from a liberty file written out here: every figure added up by hand."""

from pathlib import Path

import numpy as np
import pytest

from rtl.memory.kit import Macro, MacroFiles, Pin, Port
from synth.cells.liberty import read_liberty
from synth.gates.delays import delays_of
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost, memory_cost
from synth.gates.netlist import Netlist, read_netlist
from synth.mapping.mapping_report import MacroChoice, MacroRow
from synth.power.activity_power import energy_of
from synth.power.clock_energy import assumed_tree
from tests.synth.gate_library import PIN_FF, VOLTAGE, gate_library

WORDS, WIDTH = 4, 2
PORT = Port(
    (
        Pin("CLK", "clock"),
        Pin("CEB", "enable", active_low=True),
        Pin("WEN", "write"),
        Pin("A", "address", 2),
        Pin("D", "data in", WIDTH),
        Pin("BM", "mask", WIDTH),
        Pin("Q", "data out", WIDTH),
    )
)
MACRO = Macro("RAM", WORDS, WIDTH, 100.0, 10.5, 0.15, (PORT,), MacroFiles(gds="", lef="", liberty="", verilog=""))
COLUMNS = 2
"""Macros side by side: a memory of 4 words of 4 bits."""


def power(rise: float, fall: float, when: str = "") -> str:
    condition = f'when : "{when}"; ' if when else ""
    return (
        f'internal_power () {{ {condition}rise_power (scalar) {{ values ("{rise}"); }} '
        f'fall_power (scalar) {{ values ("{fall}"); }} }}\n'
    )


LIBERTY = f"""library (ram) {{ time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; nom_voltage : 1.2;
capacitive_load_unit (1, pf); type (two) {{ bit_width : 2; }}
cell (RAM) {{ area : 100; cell_leakage_power : 5; memory () {{ type : ram; address_width : 2; word_width : 2; }}
pin (CLK) {{ direction : input; clock : true; capacitance : 0.004;
  {power(0.25, 0.0, "CEB")} {power(8, 1, "!CEB & !WEN")} {power(11, 1, "!CEB & WEN")} }}
pin (CEB) {{ direction : input; capacitance : 0.003; {power(0.5, 0.75)} }}
pin (WEN) {{ direction : input; capacitance : 0.005; {power(0.125, 0.0625, "!CEB")} {power(9, 9)} }}
bus (A) {{ bus_type : two; direction : input; capacitance : 0.006; pin (A[0]) {{ capacitance : 0.008; }}
  pin (A[1:0]) {{ {power(0.01, 0.02, "!CEB")} {power(0.03, 0.04, "CEB")} }} }}
bus (D) {{ bus_type : two; direction : input; capacitance : 0.002;
  {power(0.05, 0.06, "!CEB")} {power(0.07, 0.08, "CEB")} }}
bus (BM) {{ bus_type : two; direction : input; capacitance : 0.001;
  {power(0.2, 0.3, "!CEB")} {power(0.4, 0.6, "CEB")} }}
bus (Q) {{ bus_type : two; direction : output; {power(1.0, 2.0)} }}
}} }}
"""


@pytest.fixture
def cost(tmp_path: Path) -> MemoryCost:
    path = tmp_path / "ram.lib"
    path.write_text(LIBERTY, encoding="utf-8")
    choice = MacroChoice(rows=[MacroRow(macro="RAM", columns=COLUMNS)], area_um2=200.0, leakage_nw=10.0)
    return memory_cost(choice, {"RAM": (MACRO, read_liberty(path, timing=True).cells["RAM"])}, WORDS)


def memory(netlist_folder: Path, *, whole: bool = False) -> tuple[Netlist, dict[str, list[int]]]:
    """One memory between the ports of a chip; the two halves of a word are written by themselves, or not."""
    parameters = {"RD_PORTS": 1, "WR_PORTS": 1, "WIDTH": 4, "ABITS": 2, "SIZE": WORDS, "RD_CLK_ENABLE": 1}
    parameters |= {"RD_TRANSPARENCY_MASK": 0, "OFFSET": 0}
    ports = {"ck": [2], "read": [3], "from": [4, 5], "out": [6, 7, 8, 9], "write": [10, 11], "to": [12, 13]}
    ports["in"] = [14, 15, 16, 17]
    pins = {"RD_CLK": [2], "RD_EN": [3], "RD_ADDR": [4, 5], "RD_DATA": [6, 7, 8, 9]}
    pins |= {"WR_CLK": [2], "WR_EN": [10] * 4 if whole else [10, 10, 11, 11]}
    pins |= {"WR_ADDR": [12, 13], "WR_DATA": [14, 15, 16, 17]}
    values = {name: format(value, "b") for name, value in parameters.items()}
    cells = {"m": {"type": "$mem_v2", "parameters": values, "connections": pins}}
    cells["r"] = {"type": "DFF", "parameters": {}, "connections": {"CK": [2], "D": [6], "Q": [18]}}
    modules = {"top": {"ports": {name: {"bits": bits} for name, bits in ports.items()}, "cells": cells}}
    return read_netlist(modules, "top", gate_library(netlist_folder)), ports


def test_every_pin_costs_what_its_file_says(cost: MemoryCost) -> None:
    read, write = cost.read, cost.write
    assert (read.access_pj, write.access_pj, read.resting_pj) == (2 * 9, 2 * 12, 2 * 0.25)
    assert (cost.resting_pj, cost.clock_pf) == (2 * 0.25, 2 * 0.004)
    # Both macros have the address; its bits have 8 and 6 fF. A bit of data goes to one of them.
    assert read.address.capacitance_pf == pytest.approx(2 * 0.007)
    np.testing.assert_allclose(read.address.energy_pj, [[0.08, 0.06], [0.04, 0.02]])
    assert write.data.capacitance_pf == pytest.approx(0.002)
    np.testing.assert_allclose(write.data.energy_pj, [[0.08, 0.07], [0.06, 0.05]])
    np.testing.assert_allclose(read.data.energy_pj, [[2, 1], [2, 1]])
    # A read lets CEB fall, which is low when it is on; a write lets WEN rise too.
    assert read.select.capacitance_pf == pytest.approx(2 * 0.003)
    np.testing.assert_allclose(read.select.energy_pj, [[2 * 0.5, 2 * 0.75]] * 2)
    assert write.select.capacitance_pf == pytest.approx(2 * 0.008)
    np.testing.assert_allclose(write.select.energy_pj, [[2 * 9.5, 2 * 9.75], [2 * 0.5625, 2 * 0.875]])
    np.testing.assert_allclose(write.mask.energy_pj, [[0.6, 0.4], [0.3, 0.2]])
    np.testing.assert_allclose(read.mask.energy_pj, 0)


def test_loads_are_those_of_the_pins(cost: MemoryCost, tmp_path: Path) -> None:
    netlist, _ = memory(tmp_path)
    load = delays_of(netlist, {"m": cost}, np.zeros(netlist.nets)).load_pf
    loads = {name: load[list(nets)].tolist() for name, nets in netlist.ports.items()}
    assert loads["ck"] == pytest.approx([0.008 + PIN_FF / 1000])
    assert loads["read"] == pytest.approx([0.006])
    assert loads["write"] == pytest.approx([0.016 + 2 * 0.001] * 2)
    assert loads["from"] == loads["to"] == pytest.approx([0.014] * 2)
    assert loads["in"] == pytest.approx([0.002] * 4)


def test_the_mask_of_words_that_are_written_whole_is_tied(cost: MemoryCost, tmp_path: Path) -> None:
    netlist, _ = memory(tmp_path, whole=True)
    load = delays_of(netlist, {"m": cost}, np.zeros(netlist.nets)).load_pf
    assert load[netlist.ports["write"][0]] == pytest.approx(0.016)


def test_a_run_by_hand(cost: MemoryCost, tmp_path: Path) -> None:
    netlist, _ = memory(tmp_path)
    library = gate_library(tmp_path)
    delays = delays_of(netlist, {"m": cost}, np.zeros(netlist.nets))
    simulator = GateSimulator(netlist, delays, delays.delay_ns, {"m": cost}, "ck", 10.0)
    expected = 0.0
    # Nothing asks for an access yet: the address of a write rises twice, as do two of its data.
    simulator.cycle({"to": 3, "in": 0b0110})
    expected += 2 * 0.06 + 2 * 0.07
    # Its first part asks: two mask bits. One bit of its data falls, while there is an access or before: at once.
    simulator.cycle({"write": 1})
    expected += 2 * 0.875 + 2 * 0.2
    # The write happens at this edge; then its enable falls, and that of a read comes.
    simulator.cycle({"write": 0, "read": 1})
    expected += 2 * 9.5 + 2 * 0.6 + 2 * 0.75
    # Address 0 is read, which is 0; then one bit of the address rises, and the other in the next cycle.
    simulator.cycle({"from": 1})
    simulator.cycle({"from": 3})
    expected += 2 * 0.02
    # Address 1, then 3 are read: of what lies there, the first part was written, one bit of it a one, which rises.
    simulator.cycle({})
    simulator.cycle({"read": 0})
    expected += 2 * 0.5
    assert simulator.port("out") == 0b0010
    expected += 1.5  # half of a rise and a fall
    assert (simulator.reads[0], simulator.writes[0]) == (4, 1)
    expected += 4 * 18 + 24 + (simulator.cycles - 5) * 2 * 0.25
    found = energy_of(simulator, delays, library, {"m": cost}, assumed_tree(library, "INV"))
    assert found.by_kind_pj["memories"] == pytest.approx(expected)
    moved = simulator.cycles * 2 * (0.008 + PIN_FF / 1000)
    assert found.by_kind_pj["clock pins and gates"] >= 0.5 * VOLTAGE**2 * moved
