"""The compiled event loop: one clock cycle of a netlist with delays, counting every transition by its cost.

A change of an output that comes too soon after the one before, both still to come, is taken back with it: the pulse
does not leave the gate. How soon that is, :mod:`synth.gates.pulses` says. The clock is ideal: all flip-flops sample at
time 0. Values are 0 and 1.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.gates.gate_tables import GateTables

__all__ = ["GateState", "run_cycle", "settle"]

inlined = njit(inline="always")
"""Calls would copy the tuples of arrays, at many times the cost of the work."""


class GateState(NamedTuple):
    """What changes in a simulation."""

    value: NDArray[np.uint8]
    """Of each net."""
    state: NDArray[np.int32]
    """Of each cell, and of each part of a memory's port: its pins' values."""
    waiting: NDArray[np.int32]
    """Of each net: changes to come."""
    last: NDArray[np.int32]
    """Of each net that waits: event of the last of them."""
    toggles: NDArray[np.int64]
    """Transitions of each net."""
    before: NDArray[np.uint8]
    """Of each net: its value at the end of the cycle before."""
    changes: NDArray[np.int64]
    """Cycles that changed each net, however often it moved on the way."""
    counts: NDArray[np.int64]
    """Transitions by cell, entry of its kind, and edge."""
    bits: NDArray[np.uint8]
    """Memories."""
    reads: NDArray[np.int64]
    writes: NDArray[np.int64]
    wheel: NDArray[np.int32]
    """By time: first event."""
    follow: NDArray[np.int32]
    """By event: the next of the same time, or the next free one."""
    net: NDArray[np.int32]
    """By event; -1 of one that was taken back."""
    time: NDArray[np.int32]
    """By event."""
    cause: NDArray[np.int32]
    """By event: pin of the net's driver that made it."""
    earlier: NDArray[np.int32]
    """By event: the one that its net waited for before."""
    scalars: NDArray[np.int64]
    """First free event, events waiting, latest time of a transition."""


@njit(cache=True)
def settle(t: GateTables, s: GateState) -> None:
    """Give every gate the output that its inputs ask for, without counting. Nets of registers hold their values."""
    for cell in range(t.kind.size):
        kind = t.kind[cell]
        state = 0
        for pin in range(t.all_pins[kind]):
            net = t.pins[cell, pin]
            if net >= 0 and pin != t.clock[kind]:
                state |= s.value[net] << pin
        s.state[cell] = state
    for cell in t.order:
        kind = t.kind[cell]
        n = t.inputs[kind]
        state = 0
        for pin in range(n):
            state |= s.value[t.pins[cell, pin]] << pin
        out = t.function[t.function_at[kind] + state]
        net = t.pins[cell, n]
        s.value[net] = out
        s.state[cell] = state | (out << n)
        for f in range(t.fan_at[net], t.fan_at[net + 1]):
            reader, bit = t.fan[f, 0], t.fan[f, 1]
            s.state[reader] = (s.state[reader] & ~bit) | (bit * out)
    for part in range(t.enables.size):
        s.state[t.kind.size + part] = s.value[t.enables[part]]


@inlined
def _schedule(s: GateState, net: int, time: int, cause: int) -> None:
    event = s.scalars[0]
    s.scalars[0] = s.follow[event]
    s.scalars[1] += 1
    s.net[event] = net
    s.time[event] = time
    s.cause[event] = cause
    s.earlier[event] = s.last[net]
    s.last[net] = event
    s.waiting[net] += 1
    slot = time & (s.wheel.size - 1)
    s.follow[event] = s.wheel[slot]
    s.wheel[slot] = event


@inlined
def _take_back(s: GateState, net: int) -> None:
    """The last change that a net waits for will not come; its event stays, and finds no net."""
    event = s.last[net]
    s.net[event] = -1
    s.last[net] = s.earlier[event]
    s.waiting[net] -= 1


