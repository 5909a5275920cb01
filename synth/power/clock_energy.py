"""Energy of a clock tree: of one that is assumed, or of one that was grown on a placement."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from synth.cells.interpolation import look_up
from synth.cells.liberty import Cell, Library
from synth.gates.delays import INPUT_SLEW_NS
from synth.gates.gate_simulator import GateSimulator
from synth.place.clock_tree import ClockTree

__all__ = ["CLOCK_TREE_SINKS", "TreeEnergy", "TreeModel", "assumed_tree", "placed_tree"]

CLOCK_TREE_SINKS = 16
"""Clock pins for each buffer, where nothing is placed."""


class TreeEnergy(NamedTuple):
    """Of a run, in pJ."""

    buffers_pj: float
    wires_pj: float
    """0 where nothing is placed: an allowance for wires is with the pins."""


TreeModel = Callable[[GateSimulator], TreeEnergy]


def assumed_tree(library: Library, buffer: str) -> TreeModel:
    """A buffer for every so many pins of a clock that runs, internal energy and input, twice a cycle."""
    cell = library.cells[buffer]
    each = _inside(cell, CLOCK_TREE_SINKS * 0.003) + _input(cell, library.voltage_v)

    def energy(simulator: GateSimulator) -> TreeEnergy:
        netlist, edges = simulator.netlist, 0.0
        for number, kind in enumerate(netlist.kinds):
            if kind.clock >= 0:
                edges += float(simulator.toggles[netlist.pins[netlist.of_kind(number), kind.clock]].sum())
        return TreeEnergy(edges / CLOCK_TREE_SINKS * each, 0.0)

    return energy


def placed_tree(library: Library, tree: ClockTree, ff_per_um: float) -> TreeModel:
    """Buffers and wires as they lie, at every transition of their clock net."""
    cells = [library.cells[str(name)] for name in tree.kinds]
    each = np.zeros(len(tree.net))
    for kind, cell in enumerate(cells):
        mine = tree.kind == kind
        inside = [_inside(cell, float(load)) for load in tree.load_pf[mine]]
        each[mine] = np.array(inside) + _input(cell, library.voltage_v)
    wires = 0.5 * tree.wire_um * ff_per_um / 1e3 * library.voltage_v**2

    def energy(simulator: GateSimulator) -> TreeEnergy:
        toggles = simulator.toggles
        return TreeEnergy(float((toggles[tree.net] * each).sum()), float((toggles * wires).sum()))

    return energy


def _inside(cell: Cell, load_pf: float) -> float:
    """Mean over its edges; the load's own energy is not in it."""
    output = next(pin for pin in cell.pins.values() if pin.direction == "output")
    tables = [table for power in output.internal_power for table in (power.rise, power.fall) if table]
    return sum(float(look_up(table, INPUT_SLEW_NS, load_pf)) for table in tables) / max(1, len(tables))


def _input(cell: Cell, voltage_v: float) -> float:
    pin = next(pin for pin in cell.pins.values() if pin.direction == "input")
    return 0.5 * pin.capacitance_pf * voltage_v**2
