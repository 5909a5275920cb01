"""Gate-level simulation of a mapped netlist, cycle by cycle from its pins, with delays; counts what power needs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from synth.gates.delays import Delays
from synth.gates.gate_events import GateState, run_cycle, settle
from synth.gates.gate_tables import PORT_ENTRIES, QUANTUM_NS, gate_tables
from synth.gates.memory_cost import MemoryCost
from synth.gates.netlist import ONE, Netlist

__all__ = ["GateSimulator"]


class GateSimulator:
    """A running netlist. Registers start from random values, memories from zeros.

    Args:
        netlist: cells and nets.
        delays: of its cells.
        pulses_ns: (cells, pins, edges) shortest pulse that leaves a gate (:mod:`synth.gates.pulses`).
        memories: of each memory, what its macros cost.
        clock: name of the clock's port.
        clock_mhz: its frequency; the first half of a cycle it is high.
        seed: of the registers' first values.

    Raises:
        ValueError: something is clocked by neither this clock nor a clock gate behind it, or gates form a loop.
    """

    def __init__(
        self,
        netlist: Netlist,
        delays: Delays,
        pulses_ns: NDArray[np.float64],
        memories: Mapping[str, MemoryCost],
        clock: str,
        clock_mhz: float,
        seed: int = 1,
    ) -> None:
        self.netlist = netlist
        self._tables = gate_tables(
            netlist, delays, pulses_ns, clock, {name: cost.access_ns for name, cost in memories.items()}
        )
        parts = self._tables.enables.size
        period = 1e3 / clock_mhz / QUANTUM_NS
        self._half = round(period / 2)
        self._period = round(period)
        slowest = int(self._tables.delay.max(initial=1)) + self._period
        wheel = 1 << int(np.ceil(np.log2(slowest + self._half + 1)))
        events = 4 * netlist.nets + 64
        free = np.arange(1, events + 1, dtype=np.int32)
        bits = sum(memory.words * memory.width for memory in netlist.memories)
        self._state = GateState(
            value=np.zeros(netlist.nets, dtype=np.uint8),
            state=np.zeros(len(netlist.kind) + parts, dtype=np.int32),
            waiting=np.zeros(netlist.nets, dtype=np.int32),
            last=np.full(netlist.nets, -1, dtype=np.int32),
            toggles=np.zeros(netlist.nets, dtype=np.int64),
            before=np.zeros(netlist.nets, dtype=np.uint8),
            changes=np.zeros(netlist.nets, dtype=np.int64),
            counts=np.zeros(int(self._tables.counter_at[-1]) + 2 * PORT_ENTRIES * parts, dtype=np.int64),
            bits=np.zeros(bits, dtype=np.uint8),
            reads=np.zeros(len(netlist.memories), dtype=np.int64),
            writes=np.zeros(len(netlist.memories), dtype=np.int64),
            wheel=np.full(wheel, -1, dtype=np.int32),
            follow=free,
            net=np.zeros(events, dtype=np.int32),
            time=np.zeros(events, dtype=np.int32),
            cause=np.zeros(events, dtype=np.int32),
            earlier=np.zeros(events, dtype=np.int32),
            scalars=np.zeros(3, dtype=np.int64),
        )
        self._begin(np.random.default_rng(seed))
        self._inputs: dict[str, int] = {}
        self.cycles = 0

    def _begin(self, draw: np.random.Generator) -> None:
        state, netlist = self._state, self.netlist
        state.value[ONE] = 1
        for number, kind in enumerate(netlist.kinds):
            cells = netlist.of_kind(number)
            first = len(kind.inputs)
            if kind.role == "tie":
                for out, value in enumerate(kind.function):
                    nets = netlist.pins[cells, first + out]
                    state.value[nets[nets >= 0]] = value
            elif kind.role == "flip-flop":
                values = draw.integers(0, 2, size=cells.size, dtype=np.uint8)
                for out, inverted in enumerate(kind.function):
                    nets = netlist.pins[cells, first + out]
                    state.value[nets[nets >= 0]] = (values ^ inverted)[nets >= 0]
        settle(self._tables, state)
        state.before[:] = state.value

    def cycle(self, inputs: Mapping[str, int]) -> None:
        """One clock cycle: the ports named take these values behind the rising edge, the others keep theirs."""
        nets: list[int] = []
        values: list[int] = []
        for name, value in inputs.items():
            if self._inputs.get(name) != value:
                self._inputs[name] = value
                for n, net in enumerate(self.netlist.ports[name]):
                    nets.append(net)
                    values.append(value >> n & 1)
        run_cycle(
            self._tables, self._state, np.array(nets, dtype=np.int32), np.array(values, dtype=np.uint8), self._half
        )
        self.cycles += 1

    def port(self, name: str) -> int:
        """Value of a port at the end of the cycle."""
        return sum(int(self._state.value[net]) << n for n, net in enumerate(self.netlist.ports[name]))

    def clear(self) -> None:
        """Count from zero."""
        for counts in (
            self._state.toggles,
            self._state.changes,
            self._state.counts,
            self._state.reads,
            self._state.writes,
        ):
            counts[:] = 0
        self._state.scalars[2] = 0
        self.cycles = 0

    @property
    def toggles(self) -> NDArray[np.int64]:
        """(nets,) transitions."""
        return self._state.toggles

    @property
    def changes(self) -> NDArray[np.int64]:
        """(nets,) cycles that changed the net; transitions beyond these are glitches, and those of clocks."""
        return self._state.changes

    @property
    def counts(self) -> NDArray[np.int64]:
        """Transitions by cell, entry of its kind's ``transitions``, and edge; ``counter_at`` has each cell's first."""
        return self._state.counts

    @property
    def counter_at(self) -> NDArray[np.int32]:
        """(cells + 1,) where each cell's counters begin."""
        return self._tables.counter_at

    @property
    def port_counts(self) -> NDArray[np.int64]:
        """(parts, 5, edges) transitions at the pins of memories' ports: the address without an access and with one, the
        data likewise, and the enable. Parts are in the order of :func:`synth.gates.netlist.port_parts`."""
        return self._state.counts[self._tables.counter_at[-1] :].reshape(-1, PORT_ENTRIES, 2)

    @property
    def reads(self) -> NDArray[np.int64]:
        """(memories,) accesses."""
        return self._state.reads

    @property
    def writes(self) -> NDArray[np.int64]:
        """(memories,) accesses."""
        return self._state.writes

    @property
    def settled_ns(self) -> float:
        """Latest transition after a rising edge."""
        return float(self._state.scalars[2]) * QUANTUM_NS
