"""The mapped netlist, flattened to arrays: cells, nets, memories. Cells remember the unit they belong to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.cells.cell_kind import CellKind, cell_kind
from synth.cells.liberty import Library

__all__ = [
    "MemoryInstance",
    "Netlist",
    "PortPart",
    "ReadPort",
    "WritePort",
    "clock_gates",
    "port_parts",
    "read_netlist",
]

ZERO, ONE = 0, 1
"""Nets of the constants; what is undefined is 0."""

Bits = tuple[int, ...]


@dataclass(frozen=True)
class ReadPort:
    """Nets of a synchronous read port."""

    clock: int
    enable: int
    address: Bits
    data: Bits


@dataclass(frozen=True)
class WritePort:
    """Nets of a write port; ``enable`` has one net a bit."""

    clock: int
    enable: Bits
    address: Bits
    data: Bits


@dataclass(frozen=True)
class MemoryInstance:
    """A memory that was left for macros."""

    name: str
    unit: int
    words: int
    width: int
    reads: tuple[ReadPort, ...]
    writes: tuple[WritePort, ...]

    @property
    def clock(self) -> int:
        """Net of its clock."""
        return self.reads[0].clock


@dataclass(frozen=True)
class PortPart:
    """A port of a memory, or the part of one that writes some bits of a word by themselves; only the first part of a
    port has the ``address``. ``data`` are those that are written; ``masked`` counts the bits of a mask that rise with
    the enable, none where a word is written whole."""

    memory: int
    writes: bool
    enable: int
    masked: int
    address: Bits
    data: Bits


@dataclass(frozen=True)
class Netlist:
    """Cells and nets.

    ``pins`` is (cells, most pins): the net of each pin, -1 where a cell has fewer; ``kind`` and ``unit`` index
    ``kinds`` and ``units``. Nets 0 and 1 are the constants.
    """

    kinds: tuple[CellKind, ...]
    units: tuple[str, ...]
    kind: NDArray[np.int32]
    unit: NDArray[np.int32]
    pins: NDArray[np.int32]
    nets: int
    ports: dict[str, Bits]
    memories: tuple[MemoryInstance, ...]

    @cached_property
    def driver(self) -> NDArray[np.int32]:
        """(nets,) cell that drives each net, -1 for inputs, constants and memories' data."""
        driver = np.full(self.nets, -1, dtype=np.int32)
        for number, kind in enumerate(self.kinds):
            cells = self.of_kind(number)
            for out in range(len(kind.outputs)):
                nets = self.pins[cells, len(kind.inputs) + out]
                driver[nets[nets >= 0]] = cells[nets >= 0]
        return driver

    @cached_property
    def is_clock(self) -> NDArray[np.bool_]:
        """(nets,) whether a net drives a clock pin."""
        is_clock = np.zeros(self.nets, dtype=bool)
        for number, kind in enumerate(self.kinds):
            if kind.clock >= 0:
                is_clock[self.pins[self.of_kind(number), kind.clock]] = True
        return is_clock

    def of_kind(self, number: int) -> NDArray[np.intp]:
        """The cells of a kind."""
        return np.flatnonzero(self.kind == number)


def port_parts(netlist: Netlist) -> list[PortPart]:
    """All parts of all ports."""
    found = []
    for number, memory in enumerate(netlist.memories):
        found += [PortPart(number, False, port.enable, 0, port.address, ()) for port in memory.reads]
        for port in memory.writes:
            parts = dict.fromkeys(port.enable)
            for enable in parts:
                data = tuple(net for net, on in zip(port.data, port.enable, strict=True) if on == enable)
                address = port.address if enable == port.enable[0] else ()
                found.append(PortPart(number, True, enable, len(data) if len(parts) > 1 else 0, address, data))
    return found


def clock_gates(netlist: Netlist, root: int) -> Iterator[list[int]]:
    """Clock gates level by level: those of the clock net ``root``, those behind them, and so on."""
    behind: dict[int, list[tuple[int, int]]] = {}
    for number, kind in enumerate(netlist.kinds):
        if kind.role == "clock gate":
            for cell in netlist.of_kind(number).tolist():
                out = int(netlist.pins[cell, len(kind.inputs)])
                behind.setdefault(int(netlist.pins[cell, kind.clock]), []).append((cell, out))
    nets = [root]
    while found := [pair for net in nets for pair in behind.get(net, ())]:
        yield [cell for cell, _ in found]
        nets = [out for _, out in found]


def read_netlist(modules: dict[str, Any], top: str, library: Library) -> Netlist:
    """Flatten Yosys' netlist.

    Args:
        modules: ``modules`` of ``write_json``.
        top: name of the top module; every instance below it is a unit.
        library: what the netlist was mapped to.

    Raises:
        ValueError: a cell is neither in the library nor a memory, or a memory is not of a kind that macros replace.
    """
    reader = _Reader(modules, library)
    reader.read(top, {}, "")
    return reader.netlist(top)


