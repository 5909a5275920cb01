"""Energy of what a dump shows: nets' loads, insides of cells, clock, and macros of memories, in pJ."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.synth.second.flat import CLOCK_SLEW_NS, Flat, Instance, Timing
from tests.synth.second.liberty_text import Group, holds, value_at
from tests.synth.second.waveforms import changes

__all__ = ["energies"]

POWERS = ("fall_power", "rise_power")
BUFFER_SINKS, BUFFER_LOAD_PF = 16, 0.048
"""Of the clock tree that is assumed."""


class _Cells:
    """Counts transitions by instance, pin, edge, and what the pin's energy depends on; adds them up at the end."""

    def __init__(self, flat: Flat, timing: Timing) -> None:
        self.timing = timing
        self.counts: Counter[tuple[Instance, str, str, int, int, int]] = Counter()
        self.value = [0, 1] + [0] * (flat.nets - 2)
        self.moved: dict[int, list[tuple[int, int]]] = {}
        """Of each net: its last changes, time and value."""
        self.readers: dict[int, list[tuple[Instance, str]]] = {}
        self.drivers: dict[int, tuple[Instance, str]] = {}
        for instance in flat.instances:
            for pin, net in instance.inputs.items():
                self.readers.setdefault(net, []).append((instance, pin))
            for pin, net in instance.outputs.items():
                self.drivers[net] = instance, pin
        self._chosen: dict[tuple[str, str, str, tuple[int, ...]], int] = {}

    def entry(self, instance: Instance, pin: str, related: str) -> int:
        """Number of the entry of ``pin`` that holds now; -1 for none."""
        nets = {**instance.inputs, **instance.outputs}
        state = tuple(self.value[net] for net in nets.values())
        key = instance.kind, pin, related, state
        if key not in self._chosen:
            levels = dict(zip(nets, state, strict=True))
            entries = list(enumerate(instance.pin(pin).all("internal_power")))
            fitting = [
                (number, entry)
                for number, entry in entries
                if not related or related in entry.text("related_pin", related).split()
            ]
            stated = [n for n, entry in fitting if entry.text("when") and holds(entry.text("when"), levels)]
            others = [n for n, entry in fitting if not entry.text("when")]
            self._chosen[key] = (stated + others + [-1])[0]
        return self._chosen[key]

    def change(self, time: int, net: int, new: int) -> None:
        self.value[net] = new
        self.moved.setdefault(net, []).append((time, new))
        del self.moved[net][:-4]
        if net in self.drivers:
            instance, pin = self.drivers[net]
            cause, edge = self._cause(instance, time, new)
            self.counts[instance, pin, cause, self.entry(instance, pin, cause), new, edge] += 1
        for instance, pin in self.readers.get(net, ()):
            self.counts[instance, pin, "", self.entry(instance, pin, ""), new, new] += 1

    def _cause(self, instance: Instance, time: int, new: int) -> tuple[str, int]:
        """The input that changed just the delay before, and its edge."""
        if instance.clock is not None:
            return instance.clock, 1
        for pin, net in instance.inputs.items():
            for then, value in self.moved.get(net, ()):
                if then + self.timing.delay[instance][pin][new] == time:
                    return pin, value
        return max(instance.inputs, key=lambda pin: self.moved.get(instance.inputs[pin], [(-1, 0)])[-1]), new

    def energy(self) -> tuple[float, float]:
        """Insides of cells, those at clock pins and of clock gates apart."""
        inside = clock = 0.0
        for (instance, pin, cause, number, new, edge), count in self.counts.items():
            if number < 0:
                continue
            table = instance.pin(pin).all("internal_power")[number].first(POWERS[new])
            if table is None:
                continue
            source = cause or pin
            slew = CLOCK_SLEW_NS if source == instance.clock else self.timing.slew[instance.inputs[source]][edge]
            load = self.timing.load[instance.outputs[pin]] if cause else 0.0
            energy = count * value_at(table, slew, load)
            if instance.gates_clock or (instance.clock is not None and pin == instance.clock):
                clock += energy
            else:
                inside += energy
        return inside, clock


