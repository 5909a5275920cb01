"""A clock tree from a placement: pins that lie together share a buffer, and buffers that lie together the next."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.files import replacing
from synth.cells.liberty import Library
from synth.gates.netlist import Netlist, clock_gates
from synth.place.clock_buffers import ClockDriver, clock_buffers, clock_driver
from synth.place.placement import Placement
from synth.place.wires import tree_um

__all__ = ["ClockTree", "grow_clock_tree", "load_tree", "save_tree"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClockTree:
    """Buffers (b,) of all clock nets, and the wires between them.

    ``net`` is the clock net that a buffer repeats, ``kind`` indexes ``kinds``, names of library cells, ``load_pf`` is
    what it drives, wire included; ``wire_um`` (nets,) is all wire of a clock net, 0 of others. ``levels`` (1,) are the
    buffers one behind the other, at most; ``arrival_ns`` (2,) is when the clock gets to the first and to the last
    flip-flop, with the delay of clock gates.
    """

    kinds: NDArray[np.str_]
    net: Ints
    kind: Ints
    load_pf: Floats
    wire_um: Floats
    levels: Ints
    arrival_ns: Floats


def save_tree(path: Path, tree: ClockTree) -> None:
    """Replace ``path`` by an ``.npz`` file."""
    with replacing(path) as file:
        np.savez_compressed(file, **{field.name: getattr(tree, field.name) for field in fields(ClockTree)})


def load_tree(path: Path) -> ClockTree:
    """Read it back.

    Raises:
        ValueError: there is none, or it is broken.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return ClockTree(**{field.name: arrays[field.name] for field in fields(ClockTree)})
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"no clock tree in {path}; run the place stage to make it") from error


def grow_clock_tree(
    netlist: Netlist, placement: Placement, library: Library, clock: str, largest: str, ff_per_um: float
) -> ClockTree:
    """Halve each clock net's pins by place until a buffer drives a part; its buffers are the next level's pins.

    Args:
        netlist: cells; what a memory's clock pins load is not known here, and they are left out.
        placement: where the cells lie.
        library: the cells, read with their timing.
        clock: name of the clock's port; its driver is as strong as ``largest``.
        largest: buffer that none in the tree exceeds.
        ff_per_um: capacitance of the clock's wires.

    Raises:
        ValueError: no buffer has edges that are sharp enough.
    """
    return _Gardener(netlist, placement, library, largest, ff_per_um).grow(netlist.ports[clock][0])


@dataclass
class _Pins:
    """What is to be driven: where, how much it loads, and which buffer it is, -1 for a cell's pin."""

    x: Ints
    y: Ints
    pf: Floats
    buffer: Ints

    def part(self, chosen: NDArray[np.intp]) -> "_Pins":
        return _Pins(self.x[chosen], self.y[chosen], self.pf[chosen], self.buffer[chosen])


