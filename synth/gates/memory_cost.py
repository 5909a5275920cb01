"""What the macros of a memory cost: energy of an access, of their pins, and time."""

import re
from collections.abc import Iterable, Mapping

from rtl.memory.kit import Access, Macro, Port, Role
from rtl.memory.kit import Pin as KitPin
from rtl.memory.macros import Grid, Row
from synth.cells.functions import truth_table
from synth.cells.interpolation import look_up
from synth.cells.liberty import Cell, InternalPower, Pin
from synth.mapping.mapping_report import MacroChoice
from synth.part import Part

__all__ = ["MemoryCost", "PinCost", "PortCost", "memory_cost", "no_macro"]

Edges = tuple[float, float]
"""Of a fall and of a rise."""


class PinCost(Part):
    """Of a net that drives pins of macros, all of them together."""

    capacitance_pf: float
    energy_pj: tuple[Edges, Edges]
    """Of its transitions: while the port has no access, and while it has one."""


class PortCost(Part):
    """Of a memory's port: an access, a clock edge of the same macros without one, and the nets that drive them."""

    access_pj: float
    resting_pj: float
    address: PinCost
    """Of each bit; those that choose a row are priced as the others."""
    data: PinCost
    """Of each bit."""
    select: PinCost
    """Of the net that asks for an access: pins for enable, and for write or read, of one row."""
    mask: PinCost
    """Of the same net, for each bit of a word that it lets be written, where that is not the whole word."""


class MemoryCost(Part):
    """Of a memory, as a grid of macros: ``rows`` one above the other, of which an access wakes one, as often as it
    holds words."""

    macro: str | None
    count: int
    rows: int
    read: PortCost
    write: PortCost
    clock_pf: float
    """Of all clock pins."""
    resting_pj: float
    """Of a clock edge without any access, all macros."""
    leakage_nw: float
    area_um2: float
    access_ns: float
    slew_ns: float
    setup_ns: float


def memory_cost(choice: MacroChoice, known: Mapping[str, tuple[Macro, Cell]], words: int) -> MemoryCost:
    """Costs of the chosen macros, by their liberty file.

    Where a macro has one port, the memory's two are priced as if each had its pins: what chooses between two addresses
    is not in the netlist.

    Args:
        choice: rows of macros.
        known: of each macro, its pins, and the same in its liberty file.
        words: of the memory.

    Raises:
        ValueError: the cell lacks a pin, or states no energy of a read or a write.
    """
    grid = Grid(tuple(Row(known[row.macro][0], row.columns) for row in choice.rows))
    rows = [(known[row.macro.name][1], row, share) for row, share in zip(grid.rows, grid.shares(words), strict=True)]
    times = [_times(cell, row.macro) for cell, row, _ in rows]
    every = [(cell, port, row.columns) for cell, row, _ in rows for port in row.macro.interface]
    return MemoryCost(
        macro=str(choice),
        count=sum(row.columns for row in choice.rows),
        rows=len(rows),
        read=_port(rows, "read"),
        write=_port(rows, "write"),
        clock_pf=sum(columns * _pin(cell, port, "clock").capacitance_pf for cell, port, columns in every),
        resting_pj=sum(columns * sum(_edges(cell, port, "clock", None) or ()) for cell, port, columns in every),
        leakage_nw=choice.leakage_nw,
        area_um2=choice.area_um2,
        access_ns=max(access for access, _, _ in times),
        slew_ns=max(slew for _, slew, _ in times),
        setup_ns=max(setup for _, _, setup in times),
    )


def _times(cell: Cell, macro: Macro) -> tuple[float, float, float]:
    """From clock to data, the slew there, and what comes before the clock, all in ns."""
    writer, reader = macro.interface[0], macro.interface[-1]
    address, data, output = _pin(cell, writer, "address"), _pin(cell, writer, "data in"), _pin(cell, reader, "data out")
    access = [table for arc in output.timing for table in (arc.rise, arc.fall) if table and "edge" in arc.kind]
    slews = [table for arc in output.timing for table in (arc.rise_slew, arc.fall_slew) if table]
    setups = [
        table
        for pin in (address, data)
        for arc in pin.timing
        for table in (arc.rise, arc.fall)
        if table and arc.kind == "setup_rising"
    ]
    return (
        max((max(map(max, table.values)) for table in access), default=0.0),
        max((float(look_up(table, 0.05, 0.05)) for table in slews), default=0.0),
        max([0.0, *(float(look_up(table, 0.1, 0.0, 0.05)) for table in setups)]),
    )


