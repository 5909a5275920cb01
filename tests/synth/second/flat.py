"""A mapped netlist without hierarchy; its loads, slews, delays and shortest pulses, from the cells' tables."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.synth.second.liberty_text import Group, value_at

__all__ = ["CLOCK_SLEW_NS", "Flat", "Instance", "Memory", "Timing", "flatten", "timing"]

CLOCK_SLEW_NS = 0.1
STEP_NS = 0.01
EDGES = (("cell_fall", "fall_transition"), ("cell_rise", "rise_transition"))


@dataclass(frozen=True, eq=False)
class Instance:
    """A cell: nets by pin, inputs and outputs apart."""

    kind: str
    cell: Group
    inputs: dict[str, int]
    outputs: dict[str, int]

    @cached_property
    def clock(self) -> str | None:
        """Its clock pin."""
        return next((pin for pin in self.inputs if _pin(self.cell, pin).text("clock") == "true"), None)

    @property
    def gates_clock(self) -> bool:
        """Whether it is a clock gate."""
        return "clock_gating_integrated_cell" in self.cell.attributes

    def pin(self, name: str) -> Group:
        """A pin's group."""
        return _pin(self.cell, name)


@dataclass(frozen=True)
class Memory:
    """One read and one write port; nets."""

    words: int
    clock: int
    read: int
    read_address: list[int]
    read_data: list[int]
    write: list[int]
    write_address: list[int]
    write_data: list[int]


@dataclass
class Flat:
    """Everything; nets are numbered from 2, 0 and 1 are the constants."""

    ports: dict[str, list[int]]
    instances: list[Instance] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    nets: int = 2


def flatten(modules: dict[str, Any], top: str, cells: dict[str, Group]) -> Flat:
    """From Yosys' JSON; a net that goes through a module's ports is one."""
    same = [0, 1]
    found: list[tuple[dict[str, Any], dict[str, list[int]]]] = []

    def one(net: int) -> int:
        while same[net] != net:
            net = same[net]
        return net

    def walk(name: str, outer: dict[str, list[int]]) -> dict[str, list[int]]:
        known: dict[Any, int] = {"0": 0, "1": 1, "x": 0, "z": 0}

        def nets(bits: list[Any]) -> list[int]:
            for bit in bits:
                if bit not in known:
                    known[bit] = len(same)
                    same.append(len(same))
            return [known[bit] for bit in bits]

        ports = {port: nets(described["bits"]) for port, described in modules[name]["ports"].items()}
        for port, bits in ports.items():
            for inside, outside in zip(bits, outer.get(port, ()), strict=False):
                low, high = sorted((one(inside), one(outside)))
                same[high] = low
        for cell in modules[name]["cells"].values():
            pins = {pin: nets(bits) for pin, bits in cell["connections"].items()}
            if cell["type"] in modules and cell["type"] not in cells:
                walk(cell["type"], pins)
            else:
                found.append((cell, pins))
        return ports

    def resolved(pins: dict[str, list[int]]) -> dict[str, list[int]]:
        return {pin: [one(net) for net in nets] for pin, nets in pins.items()}

    flat = Flat(walk(top, {}))
    flat.ports, flat.nets = resolved(flat.ports), len(same)
    for cell, pins in found:
        if cell["type"] == "$mem_v2":
            flat.memories.append(_memory(cell["parameters"], resolved(pins)))
        else:
            flat.instances.append(_instance(cell["type"], cells[cell["type"]], resolved(pins)))
    return flat


def _memory(parameters: dict[str, str], pins: dict[str, list[int]]) -> Memory:
    return Memory(
        int(parameters["SIZE"], 2),
        pins["RD_CLK"][0],
        pins["RD_EN"][0],
        pins["RD_ADDR"],
        pins["RD_DATA"],
        pins["WR_EN"],
        pins["WR_ADDR"],
        pins["WR_DATA"],
    )


def _instance(kind: str, cell: Group, pins: dict[str, list[int]]) -> Instance:
    by: dict[str, dict[str, int]] = {"input": {}, "output": {}, "internal": {}}
    for pin in cell.all("pin"):
        if pins.get(pin.name):
            by[pin.text("direction")][pin.name] = pins[pin.name][0]
    return Instance(kind, cell, by["input"], by["output"])


