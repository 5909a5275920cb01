"""Gate-level activity and energy: worked out by hand, and against Icarus with the same delays."""

import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.cells.liberty import Library
from synth.gates.delays import Delays, delays_of
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost, PinCost, PortCost, no_macro
from synth.gates.netlist import Netlist, read_netlist
from synth.gates.pulse_filter import PASSING
from synth.gates.pulses import shortest_pulses
from synth.power.activity_power import energy_of
from synth.power.clock_energy import assumed_tree
from synth.power.power_report import Energy
from tests.synth.gate_library import CLOCK_FJ, DATA_FJ, DELAY_NS, ENERGY_FJ, FUNCTIONS, PIN_FF, VOLTAGE, gate_library

MHZ = 10.0
SWING_FJ = 0.5 * VOLTAGE**2
"""Energy of a transition for each fF."""


def cell(kind: str, **pins: int | str) -> dict[str, Any]:
    """A cell of one-bit pins, as Yosys writes it."""
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}, "parameters": {}}


def module(ports: dict[str, list[int]], cells: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"ports": {name: {"bits": bits} for name, bits in ports.items()}, "cells": cells}


def running(netlist: Netlist, memories: dict[str, MemoryCost] | None = None) -> tuple[GateSimulator, Delays]:
    memories = memories or {}
    delays = delays_of(netlist, memories, np.zeros(netlist.nets))
    return GateSimulator(netlist, delays, delays.delay_ns, memories, "ck", MHZ), delays


def energy(simulator: GateSimulator, delays: Delays, library: Library) -> Energy:
    return energy_of(simulator, delays, library, {}, assumed_tree(library, "INV"))


def test_a_gated_register_by_hand(tmp_path: Path) -> None:
    """in → INV → DFF behind a clock gate, in a unit of its own; every transition written down."""
    library = gate_library(tmp_path)
    modules = {
        "top": module(
            {"ck": [2], "in": [3], "en": [4], "out": [5]},
            {"u": {"type": "unit", "connections": {"c": [2], "a": [3], "e": [4], "q": [5]}, "parameters": {}}},
        ),
        "unit": module(
            {"c": [2], "a": [3], "e": [4], "q": [9]},
            {
                "inv": cell("INV", A=3, Y=6),
                "gate": cell("GATE", CK=2, E=4, GCK=7),
                "reg": cell("DFF", CK=7, D=6, Q=9),
            },
        ),
    }
    netlist = read_netlist(modules, "top", library)
    assert netlist.units == ("top", "u")
    simulator, delays = running(netlist)
    simulator.cycle({"in": 1, "en": 1})
    simulator.cycle({})
    simulator.cycle({"en": 0})
    assert simulator.port("out") == 0
    simulator.clear()
    # 1: the enable was low at the edge, so that the clock stops; "in" falls, the data rise while the clock pin is low.
    # 2: still gated. 3: the enable rose in 2; the register takes the 1.
    simulator.cycle({"in": 0})
    assert simulator.port("out") == 0
    simulator.cycle({"en": 1})
    assert simulator.port("out") == 0
    simulator.cycle({})
    assert simulator.port("out") == 1
    found = energy(simulator, delays, library)
    (unit,) = (unit for unit in found.units if unit.name == "u")
    assert unit.gates_pj * 1e3 == pytest.approx(ENERGY_FJ["INV"][1])
    assert unit.flip_flops_pj * 1e3 == pytest.approx(ENERGY_FJ["Q"][1] + DATA_FJ["low"])
    # The gate's clock pin moves in all three cycles; its output, and the register's clock pin, once up and once down.
    pins = 3 * sum(CLOCK_FJ) + sum(ENERGY_FJ["GCK"]) + sum(CLOCK_FJ)
    assert unit.clock_pj * 1e3 == pytest.approx(pins + 2 * PIN_FF * SWING_FJ)
    assert found.clock is not None
    # Pins, with their nets: what the registers and the gate do not take inside the gate.
    assert found.clock.gates_pj * 1e3 == pytest.approx(3 * sum(CLOCK_FJ) + sum(ENERGY_FJ["GCK"]))
    assert found.clock.pins_pj * 1e3 == pytest.approx(sum(CLOCK_FJ) + (2 + 6) * PIN_FF * SWING_FJ)
    # The register's data pin, once; its output drives nothing.
    assert unit.nets_pj * 1e3 == pytest.approx(PIN_FF * SWING_FJ)
    (top,) = (unit for unit in found.units if unit.name == "top")
    # The chip's clock goes to the gate alone: six edges. "in" and "en" changed once each.
    assert top.clock_pj * 1e3 == pytest.approx(6 * PIN_FF * SWING_FJ)
    assert top.nets_pj * 1e3 == pytest.approx(2 * PIN_FF * SWING_FJ)