@inlined
def _count_passive(t: GateTables, s: GateState, cell: int, pin: int, rise: int) -> None:
    kind = t.kind[cell]
    entry = t.passive[t.passive_at[kind] + (pin << t.all_pins[kind]) + s.state[cell]]
    if entry >= 0:
        s.counts[t.counter_at[cell] + 2 * entry + rise] += 1


@inlined
def _count_active(t: GateTables, s: GateState, cell: int, out: int, cause: int, rise: int) -> None:
    kind = t.kind[cell]
    row = out * t.inputs[kind] + cause
    entry = t.active[t.active_at[kind] + (row << t.all_pins[kind]) + s.state[cell]]
    if entry >= 0:
        s.counts[t.counter_at[cell] + 2 * entry + rise] += 1


@inlined
def _pin(bit: int) -> int:
    pin = 0
    while bit > 1:
        bit >>= 1
        pin += 1
    return pin


@inlined
def _change(t: GateTables, s: GateState, net: int, time: int, cause: int) -> None:
    """A net changes: count it, and let the gates that it drives answer."""
    new = 1 - s.value[net]
    s.value[net] = new
    s.toggles[net] += 1
    cell = t.drive[net, 0]
    if cell >= 0:
        s.state[cell] ^= t.drive[net, 1]
        entry = t.active[t.drive[net, 2] + (cause << t.drive[net, 3]) + s.state[cell]]
        if entry >= 0:
            s.counts[t.drive[net, 4] + 2 * entry + new] += 1
    for f in range(t.fan_at[net], t.fan_at[net + 1]):
        reader = t.fan[f, 0]
        state = s.state[reader] ^ t.fan[f, 1]
        s.state[reader] = state
        if t.fan[f, 2] >= 0:
            entry = t.passive[t.fan[f, 2] + state]
            if entry >= 0:
                s.counts[t.fan[f, 3] + 2 * entry + new] += 1
        if t.fan[f, 4] < 0:
            continue
        wanted = t.function[t.fan[f, 4] + (state & t.fan[f, 5])]
        out = t.fan[f, 6]
        if wanted == s.value[out] ^ (s.waiting[out] & 1):
            continue
        due = time + t.fan[f, 7 + wanted]
        if s.waiting[out] and due - s.time[s.last[out]] < t.fan[f, 9 + wanted]:
            _take_back(s, out)
        else:
            _schedule(s, out, due, _pin(t.fan[f, 1]))


@njit(cache=True)
def _run_until(t: GateTables, s: GateState, time: int, end: int) -> int:
    """Changes in the order of time, before ``end``; all of them where it is negative. Returns the time reached."""
    while s.scalars[1] and (end < 0 or time < end):
        slot = time & (s.wheel.size - 1)
        while s.wheel[slot] >= 0:
            event = s.wheel[slot]
            s.wheel[slot] = s.follow[event]
            s.follow[event] = s.scalars[0]
            s.scalars[0] = event
            s.scalars[1] -= 1
            net = s.net[event]
            if net >= 0:
                s.waiting[net] -= 1
                s.scalars[2] = max(s.scalars[2], time)
                _change(t, s, net, time, s.cause[event])
        time += 1
    return time


@njit(cache=True)
def _rise(t: GateTables, s: GateState, clock: int) -> None:
    """Rising edge of a clock net: its flip-flops take their data."""
    s.toggles[t.clock_nets[clock]] += 1
    for c in range(t.clocked_at[clock], t.clocked_at[clock + 1]):
        cell = t.clocked[c]
        kind = t.kind[cell]
        pin, n = t.clock[kind], t.inputs[kind]
        s.state[cell] |= 1 << pin
        _count_passive(t, s, cell, pin, 1)
        data = (s.state[cell] >> t.data[kind]) & 1
        for out in range(t.all_pins[kind] - n):
            net = t.pins[cell, n + out]
            if net >= 0:
                new = data ^ t.function[t.function_at[kind] + out]
                if new != s.value[net]:
                    _schedule(s, net, t.delay[cell, pin, new], pin)


