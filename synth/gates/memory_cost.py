"""What the macros of a memory cost: energy of an access, of its pins, and time."""

import re
from math import ceil

from rtl.memory.kit import Access, Macro, Port, Role
from synth.cells.functions import truth_table
from synth.cells.interpolation import look_up
from synth.cells.liberty import Cell, Pin
from synth.mapping.mapping_report import MacroChoice
from synth.part import Part

__all__ = ["MemoryCost", "PinCost", "memory_cost", "no_macro"]


class PinCost(Part):
    """Of one bit of a bus, on all macros that it goes to: capacitance, and energy of a transition."""

    capacitance_pf: float
    energy_pj: float


class MemoryCost(Part):
    """Of a memory, as a grid of macros: ``rows`` one above the other, of which an access wakes one."""

    macro: str | None
    count: int
    rows: int
    read_pj: float
    write_pj: float
    leakage_nw: float
    area_um2: float
    address: PinCost
    data: PinCost
    access_ns: float
    slew_ns: float
    setup_ns: float


def memory_cost(choice: MacroChoice, macro: Macro, cell: Cell, words: int) -> MemoryCost:
    """Costs of the chosen macros, by their liberty file.

    Args:
        choice: macro and number of it.
        macro: its pins.
        cell: the same, in its liberty file.
        words: of the memory.

    Raises:
        ValueError: the cell lacks a pin, or states no energy of a read or a write.
    """
    rows = ceil(words / macro.words)
    columns = choice.count // rows
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
    return MemoryCost(
        macro=choice.macro,
        count=choice.count,
        rows=rows,
        read_pj=columns * _access(cell, reader, "read"),
        write_pj=columns * _access(cell, writer, "write"),
        leakage_nw=choice.leakage_nw,
        area_um2=choice.area_um2,
        address=_bit(address, writer, choice.count),
        data=_bit(data, writer, rows),
        access_ns=max((max(map(max, table.values)) for table in access), default=0.0),
        slew_ns=max((float(look_up(table, 0.05, 0.05)) for table in slews), default=0.0),
        setup_ns=max([0.0, *(float(look_up(table, 0.1, 0.0, 0.05)) for table in setups)]),
    )


def no_macro(words: int, width: int) -> MemoryCost:
    """A memory that the process has no macro for: it costs nothing here, and the report says so."""
    free = PinCost(capacitance_pf=0.0, energy_pj=0.0)
    return MemoryCost(
        macro=None,
        count=0,
        rows=1,
        read_pj=0.0,
        write_pj=0.0,
        leakage_nw=0.0,
        area_um2=0.0,
        address=free,
        data=free,
        access_ns=3.0,
        slew_ns=0.1,
        setup_ns=0.0,
    )


def _pin(cell: Cell, port: Port, role: Role) -> Pin:
    (name,) = (pin.name for pin in port.pins if pin.role == role)
    if name not in cell.pins:
        raise ValueError(f"macro {cell.name} has no pin {name} in its liberty file; correct the process's description")
    return cell.pins[name]


def _access(cell: Cell, port: Port, access: Access) -> float:
    """Energy of a clock edge with an access of one kind."""
    for power in _pin(cell, port, "clock").internal_power:
        if _holds(power.when, _levels(port, access)):
            return sum(float(look_up(table, 0.0)) for table in (power.rise, power.fall) if table)
    raise ValueError(f"macro {cell.name} states no energy of a {access} in its liberty file; leave the macro out")


def _bit(pin: Pin, port: Port, macros: int) -> PinCost:
    """Mean energy of its transitions while the macro is not enabled, times the macros it goes to."""
    idle = _levels(port, None)
    tables = [
        table
        for power in pin.internal_power
        for table in (power.rise, power.fall)
        if table and _holds(power.when, idle)
    ]
    mean = sum(float(look_up(table, 0.0)) for table in tables) / max(1, len(tables))
    return PinCost(capacitance_pf=macros * pin.capacitance_pf, energy_pj=macros * mean)


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
