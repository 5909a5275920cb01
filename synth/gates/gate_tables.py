"""A netlist as the arrays that the compiled event loop walks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synth.gates.delays import Delays, levels
from synth.gates.netlist import Bits, Netlist, clock_gates, port_parts

__all__ = ["PORT_ENTRIES", "QUANTUM_NS", "GateTables", "gate_tables"]

QUANTUM_NS = 0.01
"""Resolution of time; every delay, and every pulse, is at least one."""
PORT_ENTRIES = 5
"""Of each part of a memory's port: the address without an access and with one, the data likewise, and the enable."""
PORT_ROWS = {"address": (0, 1, 0, 1), "data": (2, 3, 2, 3), "enable": (4, 4, 4, 4)}
"""Entry by state, of which bit 0 is the enable, and bit 1 is whatever else moves."""
ROLES = {"gate": 0, "flip-flop": 1, "clock gate": 2, "tie": 3}

Ints = NDArray[np.int32]


class GateTables(NamedTuple):
    """Constants of a simulation. ``*_at`` are starts of rows in a flat array."""

    kind: Ints
    pins: Ints
    role: Ints
    inputs: Ints
    all_pins: Ints
    clock: Ints
    data: Ints
    function: NDArray[np.uint8]
    function_at: Ints
    passive: NDArray[np.int16]
    passive_at: Ints
    active: NDArray[np.int16]
    active_at: Ints
    counter_at: Ints
    delay: Ints
    fan_at: Ints
    fan: Ints
    """(pins driven, 11), by net from ``fan_at`` on: cell, bit of its state, row in ``passive`` (-1 if all is free), its
    first counter, function (-1 of what is no gate), mask of the inputs, output net, delay to its fall and rise, and
    shortest pulse that such an edge may end. What an event needs lies together, because memory is what an event waits
    for."""
    drive: Ints
    """(nets, 5): driver (-1 without one), bit of its state, row in ``active`` of its first input, states in a row, its
    first counter."""
    clocked: Ints
    """Flip-flops, those of one clock net after the other."""
    clocked_at: Ints
    """Begin of each clock net's: the chip's clock first, then one for each of ``gates``."""
    gates: Ints
    """Clock gates, each behind those that its clock comes through."""
    gate_clock: Ints
    """Place of each gate's clock in ``clock_nets``."""
    clock_nets: Ints
    order: Ints
    """Gates in the order that their values settle."""
    memory: Ints
    """(memories, 3): words, width, begin in the array of bits."""
    read: Ints
    """(read ports, 5): memory, enable, begin of the address in ``port_nets``, its bits, place of its clock in
    ``clock_nets``; the data follow the address."""
    write: Ints
    """(write ports, 4): memory, begin in ``port_nets``, bits of the address, place of its clock in ``clock_nets``;
    address, data and enables in a row."""
    port_nets: Ints
    access: Ints
    """By memory: time from clock to data."""
    enables: Ints
    """Of each part of a memory's port. Their states and counters are behind those of the cells."""