class _Gardener:
    def __init__(
        self, netlist: Netlist, placement: Placement, library: Library, largest: str, ff_per_um: float
    ) -> None:
        self._netlist = netlist
        self._placement = placement
        self._buffers = clock_buffers(library, largest)
        self._library = library
        self._pf_per_um = ff_per_um / 1e3
        self._wire_um = np.zeros(netlist.nets)
        self._net: list[int] = []
        self._kind: list[int] = []
        self._load: list[float] = []
        self._levels = 0

    def grow(self, root: int) -> ClockTree:
        netlist = self._netlist
        clocked = [(number, kind) for number, kind in enumerate(netlist.kinds) if kind.clock >= 0]
        cell = np.concatenate([netlist.of_kind(number) for number, _ in clocked])
        pf = np.concatenate(
            [np.full(netlist.of_kind(n).size, kind.pin(kind.clock).capacitance_pf) for n, kind in clocked]
        )
        net = np.concatenate([netlist.pins[netlist.of_kind(number), kind.clock] for number, kind in clocked])
        is_gate = np.array([kind.role == "clock gate" for kind in netlist.kinds])[netlist.kind]
        behind = np.zeros(len(netlist.kind))  # when the clock gets to each cell
        first, last = np.inf, 0.0
        gates = [gate for level in clock_gates(netlist, root) for gate in level]
        outputs = [int(netlist.pins[gate, len(netlist.kinds[netlist.kind[gate]].inputs)]) for gate in gates]
        for one in (root, *(out for out in outputs if (net == out).any())):
            chosen = net == one
            cells = cell[chosen]
            driver = int(netlist.driver[one])
            source = self._buffers[-1] if driver < 0 else self._gate(driver)
            start = 0.0 if driver < 0 else behind[driver]
            behind[cells] = start + self._net_tree(one, cells, pf[chosen], driver, source)
            ends = behind[cells[~is_gate[cells]]]
            first, last = min([first, *ends]), max([last, *ends])
        return ClockTree(
            kinds=np.array([buffer.name for buffer in self._buffers]),
            net=np.array(self._net, dtype=np.int64),
            kind=np.array(self._kind, dtype=np.int64),
            load_pf=np.array(self._load),
            wire_um=self._wire_um,
            levels=np.array([self._levels]),
            arrival_ns=np.array([min(first, last), last]),
        )

    def _gate(self, cell: int) -> ClockDriver:
        kind = self._netlist.kinds[self._netlist.kind[cell]]
        return clock_driver(kind.cell, kind.inputs[kind.clock])

    def _middle(self, cells: NDArray[np.intp]) -> tuple[Ints, Ints]:
        placed = self._placement
        return (
            (placed.x[cells] + placed.width[cells] // 2).astype(np.int64),
            (placed.y[cells] + placed.height[cells] // 2).astype(np.int64),
        )

    def _net_tree(self, net: int, cells: NDArray[np.intp], pf: Floats, driver: int, source: ClockDriver) -> Floats:
        """(cells,) when the clock gets to each, behind the input of what drives the net."""
        x, y = self._middle(cells)
        at = self._middle(np.array([driver])) if driver >= 0 else (x[:0], y[:0])
        pins = _Pins(x, y, pf, np.full(x.size, -1, dtype=np.int64))
        leaf = np.full(cells.size, -1, dtype=np.int64)
        above: dict[int, int] = {}
        begin, level = len(self._net), 0
        while True:
            um = tree_um(np.concatenate([pins.x, at[0]]), np.concatenate([pins.y, at[1]]))
            if self._load_of(pins, um) <= source.limit_pf:
                break
            parts = list(self._parts(pins, np.arange(pins.x.size)))
            if level and len(parts) == pins.x.size:
                break  # too far away for any buffer: edges there are less sharp
            repeated = []
            for part in parts:
                number = self._buffer(net, pins.part(part))
                leaf[part[pins.buffer[part] < 0]] = number
                above |= dict.fromkeys(pins.buffer[part][pins.buffer[part] >= 0].tolist(), number)
                repeated.append(number)
            pins = _Pins(
                np.array([int(pins.x[part].mean()) for part in parts]),
                np.array([int(pins.y[part].mean()) for part in parts]),
                np.array([self._buffers[self._kind[number]].input_pf for number in repeated]),
                np.array(repeated),
            )
            level += 1
        self._levels = max(self._levels, level)
        self._wire_um[net] += um
        when = {-1: source.delay_ns(self._load_of(pins, um)) if driver >= 0 else 0.0}
        for number in reversed(range(begin, len(self._net))):
            buffer = self._buffers[self._kind[number]]
            when[number] = when[above.get(number, -1)] + buffer.delay_ns(self._load[number])
        return np.array([when[int(number)] for number in leaf])

    def _load_of(self, pins: _Pins, um: float) -> float:
        """Of the pins, and of so much wire."""
        return float(pins.pf.sum()) + um * self._pf_per_um

    def _buffer(self, net: int, pins: _Pins) -> int:
        """The smallest that drives these pins, in the middle of them."""
        um = tree_um(pins.x, pins.y)
        load = self._load_of(pins, um)
        self._wire_um[net] += um
        fits = [number for number, buffer in enumerate(self._buffers) if load <= buffer.limit_pf]
        self._net.append(net)
        self._kind.append(fits[0] if fits else len(self._buffers) - 1)
        self._load.append(load)
        return len(self._net) - 1

    def _parts(self, pins: _Pins, chosen: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """Cut across the longer side, until the largest buffer drives each part; such that few are only half full."""
        part = pins.part(chosen)
        full = self._load_of(part, tree_um(part.x, part.y)) / self._buffers[-1].limit_pf
        if chosen.size == 1 or full <= 1:
            yield chosen
            return
        side = part.x if np.ptp(part.x) >= np.ptp(part.y) else part.y
        order = np.argsort(side, kind="stable")
        needed = ceil(full)
        cut = min(max(1, order.size * (needed // 2) // needed), order.size - 1)
        yield from self._parts(pins, chosen[order[:cut]])
        yield from self._parts(pins, chosen[order[cut:]])
