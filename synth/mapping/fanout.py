"""Buffers for nets that leave a flip-flop, or come into a unit, and drive more than one cell can."""

from collections import defaultdict
from typing import Any

from synth.cells.liberty import Library

__all__ = ["MOST_PINS", "buffer_wide_nets"]

MOST_PINS = 32
"""That a net drives; ABC keeps to it where there is logic between registers."""


def buffer_wide_nets(modules: dict[str, Any], library: Library, buffer: str) -> dict[str, int]:
    """Put buffers between a net and the pins of cells that it drives, ``MOST_PINS`` to each, in as many levels as it
    takes. Clocks have a tree of their own, and what cells for constants drive stands still.

    Args:
        modules: of Yosys' netlist; changed in place.
        library: what it was mapped to.
        buffer: a cell with one input and one output.

    Returns:
        Buffers by module, of those that got any.
    """
    pins = library.cells[buffer].pins
    (source,) = (name for name, pin in pins.items() if pin.direction == "input")
    (output,) = (name for name, pin in pins.items() if pin.direction == "output")
    added = {}
    for name, module in modules.items():
        cells = module["cells"]
        loads, left_alone = _loads(cells, library)
        fresh = 1 + max(_numbers(module), default=0)
        count = 0
        for net, driven in loads.items():
            if net in left_alone:
                continue
            while len(driven) > MOST_PINS:
                above = []
                for begin in range(0, len(driven), MOST_PINS):
                    for connections, pin in driven[begin : begin + MOST_PINS]:
                        connections[pin] = [fresh]
                    connections = {source: [net], output: [fresh]}
                    directions = {source: "input", output: "output"}
                    cells[f"$wide${count}"] = {
                        "hide_name": 1,
                        "type": buffer,
                        "parameters": {},
                        "attributes": {},
                        "port_directions": directions,
                        "connections": connections,
                    }
                    above.append((connections, source))
                    fresh, count = fresh + 1, count + 1
                driven = above
        if count:
            added[name] = count
    return added


def _loads(cells: dict[str, Any], library: Library) -> tuple[dict[int, list[tuple[dict[str, Any], str]]], set[int]]:
    """What each net drives, as connections and pin; and the nets of clocks and constants."""
    loads: dict[int, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    left_alone = set()
    for cell in cells.values():
        kind = library.cells.get(cell["type"])
        if kind is None:
            continue
        constant = all(pin.direction != "input" for pin in kind.pins.values())
        for name, bits in cell["connections"].items():
            if not bits or not isinstance(bits[0], int):
                continue
            if kind.pins[name].direction == "input":
                loads[bits[0]].append((cell["connections"], name))
            if constant or kind.pins[name].clock:
                left_alone.add(bits[0])
    return loads, left_alone


def _numbers(module: dict[str, Any]) -> list[int]:
    ports, cells = module["ports"].values(), module["cells"].values()
    groups = [port["bits"] for port in ports] + [bits for cell in cells for bits in cell["connections"].values()]
    return [bit for bits in groups for bit in bits if isinstance(bit, int)]