def no_macro(words: int, width: int) -> MemoryCost:
    """A memory that the process has no macro for: it costs nothing here, and the report says so."""
    free = _together([])
    port = PortCost(access_pj=0.0, resting_pj=0.0, address=free, data=free, select=free, mask=free)
    return MemoryCost(
        macro=None,
        count=0,
        rows=1,
        read=port,
        write=port,
        clock_pf=0.0,
        resting_pj=0.0,
        leakage_nw=0.0,
        area_um2=0.0,
        access_ns=3.0,
        slew_ns=0.1,
        setup_ns=0.0,
    )


def _port(rows: list[tuple[Cell, Row[Macro], float]], access: Access) -> PortCost:
    """Of rows of macros, each with its share of the accesses."""
    energy = resting = 0.0
    addresses, data, selects, masks = [], [], [], []
    for cell, row, share in rows:
        macro = row.macro
        port = macro.interface[0 if access == "write" else -1]
        accessed = _edges(cell, port, "clock", access)
        if accessed is None:
            raise ValueError(
                f"macro {cell.name} states no energy of a {access} in its liberty file; leave the macro out"
            )
        energy += share * row.columns * sum(accessed)
        resting += share * row.columns * sum(_edges(cell, port, "clock", None) or ())

        def net(pins: Iterable[KitPin | None], macros: float, cell: Cell = cell, port: Port = port) -> list[PinCost]:
            return [_driven(cell, port, access, pin, macros) for pin in pins if pin is not None]

        addresses += net([port.pin("address")], row.columns)
        data += net([port.pin("data in")], 1) if access == "write" else net([port.pin("data out")], share)
        selects += net([pin for pin, on in port.pins_for(access) if on], share * row.columns)
        mask = port.pin("mask") if access == "write" else None
        masks += net([mask], mask.bits / macro.width if mask else 1)
    return PortCost(
        access_pj=energy,
        resting_pj=resting,
        address=_together(addresses),
        data=_together(data),
        select=_together(selects),
        mask=_together(masks),
    )


def _driven(cell: Cell, port: Port, access: Access, pin: KitPin, macros: float) -> PinCost:
    """One pin, or one of a bus, on so many macros, by the edges of the net: an active-low pin falls when that rises."""
    each = [_edges(cell, port, pin.role, state) or (0.0, 0.0) for state in (None, access)]
    resting, selected = (edges[::-1] if pin.active_low else edges for edges in each)
    return PinCost(
        capacitance_pf=macros * _pin(cell, port, pin.role).capacitance_pf,
        energy_pj=((macros * resting[0], macros * resting[1]), (macros * selected[0], macros * selected[1])),
    )


def _together(pins: list[PinCost]) -> PinCost:
    def total(state: int, edge: int) -> float:
        return sum(pin.energy_pj[state][edge] for pin in pins)

    energy = ((total(0, 0), total(0, 1)), (total(1, 0), total(1, 1)))
    return PinCost(capacitance_pf=sum(pin.capacitance_pf for pin in pins), energy_pj=energy)


def _pin(cell: Cell, port: Port, role: Role) -> Pin:
    (name,) = (pin.name for pin in port.pins if pin.role == role)
    if name not in cell.pins:
        raise ValueError(f"macro {cell.name} has no pin {name} in its liberty file; correct the process's description")
    return cell.pins[name]


def _edges(cell: Cell, port: Port, role: Role, access: Access | None) -> Edges | None:
    """Energy of a pin's fall and rise during an access, or without one; None where the file does not say."""
    levels = _levels(port, access)
    powers = [power for power in _pin(cell, port, role).internal_power if _holds(power.when, levels)]
    if not powers:
        return None
    chosen = min(powers, key=lambda power: power.when is None)  # an entry without a condition is for what others leave
    return _energy(chosen, rise=False), _energy(chosen, rise=True)


def _energy(power: InternalPower, *, rise: bool) -> float:
    table = power.rise if rise else power.fall
    return 0.0 if table is None else float(look_up(table, 0.0))


def _levels(port: Port, access: Access | None) -> dict[str, bool]:
    """Levels of a port's control pins during an access, or without one."""
    on = {"enable": access is not None, "write": access == "write", "read": access == "read"}
    levels = {pin.name: on[pin.role] != pin.active_low for pin in port.pins if pin.role in on}
    return levels | {pin.name: bool(pin.value) for pin in port.pins if pin.role == "constant" and pin.bits == 1}


def _holds(condition: str | None, levels: dict[str, bool]) -> bool:
    """Whether Liberty's condition on control pins is met; one on other pins is not."""
    if condition is None:
        return True
    names = sorted(set(re.findall(r"[A-Za-z_]\w*", condition)))
    if not levels.keys() >= set(names):
        return False
    return bool(truth_table(condition, names)[sum(levels[name] << n for n, name in enumerate(names))])
