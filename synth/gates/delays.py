"""Loads, slews and delays of a netlist, by its library's tables; the longest path."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.cells.cell_kind import CellKind
from synth.cells.interpolation import look_up
from synth.cells.liberty import TimingArc
from synth.cells.table import Table
from synth.gates.critical_path import CriticalPath
from synth.gates.memory_cost import MemoryCost
from synth.gates.netlist import Netlist, port_parts

__all__ = ["INPUT_SLEW_NS", "Delays", "allowed_wires", "delays_of", "net_loads"]

INPUT_SLEW_NS = 0.1
"""Of the chip's inputs, and of the clock behind its tree."""
RISE, FALL = 1, 0


@dataclass(frozen=True)
class Delays:
    """``load_pf`` and ``slew_ns`` (edges, nets) by net; ``delay_ns`` (cells, pins, edges) to the output.

    Edge 0 is falling, 1 rising; a delay's edge is the output's. A flip-flop's is that of its clock pin.
    """

    load_pf: NDArray[np.float64]
    slew_ns: NDArray[np.float64]
    delay_ns: NDArray[np.float64]
    path: CriticalPath


def allowed_wires(netlist: Netlist, memories: dict[str, MemoryCost], pf_per_pin: float) -> NDArray[np.float64]:
    """(nets,) capacitance of each net's wire, pF, if every pin that it drives has the same allowance."""
    pins = np.zeros(netlist.nets)
    for nets, _, count in _driven(netlist, memories):
        np.add.at(pins, nets, count)
    return pins * pf_per_pin


def net_loads(netlist: Netlist, memories: dict[str, MemoryCost], wires_pf: NDArray[np.float64]) -> NDArray[np.float64]:
    """Capacitance of each net, pF: its pins, and its wire (nets,)."""
    loads = wires_pf.copy()
    for nets, capacitance_pf, _ in _driven(netlist, memories):
        np.add.at(loads, nets, capacitance_pf)
    return loads


def _driven(
    netlist: Netlist, memories: dict[str, MemoryCost]
) -> Iterator[tuple[NDArray[np.int32] | list[int], float, int]]:
    """Nets that drive pins of one kind, with the pins' capacitance, and of how many pins that is."""
    for number, kind in enumerate(netlist.kinds):
        cells = netlist.of_kind(number)
        for pin in range(len(kind.inputs)):
            nets = netlist.pins[cells, pin]
            yield nets[nets >= 0], kind.pin(pin).capacitance_pf, 1
    parts = port_parts(netlist)
    for number, memory in enumerate(netlist.memories):
        cost = memories[memory.name]
        yield [memory.clock], cost.clock_pf, cost.count
        for part in parts:
            if part.memory == number:
                port = cost.write if part.writes else cost.read
                yield list(part.address), port.address.capacitance_pf, cost.count
                yield list(part.data), port.data.capacitance_pf, cost.rows
                select_pf = port.select.capacitance_pf + part.masked * port.mask.capacitance_pf
                yield [part.enable], select_pf, cost.count // cost.rows


def delays_of(netlist: Netlist, memories: dict[str, MemoryCost], wires_pf: NDArray[np.float64]) -> Delays:
    """Slews and arrivals from the flip-flops, memories and inputs on, level by level.

    Every slew is the worst of all that could cause it; loads beyond a table go on in a straight line.

    Args:
        netlist: the cells.
        memories: of each memory, what its macros cost.
        wires_pf: (nets,) capacitance of each net's wire.

    Raises:
        ValueError: gates drive each other in a loop.
    """
    return _Analysis(netlist, memories, wires_pf).run()