def gate_tables(
    netlist: Netlist, delays: Delays, pulses_ns: NDArray[np.float64], clock: str, access_ns: dict[str, float]
) -> GateTables:
    """Arrays of a netlist.

    Args:
        netlist: cells and nets.
        delays: of its cells.
        pulses_ns: (cells, pins, edges) shortest pulse that leaves a gate.
        clock: name of the clock's port.
        access_ns: of each memory, time from clock to data.

    Raises:
        ValueError: a clock is neither the port's nor a clock gate's output.
    """
    kinds = netlist.kinds
    role = np.array([ROLES[kind.role] for kind in kinds], dtype=np.int32)
    transitions = np.array([len(kind.transitions) for kind in kinds])
    counter_at = np.concatenate([[0], np.cumsum(2 * transitions[netlist.kind])]).astype(np.int32)
    function, function_at = _flat([kind.function for kind in kinds], np.uint8)
    simulated = [kind if kind.role != "tie" else None for kind in kinds]
    passive, passive_at = _flat([np.zeros(0) if k is None else k.passive.ravel() for k in simulated], np.int16)
    active, active_at = _flat([np.zeros(0) if k is None else k.active.ravel() for k in simulated], np.int16)
    delay = _quanta(delays.delay_ns)
    ports = _port_pins(netlist, int(counter_at[-1]), passive.size)
    fan_at, fan = _fan_out(netlist, delay, _quanta(pulses_ns), counter_at, function_at, passive, passive_at, ports)
    clocked, clocked_at, gates, gate_clock, clock_nets = _clocks(netlist, netlist.ports[clock][0])
    memory, read, write, port_nets = _memories(netlist, clock_nets.tolist())
    return GateTables(
        kind=netlist.kind,
        pins=netlist.pins,
        role=role,
        inputs=np.array([len(kind.inputs) for kind in kinds], dtype=np.int32),
        all_pins=np.array([kind.pins for kind in kinds], dtype=np.int32),
        clock=np.array([kind.clock for kind in kinds], dtype=np.int32),
        data=np.array([kind.data for kind in kinds], dtype=np.int32),
        function=function,
        function_at=function_at,
        passive=np.concatenate([passive, *PORT_ROWS.values()]).astype(np.int16),
        passive_at=passive_at,
        active=active,
        active_at=active_at,
        counter_at=counter_at,
        delay=delay,
        fan_at=fan_at,
        fan=fan,
        drive=_drive(netlist, counter_at, active_at),
        clocked=clocked,
        clocked_at=clocked_at,
        gates=gates,
        gate_clock=gate_clock,
        clock_nets=clock_nets,
        order=np.concatenate([*levels(netlist), np.zeros(0, dtype=int)]).astype(np.int32),
        memory=memory,
        read=read,
        write=write,
        port_nets=port_nets,
        access=_quanta(np.array([access_ns[m.name] for m in netlist.memories])),
        enables=np.array([part.enable for part in port_parts(netlist)], dtype=np.int32),
    )


def _quanta(times_ns: NDArray[np.float64]) -> Ints:
    return np.maximum(1, np.round(times_ns / QUANTUM_NS)).astype(np.int32)


def _flat(rows: Sequence[NDArray[Any]], dtype: type) -> tuple[NDArray[Any], Ints]:
    starts = np.concatenate([[0], np.cumsum([row.size for row in rows])]).astype(np.int32)
    return np.concatenate([*rows, np.zeros(0)]).astype(dtype), starts


def _fan_out(
    netlist: Netlist,
    delay: Ints,
    pulse: Ints,
    counter_at: Ints,
    function_at: Ints,
    passive: NDArray[np.int16],
    passive_at: Ints,
    ports: tuple[Ints, Ints],
) -> tuple[Ints, Ints]:
    """Input pins by net, with those of memories' ``ports``; clock pins follow the clock, and are left out."""
    nets, rows = [ports[0]], [ports[1]]
    for number, kind in enumerate(netlist.kinds):
        of_kind = netlist.of_kind(number)
        first = len(kind.inputs)
        for pin in range(first):
            cells = of_kind[netlist.pins[of_kind, pin] >= 0]
            if pin == kind.clock or not cells.size:
                continue
            row = passive_at[number] + (pin << kind.pins)
            free = (passive[row : row + (1 << kind.pins)] < 0).all()
            gate = kind.role == "gate"
            table = np.empty((cells.size, 11), dtype=np.int32)
            table[:, 0], table[:, 1] = cells, 1 << pin
            table[:, 2], table[:, 3] = -1 if free else row, counter_at[cells]
            table[:, 4], table[:, 5] = function_at[number] if gate else -1, (1 << first) - 1
            table[:, 6] = netlist.pins[cells, first] if gate else -1
            table[:, 7:9] = delay[cells, pin]
            table[:, 9:] = pulse[cells, pin]
            nets.append(netlist.pins[cells, pin])
            rows.append(table)
    net = np.concatenate(nets)
    order = np.argsort(net, kind="stable")
    starts = np.searchsorted(net[order], np.arange(netlist.nets + 1))
    return starts.astype(np.int32), np.concatenate(rows)[order]