@njit(cache=True)
def _fall(t: GateTables, s: GateState, clock: int) -> None:
    s.toggles[t.clock_nets[clock]] += 1
    for c in range(t.clocked_at[clock], t.clocked_at[clock + 1]):
        cell = t.clocked[c]
        pin = t.clock[t.kind[cell]]
        s.state[cell] &= ~(1 << pin)
        _count_passive(t, s, cell, pin, 0)


@inlined
def _number(t: GateTables, s: GateState, begin: int, bits: int) -> int:
    value = 0
    for n in range(bits):
        value |= s.value[t.port_nets[begin + n]] << n
    return value


@njit(cache=True)
def _read_memories(t: GateTables, s: GateState, risen: NDArray[np.uint8]) -> None:
    for port in range(t.read.shape[0]):
        memory, enable, begin, bits = t.read[port, 0], t.read[port, 1], t.read[port, 2], t.read[port, 3]
        if s.value[enable] and risen[t.read[port, 4]]:
            s.reads[memory] += 1
            words, width, start = t.memory[memory, 0], t.memory[memory, 1], t.memory[memory, 2]
            word = start + min(_number(t, s, begin, bits), words - 1) * width
            for n in range(width):
                net = t.port_nets[begin + bits + n]
                if s.bits[word + n] != s.value[net]:
                    _schedule(s, net, t.access[memory], 0)


@njit(cache=True)
def _write_memories(t: GateTables, s: GateState, risen: NDArray[np.uint8]) -> None:
    for port in range(t.write.shape[0]):
        if not risen[t.write[port, 3]]:
            continue
        memory, begin, bits = t.write[port, 0], t.write[port, 1], t.write[port, 2]
        words, width, start = t.memory[memory, 0], t.memory[memory, 1], t.memory[memory, 2]
        word = _number(t, s, begin, bits)
        written = False
        for n in range(width):
            if s.value[t.port_nets[begin + bits + width + n]] and word < words:
                s.bits[start + word * width + n] = s.value[t.port_nets[begin + bits + n]]
                written = True
        if written:
            s.writes[memory] += 1


@njit(cache=True)
def run_cycle(t: GateTables, s: GateState, nets: NDArray[np.int32], values: NDArray[np.uint8], half: int) -> None:
    """One cycle, from a rising edge until everything is still.

    Args:
        t, s: the netlist.
        nets, values: inputs, which change just behind the edge.
        half: time of the falling edge.
    """
    risen = np.zeros(t.clock_nets.size, np.uint8)
    risen[0] = 1
    for g in range(t.gates.size):
        if not risen[t.gate_clock[g]]:
            continue
        cell = t.gates[g]
        kind = t.kind[cell]
        pin = t.clock[kind]
        s.state[cell] |= 1 << pin
        _count_passive(t, s, cell, pin, 1)
        # The gate's latch holds what its enable was at the end of the low phase.
        if (s.state[cell] >> t.data[kind]) & 1:
            s.state[cell] |= 1 << t.inputs[kind]
            _count_active(t, s, cell, 0, pin, 1)
            risen[1 + g] = 1
    _read_memories(t, s, risen)
    _write_memories(t, s, risen)
    for clock in range(risen.size):
        if risen[clock]:
            _rise(t, s, clock)
    for n in range(nets.size):
        if s.value[nets[n]] != values[n]:
            _schedule(s, nets[n], 1, 0)
    time = _run_until(t, s, 1, half)
    _fall(t, s, 0)
    for g in range(t.gates.size):
        if not risen[t.gate_clock[g]]:
            continue
        cell = t.gates[g]
        kind = t.kind[cell]
        pin = t.clock[kind]
        s.state[cell] &= ~(1 << pin)
        _count_passive(t, s, cell, pin, 0)
        if (s.state[cell] >> t.inputs[kind]) & 1:
            s.state[cell] &= ~(1 << t.inputs[kind])
            _count_active(t, s, cell, 0, pin, 0)
            _fall(t, s, 1 + g)
    _run_until(t, s, time, -1)
    for net in range(s.value.size):
        if s.value[net] != s.before[net]:
            s.before[net] = s.value[net]
            s.changes[net] += 1
