"""A clock tree on a placement: nothing drives too much, nothing is lost, and its energy is that of its parts."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from synth.cells.liberty import Library, read_liberty
from synth.gates.gate_simulator import GateSimulator
from synth.gates.netlist import Netlist, read_netlist
from synth.place.blocks import in_grid
from synth.place.clock_buffers import clock_buffers
from synth.place.clock_tree import ClockTree, grow_clock_tree, load_tree, save_tree
from synth.place.placement import Placement
from synth.power.clock_energy import placed_tree
from tests.synth.test_gate_simulator import cell, module

FF_PER_UM, VOLTAGE = 0.1, 1.2
PIN_FF, BUFFER_FF = 10.0, {"BUF1": 2.0, "BUF4": 5.0}
LIMIT_FF = {"BUF1": 20.0, "BUF4": 80.0}
"""Load at which a buffer's edges take 0.1 ns."""
INSIDE_FJ = {"BUF1": 3.0, "BUF4": 9.0}


def library(folder: Path) -> Library:
    """Buffers whose edges get slower in proportion to their load, and a flip-flop."""
    cells = ""
    for area, (name, limit) in enumerate(LIMIT_FF.items(), 1):
        edge = '(loads) { values ("0, 0.2"); }'.replace("loads", f"loads_{name}")
        inside = f'{{ values ("{INSIDE_FJ[name] / 1000}"); }}'
        cells += (
            f"lu_table_template (loads_{name}) {{ variable_1 : total_output_net_capacitance; "
            f'index_1 ("0, {2 * limit / 1000}"); }}\n'
            f"cell ({name}) {{ area : {area};\n"
            f"pin (A) {{ direction : input; capacitance : {BUFFER_FF[name] / 1000}; }}\n"
            f'pin (Y) {{ direction : output; function : "A";\n'
            f'internal_power () {{ related_pin : "A"; fall_power (scalar) {inside} rise_power (scalar) {inside} }}\n'
            f'timing () {{ related_pin : "A"; timing_sense : positive_unate; cell_rise {edge} cell_fall {edge}\n'
            f"rise_transition {edge} fall_transition {edge} }} }} }}\n"
        )
    cells += (
        f'cell (DFF) {{ area : 9; ff (IQ, IQN) {{ clocked_on : "CK"; next_state : "D"; }}\n'
        f"pin (CK) {{ direction : input; clock : true; capacitance : {PIN_FF / 1000}; }}\n"
        'pin (D) { direction : input; capacitance : 0.002; } pin (Q) { direction : output; function : "IQ"; } }\n'
    )
    path = folder / "clock.lib"
    path.write_text(
        'library (clock) { time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW";\n'
        f"capacitive_load_unit (1, pf); nom_voltage : {VOLTAGE};\n{cells}}}\n"
    )
    return read_liberty(path, timing=True)


def grown(folder: Path, x_um: list[float], y_um: list[float]) -> tuple[Netlist, Library, ClockTree]:
    """A tree over flip-flops that lie there."""
    cells = library(folder)
    registers = {f"r{n}": cell("DFF", CK=2, D="0", Q=10 + n) for n in range(len(x_um))}
    netlist = read_netlist({"top": module({"ck": [2]}, registers)}, "top", cells)
    nothing = np.zeros(len(x_um), dtype=np.int32)
    places: dict[str, Any] = {
        "x": np.array([in_grid(um) for um in x_um], dtype=np.int32),
        "y": np.array([in_grid(um) for um in y_um], dtype=np.int32),
    }
    placement = Placement(
        die=np.array([1, 1, 1, 1], dtype=np.int32),
        counts=np.array([len(x_um), 0], dtype=np.int32),
        width=nothing,
        height=nothing,
        upside_down=nothing.astype(bool),
        unit=nothing,
        units=np.array(["top"]),
        **places,
    )
    return netlist, cells, grow_clock_tree(netlist, placement, cells, "ck", "BUF4", FF_PER_UM)


def test_what_a_buffer_may_drive_follows_from_its_edges(tmp_path: Path) -> None:
    buffers = clock_buffers(library(tmp_path), "BUF4")
    assert [buffer.name for buffer in buffers] == ["BUF1", "BUF4"]
    assert [1e3 * buffer.limit_pf for buffer in buffers] == pytest.approx([20.0, 80.0], rel=0.01)
    assert [buffer.name for buffer in clock_buffers(library(tmp_path), "BUF1")] == ["BUF1"]


def test_few_pins_need_no_buffer(tmp_path: Path) -> None:
    """Three pins of 10 fF, and 22 µm of wire: less than what drives the chip's clock may drive."""
    netlist, _, tree = grown(tmp_path, [0.0, 20.0, 10.0], [0.0, 0.0, 0.0])
    assert (len(tree.net), tree.levels.tolist()) == (0, [0])
    assert tree.wire_um[netlist.ports["ck"][0]] == pytest.approx(20.0 * 1.1)


def test_two_heaps_have_a_buffer_each(tmp_path: Path) -> None:
    """Six pins at each of two places, 200 µm apart: 60 fF each, and a wire between the buffers."""
    netlist, _, tree = grown(tmp_path, [0.0] * 6 + [200.0] * 6, [0.0] * 12)
    assert [str(tree.kinds[kind]) for kind in tree.kind[:2]] == ["BUF4", "BUF4"]
    assert 1e3 * tree.load_pf[:2] == pytest.approx([60.0, 60.0])
    assert tree.wire_um[netlist.ports["ck"][0]] == pytest.approx(200.0 * 1.1)


def test_nothing_drives_too_much_and_nothing_is_lost(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    netlist, cells, tree = grown(tmp_path, *(draw.uniform(0, 200, 150).tolist() for _ in range(2)))
    save_tree(tmp_path / "tree.npz", tree)
    tree = load_tree(tmp_path / "tree.npz")
    names = [str(tree.kinds[kind]) for kind in tree.kind]
    assert all(1e3 * load <= 1.01 * LIMIT_FF[name] for load, name in zip(tree.load_pf, names, strict=True))
    # Each pin, each buffer and all wire is driven once: by a buffer, or by what drives the clock.
    wire_ff = float(tree.wire_um.sum()) * FF_PER_UM
    all_ff = 150 * PIN_FF + wire_ff + sum(BUFFER_FF[name] for name in names)
    at_the_root = all_ff - 1e3 * float(tree.load_pf.sum())
    assert 0 < at_the_root <= LIMIT_FF["BUF4"]
    assert 0 < tree.arrival_ns[0] <= tree.arrival_ns[1] <= 0.1 * int(tree.levels[0]) * 1.01
    # By hand: each buffer's inside and input, and all wire, at four transitions of the clock.
    toggles = np.zeros(netlist.nets, dtype=np.int64)
    toggles[netlist.ports["ck"][0]] = 4
    found = placed_tree(cells, tree, FF_PER_UM)(cast(GateSimulator, SimpleNamespace(toggles=toggles)))
    swing = 0.5 * VOLTAGE**2
    assert found.wires_pj * 1e3 == pytest.approx(4 * wire_ff * swing)
    assert found.buffers_pj * 1e3 == pytest.approx(4 * sum(INSIDE_FJ[n] + BUFFER_FF[n] * swing for n in names))