class _Macro:
    """One macro with one port, priced as two."""

    def __init__(self, flat: Flat, cell: Group) -> None:
        (self.memory,) = flat.memories
        self.cell = cell
        self.total = 0.0

    def edge(self, value: list[int]) -> None:
        """A rising edge of the clock."""
        write, read = any(value[net] for net in self.memory.write), bool(value[self.memory.read])
        for on, level in ((write, {"A_WEN": 1, "A_REN": 0}), (read, {"A_WEN": 0, "A_REN": 1})):
            if on:
                self.total += sum(self._power("A_CLK", new, level | {"A_MEN": 1}) for new in (0, 1))

    def change(self, net: int, new: int, value: list[int]) -> None:
        memory, write, read = self.memory, value[self.memory.write[0]], value[self.memory.read]
        self.total += memory.read_address.count(net) * self._power("A_ADDR", new, {"A_MEN": read})
        self.total += memory.write_address.count(net) * self._power("A_ADDR", new, {"A_MEN": write})
        self.total += memory.write_data.count(net) * self._power("A_DIN", new, {"A_MEN": write})
        level = {"A_MEN": new}
        if net == memory.read:
            self.total += self._power("A_MEN", new, level) + self._power("A_REN", new, level)
        if net == memory.write[0]:
            self.total += self._power("A_MEN", new, level) + self._power("A_WEN", new, level)
            self.total += len(memory.write) * self._power("A_BM", new, level)

    def _power(self, name: str, new: int, levels: dict[str, int]) -> float:
        (group,) = (group for group in self.cell.all("pin", "bus") if group.name == name)
        entries = [*group.all("internal_power"), *(e for pin in group.all("pin") for e in pin.all("internal_power"))]
        for entry in entries:
            if not entry.text("when") or holds(entry.text("when"), levels):
                table = entry.first(POWERS[new])
                return 0.0 if table is None else value_at(table, 0.0, 0.0)
        return 0.0


def energies(
    dump: Path, flat: Flat, timing: Timing, clock_net: int, voltage: float, macro: Group, buffer: Group
) -> dict[str, float]:
    """By kind."""
    cells, memory = _Cells(flat, timing), _Macro(flat, macro)
    toggles: Counter[int] = Counter()
    waveform = changes(dump)
    _, first = next(waveform)
    for net, new in first:
        cells.value[net] = new
    assert not cells.value[clock_net], "the dump begins before an edge"
    for time, changed in waveform:
        if (clock_net, 1) in changed:
            memory.edge(cells.value)
        for net, new in _clock_last(changed, clock_net):
            if cells.value[net] == new:
                continue
            toggles[net] += 1
            cells.change(time, net, new)
            memory.change(net, new, cells.value)
    sinks = Counter(i.inputs[i.clock] for i in flat.instances if i.clock is not None)
    clocks = set(sinks) | {clock_net}
    square = 0.5 * voltage**2
    inside, at_clock = cells.energy()
    edges = sum(toggles[net] * count for net, count in sinks.items())
    return {
        "nets": sum(square * count * timing.load[net] for net, count in toggles.items() if net not in clocks),
        "internals": inside,
        "clock": at_clock
        + sum(square * toggles[net] * timing.load[net] for net in clocks)
        + edges / BUFFER_SINKS * _buffer(buffer, voltage),
        "memories": memory.total,
        "transitions": float(sum(toggles.values())),
    }


def _clock_last(changed: list[tuple[int, int]], clock_net: int) -> Iterable[tuple[int, int]]:
    return sorted(changed, key=lambda change: change[0] == clock_net)


def _buffer(cell: Group, voltage: float) -> float:
    output = next(pin for pin in cell.all("pin") if pin.text("direction") == "output")
    given = next(pin for pin in cell.all("pin") if pin.text("direction") == "input")
    tables = [power.first(name) for power in output.all("internal_power") for name in POWERS]
    inside = [value_at(table, CLOCK_SLEW_NS, BUFFER_LOAD_PF) for table in tables if table is not None]
    return sum(inside) / len(inside) + 0.5 * float(given.text("capacitance")) * voltage**2
