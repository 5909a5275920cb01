"""A netlist without delays, in many lanes at once: the first from unknown registers, the others from random ones.

Of every net two words are kept: in which lanes it may be 0, and in which it may be 1; unknown is both. What a gate
makes of unknown inputs is exact: its output is known if all that they may be lead to the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.files import CLOCK
from synth.gates.gate_tables import GateTables, gate_tables
from synth.gates.netlist import ONE, Netlist

__all__ = ["Lanes", "UnknownError"]

NONE, ALL = np.uint64(0), np.uint64(0xFFFF_FFFF_FFFF_FFFF)
CHUNK = 64
"""Gates that are looked through together for those whose inputs have changed."""


class UnknownError(AssertionError):
    """A port's value hangs on how the registers began."""


@dataclass(frozen=True)
class Values:
    """Of a port, (lanes,): its number, and whether a bit of it is unknown."""

    number: NDArray[np.int64]
    unknown: NDArray[np.bool_]


class Lanes:
    """A running netlist. Memories begin as registers do.

    Args:
        netlist: cells and nets.
        starts: random ones, 63 at most.
        seed: of their registers.
    """

    def __init__(self, netlist: Netlist, starts: int, seed: int) -> None:
        self.netlist, self.lanes, self.cycles = netlist, 1 + starts, 0
        self._lane = np.arange(self.lanes, dtype=np.uint64)
        ideal = np.zeros((len(netlist.kind), netlist.pins.shape[1], 2))
        access_ns = dict.fromkeys((memory.name for memory in netlist.memories), 0.0)
        self._tables = gate_tables(netlist, SimpleNamespace(delay_ns=ideal), ideal, CLOCK, access_ns)
        order = self._tables.order
        self._place = np.full(len(netlist.kind) + self._tables.enables.size, -1, dtype=np.int32)
        """Of each cell among the gates, in the order that they settle; -1 of what is none, memories among them."""
        self._place[order] = np.arange(order.size)
        self._gates = netlist.kind[order], netlist.pins[order], self._place[self._tables.fan[:, 0]]
        self._dirty = np.zeros(CHUNK * -(-order.size // CHUNK), dtype=np.uint8)
        self._dirty[: order.size] = 1
        self._chunks = np.ones(self._dirty.size // CHUNK, dtype=np.uint8)
        draw = np.random.default_rng(seed)
        self._value = np.zeros((netlist.nets, 2), dtype=np.uint64)
        self._value[:, 0] = ALL  # constants, and pins until they are driven
        self._value[ONE] = NONE, ALL
        for number, kind in enumerate(netlist.kinds):
            cells, first = netlist.of_kind(number), len(kind.inputs)
            begin = _unsettled(draw, cells.size)
            for out, inverted in enumerate(kind.function[: len(kind.outputs)]):
                nets = netlist.pins[cells, first + out]
                if kind.role == "tie":
                    self._value[nets[nets >= 0]] = (NONE, ALL) if inverted else (ALL, NONE)
                elif kind.role == "flip-flop":
                    self._value[nets[nets >= 0]] = (begin[:, ::-1] if inverted else begin)[nets >= 0]
        self._bits = _unsettled(draw, sum(memory.words * memory.width for memory in netlist.memories))
        for memory in netlist.memories:
            for port in memory.reads:
                self._value[list(port.data)] = _unsettled(draw, memory.width)
        self._clocks = np.zeros((self._tables.clock_nets.size, 2), dtype=np.uint64)
        self._pending = np.zeros(netlist.nets, dtype=np.int32), np.zeros((netlist.nets, 2), dtype=np.uint64)

    def swap(self, cells: NDArray[np.integer], kind: int) -> None:
        """Put gates of another kind, with the same pins, in the place of some."""
        self._gates[0][self._place[cells]] = kind

    def cycle(self, inputs: Mapping[str, int | NDArray[np.integer]]) -> None:
        """One clock cycle: the ports named take these values, of all lanes or (lanes,), behind the rising edge."""
        if not self.cycles:
            self._settle(0)
        changed, new = self._pending
        count = _rise(self._tables, self._value, self._clocks, self._bits, changed, new)
        for name, values in inputs.items():
            nets = self.netlist.ports[name]
            numbers = np.broadcast_to(np.asarray(values, dtype=np.uint64), self.lanes)
            bits = numbers[:, None] >> np.arange(len(nets), dtype=np.uint64) & np.uint64(1)
            ones = (bits << self._lane[:, None]).sum(axis=0, dtype=np.uint64)
            changed[count : count + len(nets)] = nets
            new[count : count + len(nets)] = np.stack([~ones, ones], axis=1)
            count += len(nets)
        self._settle(count)
        self.cycles += 1

    def _settle(self, count: int) -> None:
        _settle(self._tables, *self._gates, self._value, self._dirty, self._chunks, *self._pending, count)

    def values(self, name: str) -> Values:
        """A port's at the end of the cycle."""
        pairs = self._value[list(self.netlist.ports[name])]
        zero, one = (pairs[:, rail] >> self._lane[:, None] & np.uint64(1) for rail in (0, 1))
        weights = np.int64(1) << np.arange(len(pairs))
        return Values((one.astype(np.int64) * weights).sum(axis=1), (zero & one).any(axis=1))

    def port(self, name: str) -> int:
        """A port's number, which all lanes must agree on.

        Raises:
            UnknownError: it is unknown, or depends on how the registers began.
        """
        values = self.values(name)
        numbers = sorted(set(values.number.tolist()))
        if values.unknown.any() or len(numbers) > 1:
            raise UnknownError(f"{name} is {'unknown' if values.unknown.any() else numbers} in cycle {self.cycles}")
        return int(numbers[0])


def _unsettled(draw: np.random.Generator, bits: int) -> NDArray[np.uint64]:
    """(bits, 2): unknown in the first lane, random in the others."""
    ones = draw.integers(0, ALL, size=bits, dtype=np.uint64, endpoint=True)
    return np.stack([~ones | np.uint64(1), ones | np.uint64(1)], axis=1)


@njit(cache=True)
def _settle(t: GateTables, kinds, pins, readers, value, dirty, chunks, changed, new, count: int) -> None:
    """Let so many nets change, and gates whose inputs have changed answer; each stands behind those that drive it.

    All in one function, with the arrays by name: numba counts references where a tuple of arrays is handed on.
    """
    counts, function, function_at, fan_at = t.inputs, t.function, t.function_at, t.fan_at
    for chunk in range(-1, chunks.size):
        first, last = (0, count) if chunk < 0 else (chunk * CHUNK, (chunk + 1) * CHUNK)
        if chunk >= 0:
            if not chunks[chunk]:
                continue
            chunks[chunk] = 0
        for at in range(first, last):
            if chunk < 0:
                net, zero, one = changed[at], new[at, 0], new[at, 1]
            elif dirty[at]:
                dirty[at] = 0
                kind = kinds[at]
                inputs = counts[kind]
                net, zero, one = pins[at, inputs], NONE, NONE
                for state in range(1 << inputs):
                    lanes = ALL
                    for pin in range(inputs):
                        lanes &= value[pins[at, pin], state >> pin & 1]
                    if function[function_at[kind] + state]:
                        one |= lanes
                    else:
                        zero |= lanes
            else:
                continue
            if value[net, 0] != zero or value[net, 1] != one:
                value[net, 0], value[net, 1] = zero, one
                for f in range(fan_at[net], fan_at[net + 1]):
                    reader = readers[f]
                    if reader >= 0:
                        dirty[reader] = 1
                        chunks[reader // CHUNK] = 1


@njit(cache=True)
def _rise(t: GateTables, value, clocks, memory_bits, changed, new) -> int:
    """Rising edge: what registers and memories take, in the lanes where their clocks rise; the number of nets."""
    port_nets = t.port_nets
    clocks[0, 0], clocks[0, 1] = NONE, ALL
    for g in range(t.gates.size):
        cell = t.gates[g]
        enable, before = t.pins[cell, t.data[t.kind[cell]]], t.gate_clock[g]
        clocks[1 + g, 0] = clocks[before, 0] | value[enable, 0]
        clocks[1 + g, 1] = clocks[before, 1] & value[enable, 1]
    count = 0
    for clock in range(clocks.shape[0]):
        still, rises = clocks[clock]
        if not rises:
            continue
        for c in range(t.clocked_at[clock], t.clocked_at[clock + 1]):
            cell = t.clocked[c]
            kind = t.kind[cell]
            first, data = t.inputs[kind], t.pins[cell, t.data[kind]]
            for out in range(t.all_pins[kind] - first):
                net, inverted = t.pins[cell, first + out], t.function[t.function_at[kind] + out]
                if net >= 0:
                    changed[count] = net
                    for rail in range(2):
                        new[count, rail] = rises & value[data, rail ^ inverted] | still & value[net, rail]
                    count += 1
    for port in range(t.read.shape[0]):
        memory, enable, begin, bits, clock = t.read[port]
        words, width, start = t.memory[memory]
        still, rises = clocks[clock, 0] | value[enable, 0], clocks[clock, 1] & value[enable, 1]
        if not rises:
            continue
        for n in range(width):
            changed[count + n] = port_nets[begin + bits + n]
            new[count + n] = still & value[changed[count + n]]
        for word in range(1 << bits):
            lanes = rises
            for n in range(bits):
                lanes &= value[port_nets[begin + n], word >> n & 1]
            if lanes:
                for n in range(width):
                    for rail in range(2):
                        held = memory_bits[start + word * width + n, rail] if word < words else ALL
                        new[count + n, rail] |= lanes & held
        count += width
    for port in range(t.write.shape[0]):
        memory, begin, bits, clock = t.write[port]
        words, width, start = t.memory[memory]
        if not clocks[clock, 1]:
            continue
        for word in range(words):
            still, rises = clocks[clock]
            for n in range(bits):
                still |= value[port_nets[begin + n], 1 - (word >> n & 1)]
                rises &= value[port_nets[begin + n], word >> n & 1]
            if rises:
                for n in range(width):
                    data, enable = port_nets[begin + bits + n], port_nets[begin + bits + width + n]
                    at = start + word * width + n
                    for rail in range(2):
                        memory_bits[at, rail] &= still | value[enable, 0]
                        memory_bits[at, rail] |= rises & value[enable, 1] & value[data, rail]
    return count