class _Analysis:
    def __init__(self, netlist: Netlist, memories: dict[str, MemoryCost], wires_pf: NDArray[np.float64]) -> None:
        self._netlist = netlist
        self._memories = memories
        self._load = net_loads(netlist, memories, wires_pf)
        self._slew = np.full((2, netlist.nets), INPUT_SLEW_NS)
        self._arrival = np.zeros((2, netlist.nets))
        self._delay = np.zeros((len(netlist.kind), netlist.pins.shape[1], 2))
        self._from = np.full((2, netlist.nets, 2), -1, dtype=np.int64)
        """Net and edge that a net's latest edge came from."""

    def run(self) -> Delays:
        self._slew[:, self._netlist.driver >= 0] = 0.0  # grows with each arc that reaches the net
        self._starts()
        for cells in levels(self._netlist):
            for number in np.unique(self._netlist.kind[cells]):
                self._gates(self._netlist.kinds[number], cells[self._netlist.kind[cells] == number])
        return Delays(self._load, self._slew, self._delay, self._longest())

    def _starts(self) -> None:
        for number, kind in enumerate(self._netlist.kinds):
            if kind.role == "flip-flop":
                cells = self._netlist.of_kind(number)
                for out in range(len(kind.outputs)):
                    self._outputs(kind, cells, kind.clock, len(kind.inputs) + out)
        for memory in self._netlist.memories:
            for port in memory.reads:
                nets = np.array(port.data)
                for edge in (RISE, FALL):
                    self._arrival[edge, nets] = self._memories[memory.name].access_ns
                    self._slew[edge, nets] = self._memories[memory.name].slew_ns

    def _gates(self, kind: CellKind, cells: NDArray[np.intp]) -> None:
        for pin in range(len(kind.inputs)):
            self._outputs(kind, cells, pin, len(kind.inputs))

    def _outputs(self, kind: CellKind, cells: NDArray[np.intp], pin: int, out: int) -> None:
        """Let the edges of an input make those of an output."""
        inputs, outputs = self._netlist.pins[cells, pin], self._netlist.pins[cells, out]
        cells, inputs, outputs = cells[outputs >= 0], inputs[outputs >= 0], outputs[outputs >= 0]
        name = kind.inputs[pin]
        sequential = kind.role == "flip-flop"
        load = self._load[outputs]
        for arc in kind.pin(out).timing:
            if name not in arc.related_pin.split() or arc.kind not in DELAYS:
                continue
            for edge, delay_table, slew_table in ((RISE, arc.rise, arc.rise_slew), (FALL, arc.fall, arc.fall_slew)):
                if delay_table is None:
                    continue
                for cause in (RISE,) if sequential else _causes(arc, edge):
                    slew = np.full(inputs.shape, INPUT_SLEW_NS) if sequential else self._slew[cause, inputs]
                    delay = np.maximum(look_up(delay_table, slew, load, beyond=True), 0.0)
                    arrival = delay if sequential else self._arrival[cause, inputs] + delay
                    self._delay[cells, pin, edge] = np.maximum(self._delay[cells, pin, edge], delay)
                    self._later(outputs, edge, arrival, inputs, cause, sequential=sequential)
                    self._slower(outputs, edge, slew_table, slew, load)

    def _later(
        self,
        outputs: NDArray[np.int32],
        edge: int,
        arrival: NDArray[np.float64],
        inputs: NDArray[np.int32],
        cause: int,
        *,
        sequential: bool,
    ) -> None:
        later = arrival > self._arrival[edge, outputs]
        self._arrival[edge, outputs[later]] = arrival[later]
        self._from[edge, outputs[later], 0] = -1 if sequential else inputs[later]
        self._from[edge, outputs[later], 1] = cause

    def _slower(
        self,
        outputs: NDArray[np.int32],
        edge: int,
        table: Table | None,
        slew: NDArray[np.float64],
        load: NDArray[np.float64],
    ) -> None:
        if table is None:
            return
        new = np.maximum(look_up(table, slew, load, beyond=True), 0.0)
        self._slew[edge, outputs] = np.maximum(new, self._slew[edge, outputs])

    def _longest(self) -> CriticalPath:
        best = (0.0, -1, RISE, "nothing")
        for number, kind in enumerate(self._netlist.kinds):
            if kind.data < 0:
                continue
            cells = self._netlist.of_kind(number)
            nets = self._netlist.pins[cells, kind.data]
            for edge in (RISE, FALL):
                ends = self._arrival[edge, nets] + self._setup(kind, nets, edge)
                worst = int(np.argmax(ends))
                unit = self._netlist.units[self._netlist.unit[cells[worst]]]
                best = max(best, (float(ends[worst]), int(nets[worst]), edge, f"a {kind.role} in {unit}"))
        for memory in self._netlist.memories:
            ports = [[port.enable, *port.address] for port in memory.reads]
            ports += [[*port.enable, *port.address, *port.data] for port in memory.writes]
            for net in np.unique(np.concatenate(ports).astype(int)):
                for edge in (RISE, FALL):
                    end = float(self._arrival[edge, net]) + self._memories[memory.name].setup_ns
                    best = max(best, (end, int(net), edge, f"memory {memory.name}"))
        for name, port in self._netlist.ports.items():
            for net in port:
                for edge in (RISE, FALL):
                    best = max(best, (float(self._arrival[edge, net]), net, edge, f"output {name}"))
        return self._trace(*best)

    def _setup(self, kind: CellKind, nets: NDArray[np.int32], edge: int) -> NDArray[np.float64]:
        times = np.zeros(nets.shape)
        for arc in kind.pin(kind.data).timing:
            table = arc.rise if edge == RISE else arc.fall
            if arc.kind == "setup_rising" and table is not None:
                times = np.maximum(times, look_up(table, self._slew[edge, nets], 0.0, INPUT_SLEW_NS, beyond=True))
        return times

    def _trace(self, ns: float, net: int, edge: int, end: str) -> CriticalPath:
        units: list[str] = []
        cells = 0
        while net >= 0 and self._netlist.driver[net] >= 0:
            cells += 1
            unit = self._netlist.units[self._netlist.unit[self._netlist.driver[net]]]
            if not units or units[-1] != unit:
                units.append(unit)
            start = net
            net, edge = (int(value) for value in self._from[edge, net])
            if net < 0:
                net = start
                break
        driver = int(self._netlist.driver[net]) if net >= 0 else -1
        begin = "a flip-flop" if driver >= 0 else "a memory or an input"
        return CriticalPath(
            method="own static analysis: worst slews, library tables, wires without resistance, ideal clock",
            ns=ns,
            max_clock_mhz=1e3 / ns if ns else 0.0,
            begin=begin,
            end=end,
            cells=cells,
            units=units[::-1],
        )


