"""What the macros of a memory cost: energy of an access, of its pins, and time."""

from math import ceil

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


def memory_cost(choice: MacroChoice, cell: Cell, words: int) -> MemoryCost:
    """Costs of the chosen macros, by their liberty file.

    Args:
        choice: macro and number of it.
        cell: the macro.
        words: of the memory.

    Raises:
        ValueError: the cell is no memory, or states no energy of a read or a write.
    """
    if cell.memory is None:
        raise ValueError(f"cell {cell.name} is no memory macro")
    rows = ceil(words / cell.memory.words)
    columns = choice.count // rows
    port = "A_"
    address, data = cell.pins[f"{port}ADDR"], cell.pins[f"{port}DIN"]
    output = cell.pins[f"{port}DOUT"]
    access = [table for arc in output.timing for table in (arc.rise, arc.fall) if table and "edge" in arc.kind]
    slews = [table for arc in output.timing for table in (arc.rise_slew, arc.fall_slew) if table]
    setups = [
        table
        for pin in (address, data)
        for arc in pin.timing
        for table in (arc.rise, arc.fall)
        if table and arc.kind == "setup_rising"
    ]
    clock = cell.pins[f"{port}CLK"]
    return MemoryCost(
        macro=choice.macro,
        count=choice.count,
        rows=rows,
        read_pj=columns * _access(cell.name, clock, f"{port}REN", f"{port}WEN"),
        write_pj=columns * _access(cell.name, clock, f"{port}WEN", f"{port}REN"),
        leakage_nw=choice.leakage_nw,
        area_um2=choice.area_um2,
        address=_pin(address, choice.count),
        data=_pin(data, rows),
        access_ns=max((max(map(max, table.values)) for table in access), default=0.0),
        slew_ns=max((float(look_up(table, 0.05, 0.05)) for table in slews), default=0.0),
        setup_ns=max(0.0, *(float(look_up(table, 0.1, 0.0, 0.05)) for table in setups)),
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


def _access(macro: str, clock: Pin, on: str, off: str) -> float:
    """Energy of a clock edge with the macro enabled, one of its enables high and the other low."""
    for power in clock.internal_power:
        condition = (power.when or "").replace(" ", "").split("&")
        if on in condition and f"!{off}" in condition and clock.name.replace("CLK", "MEN") in condition:
            return sum(float(look_up(table, 0.0)) for table in (power.rise, power.fall) if table)
    raise ValueError(f"macro {macro} states no energy of an access by {on}; leave its file out")


def _pin(pin: Pin, macros: int) -> PinCost:
    """Mean energy of its transitions while the macro is not enabled, times the macros it goes to."""
    tables = [
        table
        for power in pin.internal_power
        for table in (power.rise, power.fall)
        if table and (power.when or "!").startswith("!")
    ]
    mean = sum(float(look_up(table, 0.0)) for table in tables) / max(1, len(tables))
    return PinCost(capacitance_pf=macros * pin.capacitance_pf, energy_pj=macros * mean)