def test_gates_behind_a_gate_by_hand(tmp_path: Path) -> None:
    """While the first gate is shut nothing behind it moves, a memory included; what it costs is written down."""
    library = gate_library(tmp_path)
    sizes = {"RD_PORTS": 1, "WR_PORTS": 1, "WIDTH": 1, "ABITS": 1, "SIZE": 2, "RD_CLK_ENABLE": 1}
    sizes |= {"RD_TRANSPARENCY_MASK": 0, "OFFSET": 0}
    memory = {
        "type": "$mem_v2",
        "parameters": {name: format(value, "b") for name, value in sizes.items()},
        "connections": {"RD_CLK": [20], "RD_EN": ["1"], "RD_ADDR": [4], "RD_DATA": [9]}
        | {"WR_CLK": [20], "WR_EN": ["1"], "WR_ADDR": [4], "WR_DATA": [4]},
    }
    cells = {
        "leaf": cell("GATE", CK=20, E=5, GCK=21),  # named before the gate that it hangs on
        "root": cell("GATE", CK=2, E=3, GCK=20),
        "reg": cell("DFF", CK=21, D=4, Q=8),
        "sink": cell("DFF", CK=2, D=9, Q=10),
        "m": memory,
    }
    ports = {"ck": [2], "wake": [3], "d": [4], "en": [5], "out": [8]}
    netlist = read_netlist({"top": module(ports, cells)}, "top", library)
    cost = no_macro(2, 1).model_copy(update={"macro": "M", "count": 1, "resting_pj": 0.5})
    simulator, delays = running(netlist, {"m": cost})
    simulator.cycle({"wake": 1, "en": 1, "d": 0})
    simulator.cycle({})
    simulator.cycle({"wake": 0})
    simulator.clear()
    for _ in range(3):
        simulator.cycle({"d": 1})  # asleep: the register's enable is on, and so are the memory's
    assert (simulator.port("out"), simulator.reads[0], simulator.writes[0]) == (0, 0, 0)
    found = energy_of(simulator, delays, library, {"m": cost}, assumed_tree(library, "INV"))
    assert found.clock is not None
    # The root gate's clock pin, three times.
    assert found.clock.gates_pj * 1e3 == pytest.approx(3 * sum(CLOCK_FJ))
    assert sum(unit.memories_pj for unit in found.units) == 0
    simulator.cycle({"wake": 1})
    simulator.cycle({})
    assert (simulator.port("out"), simulator.reads[0], simulator.writes[0]) == (1, 1, 1)
    found = energy_of(simulator, delays, library, {"m": cost}, assumed_tree(library, "INV"))
    assert sum(unit.memories_pj for unit in found.units) == pytest.approx(0.5)  # an edge of its clock


def test_glitches_and_pulses_that_are_too_short(tmp_path: Path) -> None:
    """A pulse of 0.2 ns from the two ways to an XOR is too short for it; with four inverters, 0.6 ns, it is not."""
    library = gate_library(tmp_path)
    for inverters, glitches in ((1, 0), (4, 2)):
        nets = list(range(3, 4 + inverters))
        cells = {f"i{n}": cell("INV", A=nets[n], Y=nets[n + 1]) for n in range(inverters)}
        netlist = read_netlist(
            {"top": module({"ck": [2], "a": [3], "y": [99]}, cells | {"x": cell("XOR", A=3, B=nets[-1], Y=99)})},
            "top",
            library,
        )
        simulator, _ = running(netlist)
        simulator.cycle({"a": 1})
        simulator.clear()
        simulator.cycle({"a": 0})
        (net,) = netlist.ports["y"]
        assert (simulator.toggles[net], simulator.changes[net]) == (glitches, 0)


