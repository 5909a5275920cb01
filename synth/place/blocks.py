"""What is placed, as arrays: cells, macros and the chip's ports, with the ends of their nets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtl.memory.kit import Macro, Role
from rtl.memory.kit import Port as MacroPort
from synth.cells.lef import Outline
from synth.gates.netlist import MemoryInstance, Netlist

__all__ = ["GRID_UM", "Blocks", "MacroRow", "blocks_of", "in_grid"]

GRID_UM = 0.005
"""All lengths of a placement are integers in this unit, the manufacturing grid of such processes."""

Ints = NDArray[np.int32]


def in_grid(um: float) -> int:
    """A length in units of the grid."""
    return round(um / GRID_UM)


@dataclass(frozen=True)
class MacroRow:
    """Macros of a memory that lie side by side; rows are one above the other."""

    macro: Macro
    outline: Outline
    columns: int


@dataclass(frozen=True)
class Blocks:
    """Cells in the netlist's order, then macros, then a point for each bit of a port; lengths on the grid.

    ``kind`` (blocks,) indexes ``kinds``, ``unit`` (blocks,) the netlist's units; ``net``, ``block``, ``dx``, ``dy``
    (pins,) are the ends of nets, sorted by net, with the distance from the block's lower left corner, when upright.
    """

    cells: int
    macros: int
    kinds: tuple[str, ...]
    kind: Ints
    unit: Ints
    width: Ints
    height: Ints
    net: Ints
    block: Ints
    dx: Ints
    dy: Ints

    @property
    def count(self) -> int:
        """Cells, macros and bits of ports."""
        return len(self.kind)


def blocks_of(
    netlist: Netlist, outlines: Mapping[str, Outline], memories: Mapping[str, Sequence[MacroRow]], site_um: float
) -> Blocks:
    """Collect them; a memory without macros takes no place, and its nets end there.

    Args:
        netlist: cells, memories and ports.
        outlines: of the cells, by name.
        memories: rows of those memories that have macros, by name.
        site_um: cells and macros are as wide as so many of these as they need.
    """
    return _Collector(netlist, outlines, memories, site_um).blocks()


class _Collector:
    def __init__(
        self,
        netlist: Netlist,
        outlines: Mapping[str, Outline],
        memories: Mapping[str, Sequence[MacroRow]],
        site_um: float,
    ) -> None:
        self._netlist = netlist
        self._outlines = [outlines[kind.cell.name] for kind in netlist.kinds]
        self._site = in_grid(site_um)
        self._memories = [(memory, memories[memory.name]) for memory in netlist.memories if memory.name in memories]
        self._ends: list[NDArray[np.int64]] = []
        """Each (4, pins): net, block, and the distances."""

    def blocks(self) -> Blocks:
        netlist = self._netlist
        widths = [self._in_sites(outline) for outline in self._outlines]
        heights = [in_grid(outline.height_um) for outline in self._outlines]
        owned = [(memory.unit, row) for memory, rows in self._memories for row in rows for _ in range(row.columns)]
        macros, owners = [row for _, row in owned], [unit for unit, _ in owned]
        ports = [net for port in netlist.ports.values() for net in port]
        kinds = [kind.cell.name for kind in netlist.kinds]
        names = list(dict.fromkeys(row.macro.name for row in macros))
        self._cells()
        first = len(netlist.kind)
        for memory, rows in self._memories:
            self._macros(memory, rows, first)
            first += sum(row.columns for row in rows)
        self._add(np.array(ports), first + np.arange(len(ports)), 0, 0)
        net, block, dx, dy = np.concatenate(self._ends, axis=1)
        order = np.argsort(net, kind="stable")
        order = order[net[order] > 1]  # constants have a cell for each pin, or none
        points = np.zeros(len(ports), dtype=np.int64)
        return Blocks(
            cells=len(netlist.kind),
            macros=len(macros),
            kinds=(*kinds, *names, "port"),
            kind=_joined(
                netlist.kind,
                [len(kinds) + names.index(row.macro.name) for row in macros],
                points + len(kinds) + len(names),
            ),
            unit=_joined(netlist.unit, owners, points),
            width=_joined(np.array(widths)[netlist.kind], [self._in_sites(row.outline) for row in macros], points),
            height=_joined(np.array(heights)[netlist.kind], [in_grid(row.outline.height_um) for row in macros], points),
            net=net[order].astype(np.int32),
            block=block[order].astype(np.int32),
            dx=dx[order].astype(np.int32),
            dy=dy[order].astype(np.int32),
        )

    def _in_sites(self, outline: Outline) -> int:
        return -(-in_grid(outline.width_um) // self._site) * self._site

    def _add(self, nets: NDArray[np.int64], blocks: NDArray[np.int64], dx: int, dy: int) -> None:
        there = nets >= 0
        self._ends.append(
            np.stack([nets[there], blocks[there], *(np.full(int(there.sum()), d, dtype=np.int64) for d in (dx, dy))])
        )

    def _cells(self) -> None:
        for number, (kind, outline) in enumerate(zip(self._netlist.kinds, self._outlines, strict=True)):
            cells = self._netlist.of_kind(number)
            for pin, name in enumerate((*kind.inputs, *kind.outputs)):
                dx, dy = _place(outline, name)
                self._add(self._netlist.pins[cells, pin].astype(np.int64), cells.astype(np.int64), dx, dy)

    def _macros(self, memory: MemoryInstance, rows: Sequence[MacroRow], first: int) -> None:
        """Each macro takes all addresses; those above its own go to its enable pin, where rows are told apart."""
        columns = [(row, column) for row in rows for column in range(row.columns)]
        for block, (row, column) in enumerate(columns, first):
            for net, pin in _macro_pins(memory, row, column):
                self._add(np.array([net]), np.array([block]), *_place(row.outline, pin))


def _joined(cells: Ints | NDArray[np.int64], macros: list[int], ports: NDArray[np.int64]) -> Ints:
    return np.concatenate([cells, np.array(macros, dtype=np.int64), ports]).astype(np.int32)


def _place(outline: Outline, pin: str) -> tuple[int, int]:
    x, y = outline.pins.get(pin, (outline.width_um / 2, outline.height_um / 2))
    return in_grid(x), in_grid(y)


def _macro_pins(memory: MemoryInstance, row: MacroRow, column: int) -> Iterator[tuple[int, str]]:
    """Nets of the memory that go to the macros of a column, each with the pin."""
    macro, width = row.macro, row.macro.width
    writer, reader = macro.interface[0], macro.interface[-1]
    bits = range(column * width, min((column + 1) * width, memory.width))
    for write in memory.writes:
        yield from _addressed(writer, write.address)
        for bit in bits:
            yield write.data[bit], _bit(writer, "data in", bit - bits.start)
        for net in dict.fromkeys(write.enable[bit] for bit in bits):
            yield net, _bit(writer, "write", 0)
    for read in memory.reads:
        yield from _addressed(reader, read.address)
        yield read.enable, _bit(reader, "enable", 0)
        for bit in bits:
            yield read.data[bit], _bit(reader, "data out", bit - bits.start)


def _addressed(port: MacroPort, address: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    pin = port.pin("address")
    own = 0 if pin is None else pin.bits
    for bit, net in enumerate(address):
        yield net, _bit(port, "address", bit) if bit < own else _bit(port, "enable", 0)


def _bit(port: MacroPort, role: Role, number: int) -> str:
    """Name of a bit of a port's pin; empty where the port has no such pin."""
    pin = port.pin(role)
    if pin is None:
        return ""
    return pin.name if pin.bits == 1 else f"{pin.name}[{number}]"
