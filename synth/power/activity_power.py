"""Energy of what a netlist did: transitions times the library's tables, memory accesses times their macros'."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from synth.cells.cell_kind import CellKind
from synth.cells.interpolation import look_up
from synth.cells.liberty import InternalPower, Library
from synth.gates.delays import INPUT_SLEW_NS, Delays
from synth.gates.gate_simulator import GateSimulator
from synth.gates.memory_cost import MemoryCost
from synth.gates.netlist import Netlist, port_parts
from synth.power.clock_energy import TreeModel
from synth.power.power_report import ClockEnergy, Energy, UnitEnergy

__all__ = ["energy_of"]


def energy_of(
    simulator: GateSimulator,
    delays: Delays,
    library: Library,
    memories: Mapping[str, MemoryCost],
    tree: TreeModel,
) -> Energy:
    """Add up a run, since the simulator's counters were cleared.

    A transition of a net costs half of C·V², its cells' tables are for transitions, so that nothing counts twice.

    Args:
        simulator: after the run.
        delays: loads and slews of the nets.
        library: the cells.
        memories: of each memory, what its macros cost.
        tree: of the clock.
    """
    netlist = simulator.netlist
    inner, clock = _internal(simulator, delays)
    units = len(netlist.units)
    is_gate = np.array([kind.role == "gate" for kind in netlist.kinds])[netlist.kind]
    nets, clock_nets = _nets(simulator, delays, library.voltage_v)
    macros = _macros(simulator, memories)

    def by_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(netlist.unit, weights=values, minlength=units).astype(np.float64)

    gates, registers = by_unit(np.where(is_gate, inner, 0.0)), by_unit(np.where(is_gate, 0.0, inner))
    clocks = by_unit(clock) + clock_nets
    of_tree = tree(simulator)
    is_clock_gate = np.array([kind.role == "clock gate" for kind in netlist.kinds])[netlist.kind]
    in_gates = float(clock[is_clock_gate].sum())
    return Energy(
        cycles=simulator.cycles,
        units=[
            UnitEnergy(
                name=name,
                gates_pj=float(gates[n]),
                flip_flops_pj=float(registers[n]),
                clock_pj=float(clocks[n]),
                nets_pj=float(nets[n]),
                memories_pj=float(macros[n]),
            )
            for n, name in enumerate(netlist.units)
        ],
        clock_tree_pj=sum(of_tree),
        clock=ClockEnergy(
            wires_pj=of_tree.wires_pj,
            buffers_pj=of_tree.buffers_pj,
            pins_pj=float(clocks.sum()) - in_gates,
            gates_pj=in_gates,
        ),
        transitions=int(simulator.toggles.sum()),
        glitch_share=_glitch_share(simulator, delays),
        settled_ns=simulator.settled_ns,
    )


def _internal(simulator: GateSimulator, delays: Delays) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(cells,) internal energy: of clock and enable pins of registers, apart from all other."""
    netlist = simulator.netlist
    other, clock = np.zeros(len(netlist.kind)), np.zeros(len(netlist.kind))
    for number, kind in enumerate(netlist.kinds):
        cells = netlist.of_kind(number)
        for entry, transition in enumerate(kind.transitions):
            counts = [simulator.counts[simulator.counter_at[cells] + 2 * entry + edge] for edge in (0, 1)]
            energy = _entry(netlist, delays, kind, cells, transition.pin, transition.cause, transition.power, counts)
            of_clock = kind.role == "clock gate" or (kind.role == "flip-flop" and transition.pin == kind.clock)
            (clock if of_clock else other)[cells] += energy
    return other, clock


def _entry(
    netlist: Netlist,
    delays: Delays,
    kind: CellKind,
    cells: NDArray[np.intp],
    pin: int,
    cause: int | None,
    power: InternalPower,
    counts: list[NDArray[np.int64]],
) -> NDArray[np.float64]:
    energy = np.zeros(cells.size)
    source = pin if cause is None else cause
    nets = netlist.pins[cells, source]
    outputs = netlist.pins[cells, pin]
    load = np.where(outputs >= 0, delays.load_pf[outputs], 0.0) if cause is not None else 0.0
    for edge, table in ((0, power.fall), (1, power.rise)):
        if table is not None and counts[edge].any():
            if source == kind.clock:
                slew: NDArray[np.float64] = np.full(cells.size, INPUT_SLEW_NS)
            else:
                # Either edge of an input may have made an output's.
                slew = delays.slew_ns[edge, nets] if cause is None else delays.slew_ns[:, nets].mean(axis=0)
            energy += counts[edge] * look_up(table, slew, load)
    return energy


def _nets(
    simulator: GateSimulator, delays: Delays, voltage_v: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(units,) energy of the nets' loads, with the unit that drives them; clock nets apart."""
    netlist = simulator.netlist
    energy = 0.5 * simulator.toggles * delays.load_pf * voltage_v**2
    unit = np.where(netlist.driver >= 0, netlist.unit[netlist.driver], 0)
    for memory in netlist.memories:
        for port in memory.reads:
            unit[list(port.data)] = memory.unit
    units = len(netlist.units)
    return (
        np.bincount(unit, weights=np.where(netlist.is_clock, 0.0, energy), minlength=units).astype(np.float64),
        np.bincount(unit, weights=np.where(netlist.is_clock, energy, 0.0), minlength=units).astype(np.float64),
    )


def _glitch_share(simulator: GateSimulator, delays: Delays) -> float:
    load = np.where(simulator.netlist.is_clock, 0.0, delays.load_pf)
    moved = float((simulator.toggles * load).sum())
    return 1 - float((simulator.changes * load).sum()) / moved if moved else 0.0


def _macros(simulator: GateSimulator, memories: Mapping[str, MemoryCost]) -> NDArray[np.float64]:
    """(units,) energy of macros: accesses, clock edges without one, and transitions of pins."""
    netlist = simulator.netlist
    energy = np.zeros(len(netlist.units))
    for number, memory in enumerate(netlist.memories):
        cost = memories[memory.name]
        total = simulator.toggles[memory.clock] / 2 * cost.resting_pj
        for accesses, port in ((simulator.reads[number], cost.read), (simulator.writes[number], cost.write)):
            total += accesses * (port.access_pj - port.resting_pj)
        for read in memory.reads:
            # What is read comes with an access, and rises as often as it falls.
            total += simulator.toggles[list(read.data)].sum() * np.mean(cost.read.data.energy_pj[1])
        energy[memory.unit] += total
    for part, counts in zip(port_parts(netlist), simulator.port_counts, strict=True):
        memory = netlist.memories[part.memory]
        cost = memories[memory.name]
        port = cost.write if part.writes else cost.read
        energy[memory.unit] += (counts[0:2] * np.array(port.address.energy_pj)).sum()
        energy[memory.unit] += (counts[2:4] * np.array(port.data.energy_pj)).sum()
        # A rise of the enable finds an access, and a fall does not.
        (falling, _), (_, rising) = np.array(port.select.energy_pj) + part.masked * np.array(port.mask.energy_pj)
        energy[memory.unit] += counts[4] @ (falling, rising)
    return energy