def test_a_memory_is_read_written_and_counted(tmp_path: Path) -> None:
    library = gate_library(tmp_path)
    memory = {
        "type": "$mem_v2",
        "parameters": {
            name: format(value, "b")
            for name, value in {
                "RD_PORTS": 1,
                "WR_PORTS": 1,
                "WIDTH": 2,
                "ABITS": 2,
                "SIZE": 3,
                "RD_CLK_ENABLE": 1,
                "RD_TRANSPARENCY_MASK": 0,
                "OFFSET": 0,
            }.items()
        },
        "connections": {
            "RD_CLK": [2],
            "RD_EN": [3],
            "RD_ADDR": [4, 5],
            "RD_DATA": [6, 7],
            "WR_CLK": [2],
            "WR_EN": [8, 9],
            "WR_ADDR": [4, 5],
            "WR_DATA": [10, 11],
        },
    }
    ports = {"ck": [2], "read": [3], "at": [4, 5], "out": [6, 7], "write": [8, 9], "in": [10, 11]}
    modules = {"top": module(ports, {"m": memory, "reg": cell("DFF", CK=2, D=6, Q=12)})}
    netlist = read_netlist(modules, "top", library)
    pin = PinCost(capacitance_pf=0.001, energy_pj=((0.5, 0.5), (0.5, 0.5)))
    free = PinCost(capacitance_pf=0.0, energy_pj=((0.0, 0.0), (0.0, 0.0)))
    read, write = (
        PortCost(access_pj=pj, resting_pj=0.0, address=pin, data=data, select=free, mask=free)
        for pj, data in ((10.0, free), (20.0, pin))
    )
    cost = no_macro(3, 2).model_copy(update={"macro": "M", "count": 1, "read": read, "write": write})
    simulator, delays = running(netlist, {"m": cost})
    simulator.cycle({"at": 2, "in": 3, "write": 1, "read": 0})
    simulator.cycle({"write": 0, "read": 1})
    simulator.cycle({"read": 0})
    assert simulator.port("out") == 1  # the second bit was not enabled
    simulator.cycle({"at": 1})
    assert simulator.port("out") == 1  # held without an enable
    assert (simulator.reads[0], simulator.writes[0]) == (1, 1)
    found = energy_of(simulator, delays, library, {"m": cost}, assumed_tree(library, "INV"))
    # Address: up to 2, then to 1, seen by both ports; data: both bits once.
    assert found.by_kind_pj["memories"] == pytest.approx(10 + 20 + 0.5 * (2 * 3 + 2))


def test_what_a_pulse_must_outlast(tmp_path: Path) -> None:
    """A slew of 0.1 ns over three fifths of the supply is an edge of 1/6 ns from rail to rail, and half that counts."""
    library = gate_library(tmp_path)
    netlist = read_netlist({"top": module({"ck": [2]}, {"x": cell("XOR", A=3, B=4, Y=5)})}, "top", library)
    delays = delays_of(netlist, {}, np.zeros(netlist.nets))
    fall, rise = DELAY_NS["XOR"]
    found = {passing: shortest_pulses(netlist, delays, library.slew_span, passing)[0, :2] for passing in PASSING}
    np.testing.assert_allclose(found["slew"], 1 / 12)
    np.testing.assert_allclose(found["delay"], [[fall, rise]] * 2)
    np.testing.assert_allclose(found["half delay"], [[fall / 2, rise / 2]] * 2)
    np.testing.assert_allclose(found["quarter delay"], [[fall / 4, rise / 4]] * 2)
    np.testing.assert_allclose(found["none"], 0)
    # Edges so slow that they outlast the delay: what has come is not taken back.
    delays.slew_ns[:] = 9.0
    np.testing.assert_allclose(shortest_pulses(netlist, delays, library.slew_span)[0, :2], [[fall, rise]] * 2)


@pytest.mark.parametrize("inertial", [True, False])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
def test_transitions_are_those_of_icarus(seed: int, inertial: bool, tmp_path: Path) -> None:
    """A random netlist of 60 gates between registers, each with its own delay: all nets change as often in both.

    Where gates are not ``inertial``, each has a shortest pulse of its own, less than its delay: in Verilog an inertial
    delay of that, and the rest without.
    """
    draw = random.Random(seed)
    library = gate_library(tmp_path)
    first, gates, cycles = 8, 60, 40
    kinds = ["DFF"] * first + [draw.choice(list(FUNCTIONS)) for _ in range(gates)]
    # Of 10 ps and all different, so that hardly two events coincide; those have no order that all simulators share.
    times = draw.sample(range(30, 2500, 10), 2 * len(kinds))
    picoseconds = list(zip(times[::2], times[1::2] if inertial else times[::2], strict=True))
    pulses = [edges if inertial else (draw.randrange(10, edges[0], 10),) * 2 for edges in picoseconds]
    inputs, nets = list(range(3, 3 + first)), list(range(3 + first, 3 + 2 * first))
    cells = {f"r{n}": cell("DFF", CK=2, D=inputs[n], Q=nets[n]) for n in range(first)}
    lines = [f"reg q{n} = 0; always @(posedge ck) q{n} <= n{inputs[n]};" for n in range(first)]
    texts = [f"q{n}" for n in range(first)]
    for number, kind in enumerate(kinds[first:]):
        pins = FUNCTIONS[kind][0]
        chosen = dict(zip(pins, draw.sample(nets[-24:], len(pins)), strict=True))
        texts.append(re.sub("[AB]", lambda match, chosen=chosen: f"n{chosen[match[0]]}", FUNCTIONS[kind][1]))
        nets.append(100 + number)
        cells[f"g{number}"] = cell(kind, **chosen, Y=nets[-1])
    for net, text, (fall, rise), (shortest, _) in zip(nets, texts, picoseconds, pulses, strict=True):
        function = text.replace("*", "&").replace("+", "|")
        if inertial:
            lines.append(f"wire n{net}; assign #({rise / 1000}, {fall / 1000}) n{net} = {function};")
        else:
            lines.append(f"wire p{net}; assign #{shortest / 1000} p{net} = {function};")
            lines.append(f"reg n{net}; always @(p{net}) n{net} <= #{(fall - shortest) / 1000} p{net};")
    netlist = read_netlist({"top": module({"ck": [2], "in": inputs, "all": nets}, cells)}, "top", library)
    delays = delays_of(netlist, {}, np.zeros(netlist.nets))
    for number, edges in enumerate(picoseconds):
        delays.delay_ns[number] = np.array(edges) / 1000
    pulses_ns = np.zeros(delays.delay_ns.shape)
    pulses_ns[:] = np.array(pulses)[:, None, :] / 1000
    simulator = GateSimulator(netlist, delays, pulses_ns, {}, "ck", MHZ)
    for _ in range(2):
        simulator.cycle({"in": 0})
    simulator.clear()
    values = [draw.getrandbits(first) for _ in range(cycles)]
    for value in values:
        simulator.cycle({"in": value})
    ours = {net: int(simulator.toggles[number]) for net, number in zip(nets, netlist.ports["all"], strict=True)}
    assert ours == _icarus(tmp_path, lines, nets, inputs, values)
    assert sum(ours.values()) > 10 * cycles