def _pin(cell: Group, name: str) -> Group:
    return next(pin for pin in cell.all("pin") if pin.name == name)


@dataclass(frozen=True)
class Timing:
    """By net, load in pF and slews of its fall and rise in ns; by instance and pin, delays of the output's fall and
    rise, and shortest pulses that those end, in steps of 10 ps."""

    load: list[float]
    slew: list[list[float]]
    delay: dict[Instance, dict[str, tuple[int, int]]]
    shortest: dict[Instance, dict[str, tuple[int, int]]]


def timing(
    flat: Flat, wire_pf: float, memory_pins: list[tuple[int, float]], memory_slew_ns: float, span: float
) -> Timing:
    """Worst slews, level by level.

    Args:
        flat: the netlist.
        wire_pf: of each pin that is driven.
        memory_pins: net and capacitance of pins of macros.
        memory_slew_ns: of what macros give.
        span: share of the supply that slews are measured over.
    """
    load = [0.0] * flat.nets
    driven: list[list[tuple[Instance, str]]] = [[] for _ in range(flat.nets)]
    for instance in flat.instances:
        for pin, net in instance.inputs.items():
            load[net] += float(instance.pin(pin).text("capacitance")) + wire_pf
            driven[net].append((instance, pin))
    for net, capacitance in memory_pins:
        load[net] += capacitance + wire_pf
    slew = [[0.0, 0.0] for _ in range(flat.nets)]
    outputs = {net for instance in flat.instances for net in instance.outputs.values()}
    for net in range(flat.nets):
        if net not in outputs:
            slew[net] = [CLOCK_SLEW_NS, CLOCK_SLEW_NS]
    for memory in flat.memories:
        for net in memory.read_data:
            slew[net] = [memory_slew_ns, memory_slew_ns]
    missing = {i: sum(net in outputs for net in i.inputs.values()) for i in flat.instances if i.clock is None}
    ready = [i for i in flat.instances if i.clock is not None] + [i for i, count in missing.items() if not count]
    found = Timing(load, slew, {}, {})
    for instance in ready:  # grows as the gates behind become ready
        for name, net in instance.outputs.items():
            _arcs(instance, name, net, found, span)
            for reader, _ in driven[net]:
                if reader in missing:
                    missing[reader] -= 1
                    if not missing[reader]:
                        ready.append(reader)
    return found


def _arcs(instance: Instance, name: str, net: int, found: Timing, span: float) -> None:
    arcs = [arc for arc in instance.pin(name).all("timing") if "clear" not in arc.text("timing_type")]
    delays = {pin: [0.0, 0.0] for pin in instance.inputs}
    for arc in arcs:
        pin = arc.text("related_pin")
        if pin not in instance.inputs or (instance.clock and pin != instance.clock) or instance.gates_clock:
            continue
        for edge, (delay_name, slew_name) in enumerate(EDGES):
            delay, transition = arc.first(delay_name), arc.first(slew_name)
            if delay is None or transition is None:
                continue
            sense = arc.text("timing_sense", "non_unate")
            causes = {"positive_unate": [edge], "negative_unate": [1 - edge]}.get(sense, [0, 1])
            for cause in causes:
                slew = CLOCK_SLEW_NS if instance.clock else found.slew[instance.inputs[pin]][cause]
                delays[pin][edge] = max(delays[pin][edge], value_at(delay, slew, found.load[net]))
                found.slew[net][edge] = max(found.slew[net][edge], value_at(transition, slew, found.load[net]))
    found.delay[instance] = {pin: (steps(ns[0]), steps(ns[1])) for pin, ns in delays.items()}
    halves = [0.5 * found.slew[net][edge] / span for edge in (0, 1)]
    found.shortest[instance] = {
        pin: (steps(min(halves[0], ns[0])), steps(min(halves[1], ns[1]))) for pin, ns in delays.items()
    }


def steps(ns: float) -> int:
    """In steps of 10 ps, one at least."""
    return max(1, round(ns / STEP_NS))