def _port_pins(netlist: Netlist, counter: int, row: int) -> tuple[Ints, Ints]:
    """Nets that go to memories' ports, with what :func:`_fan_out` has of each: a port's part is a cell without output.

    Args:
        netlist: the memories.
        counter: the parts' first.
        row: of ``PORT_ROWS`` behind the cells' rows in ``passive``.
    """
    nets: list[int] = []
    rows: list[tuple[int, ...]] = []
    for number, part in enumerate(port_parts(netlist)):
        cell, first = len(netlist.kind) + number, counter + 2 * PORT_ENTRIES * number
        for place, (pins, bit) in enumerate(((part.address, 2), (part.data, 2), ((part.enable,), 1))):
            nets += pins
            rows += [(cell, bit, row + 4 * place, first, -1, 0, -1, 0, 0, 0, 0)] * len(pins)
    return np.array(nets, dtype=np.int32), np.array(rows, dtype=np.int32).reshape(-1, 11)


def _drive(netlist: Netlist, counter_at: Ints, active_at: Ints) -> Ints:
    drive = np.full((netlist.nets, 5), -1, dtype=np.int32)
    for number, kind in enumerate(netlist.kinds):
        if kind.role == "tie":
            continue
        cells = netlist.of_kind(number)
        first = len(kind.inputs)
        for out in range(len(kind.outputs)):
            driving = cells[netlist.pins[cells, first + out] >= 0]
            nets = netlist.pins[driving, first + out]
            drive[nets, 0], drive[nets, 1] = driving, 1 << (first + out)
            drive[nets, 2] = active_at[number] + ((out * first) << kind.pins)
            drive[nets, 3], drive[nets, 4] = kind.pins, counter_at[driving]
    return drive


def _clocks(netlist: Netlist, root: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    groups: dict[int, list[int]] = {root: []}
    gates, gate_clock = [], []
    for level in clock_gates(netlist, root):
        for cell in level:
            kind = netlist.kinds[netlist.kind[cell]]
            gates.append(cell)
            gate_clock.append(list(groups).index(int(netlist.pins[cell, kind.clock])))
        groups |= {int(netlist.pins[c, len(netlist.kinds[netlist.kind[c]].inputs)]): [] for c in level}
    for number, kind in enumerate(netlist.kinds):
        if kind.role == "flip-flop":
            for cell in netlist.of_kind(number):
                net = int(netlist.pins[cell, kind.clock])
                if net not in groups:
                    raise ValueError(f"a {kind.cell.name} is clocked by a net that is no clock; it cannot be simulated")
                groups[net].append(int(cell))
    starts = np.concatenate([[0], np.cumsum([len(group) for group in groups.values()])])
    clocked = np.array([cell for group in groups.values() for cell in group], dtype=np.int32)
    of_gates = np.array(gates, dtype=np.int32), np.array(gate_clock, dtype=np.int32)
    return clocked, starts.astype(np.int32), *of_gates, np.array(list(groups), dtype=np.int32)


def _memories(netlist: Netlist, clocks: list[int]) -> tuple[Ints, Ints, Ints, Ints]:
    shapes, reads, writes = [], [], []
    nets: list[int] = []
    begin = 0

    def place(*parts: Bits) -> int:
        at = len(nets)
        for part in parts:
            nets.extend(part)
        return at

    for number, memory in enumerate(netlist.memories):
        shapes.append((memory.words, memory.width, begin))
        begin += memory.words * memory.width
        if not {*(p.clock for p in memory.reads), *(p.clock for p in memory.writes)} <= set(clocks):
            raise ValueError(f"memory {memory.name} is clocked by a net that is no clock; it cannot be simulated")
        for port in memory.reads:
            begins = place(port.address, port.data)
            reads.append((number, port.enable, begins, len(port.address), clocks.index(port.clock)))
        for write in memory.writes:
            begins = place(write.address, write.data, write.enable)
            writes.append((number, begins, len(write.address), clocks.index(write.clock)))
    return (
        np.array(shapes, dtype=np.int32).reshape(-1, 3),
        np.array(reads, dtype=np.int32).reshape(-1, 5),
        np.array(writes, dtype=np.int32).reshape(-1, 4),
        np.array(nets, dtype=np.int32),
    )