def _icarus(folder: Path, lines: list[str], nets: list[int], inputs: list[int], values: list[int]) -> dict[int, int]:
    """Transitions of each net, counted in Verilog."""
    counted = [f"integer c{net} = 0; always @(n{net}) if (counting) c{net} = c{net} + 1;" for net in nets]
    ports = ", ".join(f"n{net}" for net in reversed(inputs))
    text = [
        "`timescale 1ns/1ps",
        "module bench; reg ck = 0; reg counting = 0;",
        *(f"reg n{net} = 0;" for net in inputs),
        *lines,
        *counted,
        "initial begin #100 ck = 1; #50 ck = 0; #49 counting = 1; #1;",
        *(f"ck = 1; #0.01 {{{ports}}} = {value}; #49.99 ck = 0; #50;" for value in values),
        *(f'$display("{net} %0d", c{net});' for net in nets),
        "$finish; end endmodule",
    ]
    (folder / "bench.v").write_text("\n".join(text) + "\n", encoding="utf-8")
    subprocess.run(["iverilog", "-g2012", "-o", "bench", "bench.v"], cwd=folder, check=True)
    out = subprocess.run(["vvp", "bench"], cwd=folder, check=True, capture_output=True, text=True).stdout
    return {int(net): int(count) for net, count in re.findall(r"^(\d+) (\d+)$", out, re.MULTILINE)}


def test_what_cannot_be_simulated_is_refused(tmp_path: Path) -> None:
    library = gate_library(tmp_path)
    with pytest.raises(ValueError, match="which the library gates has not"):
        read_netlist({"top": module({"ck": [2]}, {"x": cell("MYSTERY", A=2)})}, "top", library)
    loop = {"a": cell("INV", A=3, Y=4), "b": cell("INV", A=4, Y=3)}
    with pytest.raises(ValueError, match="loop"):
        running(read_netlist({"top": module({"ck": [2]}, loop)}, "top", library))
    odd = {"a": cell("INV", A=2, Y=3), "b": cell("DFF", CK=3, D=2, Q=4)}
    with pytest.raises(ValueError, match="no clock"):
        running(read_netlist({"top": module({"ck": [2]}, odd)}, "top", library))


def test_the_longest_path_by_hand(tmp_path: Path) -> None:
    """Q rises after 0.6 ns, then three inverters: 0.2, 0.1, 0.2 ns at most, each edge as late as it can be."""
    library = gate_library(tmp_path)
    cells = {f"i{n}": cell("INV", A=4 + n, Y=5 + n) for n in range(3)}
    cells |= {"r": cell("DFF", CK=2, D=7, Q=4)}
    netlist = read_netlist({"top": module({"ck": [2]}, cells)}, "top", library)
    _, delays = running(netlist)
    # The cells' tables are non-unate: an edge of the output may come from either of the input's.
    assert delays.path.ns == pytest.approx(0.6 + 3 * 0.2)
    assert (delays.path.cells, delays.path.begin) == (4, "a flip-flop")
    np.testing.assert_allclose(delays.load_pf[netlist.pins[netlist.kind == 0, 1]].sum(), 3 * PIN_FF / 1000)