class _Reader:
    """Walks down the instances; nets of ports become one with those they are connected to."""

    def __init__(self, modules: dict[str, Any], library: Library) -> None:
        self._modules = modules
        self._library = library
        self._kinds: dict[str, int] = {}
        self._described: list[CellKind] = []
        self._units: list[str] = []
        self._cells: list[tuple[int, int, list[int]]] = []
        self._memories: list[MemoryInstance] = []
        self._parent = [ZERO, ONE]
        self._ports: dict[str, list[int]] = {}

    def read(self, name: str, connected: dict[str, list[int]], path: str) -> None:
        module = self._modules[name]
        nets: dict[int | str, int] = {"0": ZERO, "1": ONE, "x": ZERO, "z": ZERO}

        def find(bits: Sequence[int | str]) -> list[int]:
            for bit in bits:
                if bit not in nets:
                    nets[bit] = len(self._parent)
                    self._parent.append(nets[bit])
            return [nets[bit] for bit in bits]

        for port, shape in module["ports"].items():
            inside = find(shape["bits"])
            for net, outside in zip(inside, connected.get(port, inside), strict=True):
                self._join(net, outside)
            if not path:
                self._ports[port] = inside
        unit = len(self._units)
        self._units.append(path)
        for instance, cell in module["cells"].items():
            pins = {pin: find(bits) for pin, bits in cell["connections"].items()}
            where = f"{path}.{instance}" if path else instance
            if cell["type"] == "$mem_v2":
                self._memories.append(_memory(where, unit, cell, pins))
            elif cell["type"] in self._library.cells:
                self._cells.append((self._kind(cell["type"]), unit, self._in_order(cell["type"], pins)))
            elif cell["type"] in self._modules:
                self.read(cell["type"], pins, where)
            else:
                raise ValueError(f"cell {where} is a {cell['type']}, which the library {self._library.name} has not")

    def _kind(self, cell: str) -> int:
        if cell not in self._kinds:
            self._kinds[cell] = len(self._described)
            self._described.append(cell_kind(self._library.cells[cell]))
        return self._kinds[cell]

    def _in_order(self, cell: str, pins: dict[str, list[int]]) -> list[int]:
        kind = self._described[self._kind(cell)]
        return [pins[pin][0] if pins.get(pin) else -1 for pin in (*kind.inputs, *kind.outputs)]

    def _root(self, net: int) -> int:
        while self._parent[net] != net:
            self._parent[net] = net = self._parent[self._parent[net]]
        return net

    def _join(self, first: int, second: int) -> None:
        low, high = sorted((self._root(first), self._root(second)))
        self._parent[high] = low

    def netlist(self, top: str) -> Netlist:
        roots = np.array([self._root(net) for net in range(len(self._parent))])
        kept, number = np.unique(roots, return_inverse=True)
        pins = np.full((len(self._cells), max(len(cell[2]) for cell in self._cells)), -1, dtype=np.int32)
        for row, (_, _, nets) in enumerate(self._cells):
            pins[row, : len(nets)] = [number[net] if net >= 0 else -1 for net in nets]

        def bits(nets: Sequence[int]) -> Bits:
            return tuple(int(number[net]) for net in nets)

        memories = tuple(
            MemoryInstance(
                name=memory.name,
                unit=memory.unit,
                words=memory.words,
                width=memory.width,
                reads=tuple(
                    ReadPort(bits([p.clock])[0], bits([p.enable])[0], bits(p.address), bits(p.data))
                    for p in memory.reads
                ),
                writes=tuple(
                    WritePort(bits([p.clock])[0], bits(p.enable), bits(p.address), bits(p.data)) for p in memory.writes
                ),
            )
            for memory in self._memories
        )
        return Netlist(
            kinds=tuple(self._described),
            units=tuple(unit or top for unit in self._units),
            kind=np.array([cell[0] for cell in self._cells], dtype=np.int32),
            unit=np.array([cell[1] for cell in self._cells], dtype=np.int32),
            pins=pins,
            nets=len(kept),
            ports={name: bits(nets) for name, nets in self._ports.items()},
            memories=memories,
        )


def _memory(name: str, unit: int, cell: dict[str, Any], pins: dict[str, list[int]]) -> MemoryInstance:
    def number(parameter: str) -> int:
        return int(cell["parameters"][parameter].replace("x", "0"), 2)

    reads, writes, width, bits = number("RD_PORTS"), number("WR_PORTS"), number("WIDTH"), number("ABITS")
    if number("RD_CLK_ENABLE") != (1 << reads) - 1 or number("RD_TRANSPARENCY_MASK") or number("OFFSET"):
        raise ValueError(f"memory {name} cannot be a macro: its reads must be synchronous, and must not see writes")

    def part(pin: str, port: int, size: int) -> Bits:
        return tuple(pins[pin][port * size : (port + 1) * size])

    return MemoryInstance(
        name=name,
        unit=unit,
        words=number("SIZE"),
        width=width,
        reads=tuple(
            ReadPort(pins["RD_CLK"][n], pins["RD_EN"][n], part("RD_ADDR", n, bits), part("RD_DATA", n, width))
            for n in range(reads)
        ),
        writes=tuple(
            WritePort(pins["WR_CLK"][n], part("WR_EN", n, width), part("WR_ADDR", n, bits), part("WR_DATA", n, width))
            for n in range(writes)
        ),
    )