DELAYS = ("combinational", "combinational_rise", "combinational_fall", "rising_edge")


def _causes(arc: TimingArc, edge: int) -> tuple[int, ...]:
    if arc.sense == "positive_unate":
        return (edge,)
    return (1 - edge,) if arc.sense == "negative_unate" else (RISE, FALL)


def levels(netlist: Netlist) -> list[NDArray[np.intp]]:
    """Gates in the order that their values settle: each level needs those before it alone.

    Raises:
        ValueError: gates drive each other in a loop.
    """
    roles = np.array([kind.role == "gate" for kind in netlist.kinds])
    inputs = np.array([len(kind.inputs) for kind in netlist.kinds])
    gates = np.flatnonzero(roles[netlist.kind])
    missing = np.zeros(netlist.nets + 1, dtype=bool)
    outputs = netlist.pins[gates, inputs[netlist.kind[gates]]]
    missing[outputs] = True
    used = np.arange(netlist.pins.shape[1])[None, :] < inputs[netlist.kind[gates]][:, None]
    pins = np.where(used, netlist.pins[gates], -1)  # the last entry: what a cell has no pin for
    found = []
    left = np.arange(gates.size)
    while left.size:
        ready = ~missing[pins[left]].any(axis=1)
        if not ready.any():
            raise ValueError(f"{left.size} gates drive each other in a loop")
        found.append(gates[left[ready]])
        missing[outputs[left[ready]]] = False
        left = left[~ready]
    return found
