"""Reader of Liberty cell libraries: area, leakage, pins, energy tables, flip-flops, latches, clock gates, memories.

Timing, which is most of such a file, is read where it is asked for; noise is passed over.
"""

import re
from pathlib import Path
from typing import Literal

from synth.cells.liberty_syntax import Group, SyntaxFault, parse
from synth.cells.table import Axis, Table
from synth.part import Part

__all__ = ["Cell", "InternalPower", "LibertyError", "Library", "MemoryShape", "Pin", "TimingArc", "read_liberty"]

Sequential = Literal["flip-flop", "latch", "clock gate"]


class LibertyError(ValueError):
    """A file that is not a Liberty library, or breaks off; the message names the file and the remedy."""


class InternalPower(Part):
    """What a transition of a pin costs inside the cell."""

    related_pin: str | None
    """Input that caused it, for an output pin."""
    when: str | None
    rise: Table | None
    fall: Table | None


class TimingArc(Part):
    """Delay of an output, or constraint of an input, in ns. Of one edge each: of the output, or of the input."""

    related_pin: str
    kind: str
    """Liberty's ``timing_type``; ``combinational`` where it has none."""
    sense: Literal["positive_unate", "negative_unate", "non_unate"]
    rise: Table | None
    fall: Table | None
    rise_slew: Table | None = None
    fall_slew: Table | None = None


class Pin(Part):
    """A pin, or a bus of ``width`` pins."""

    name: str
    direction: str
    capacitance_pf: float
    """Of a bus, the mean of its bits."""
    width: int = 1
    clock: bool = False
    function: str | None = None
    internal_power: tuple[InternalPower, ...] = ()
    timing: tuple[TimingArc, ...] = ()


class MemoryShape(Part):
    """Words and bits of a memory macro."""

    words: int
    width: int


class Cell(Part):
    """A cell of a library."""

    name: str
    area_um2: float
    leakage_nw: float
    """As the library states it for the whole cell, else the mean over its states."""
    pins: dict[str, Pin]
    sequential: Sequential | None = None
    data_pin: str | None = None
    """Next state of a flip-flop, where it is a pin's value; enable of a clock gate."""
    inverted_state: str | None = None
    """Name of a flip-flop's inverted state, as its outputs' functions give it."""
    memory: MemoryShape | None = None
    dont_use: bool = False


class Library(Part):
    """A library, at one corner."""

    name: str
    voltage_v: float
    temperature_c: float
    slew_span: float = 0.6
    """Share of the supply that its slews are measured over; their mean, where edges differ."""
    cells: dict[str, Cell]


SKIPPED = {"wire_load", "lu_table_template", "statetable", "test_cell", "ccsn_first_stage", "ccsn_last_stage"}


def read_liberty(path: Path, *, timing: bool = False) -> Library:
    """Read a library.

    Args:
        path: the ``.lib`` file.
        timing: read delays and constraints too, which takes some seconds for a whole cell library.

    Raises:
        FileNotFoundError: there is none.
        LibertyError: it is no Liberty library, or it breaks off.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        root = parse(text, SKIPPED - {"lu_table_template"} if timing else SKIPPED | {"timing"})
        return _library(next(root.groups("library")))
    except (StopIteration, SyntaxFault, KeyError, IndexError, ValueError) as error:
        raise LibertyError(
            f"{path} is no Liberty library, or is broken ({error or 'no library group'}); take the file from the "
            "process kit anew, uncompressed"
        ) from error


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in re.split(r'[\s,"]+', text) if number)


AXES: dict[str, Axis] = {
    "input_transition_time": "slew",
    "input_net_transition": "slew",
    "constrained_pin_transition": "slew",
    "related_pin_transition": "related",
    "total_output_net_capacitance": "load",
}
POWERS_OF_TEN = {"m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "": 1.0}


class _Units:
    """Factors from a library's units to pJ, pF, ns and nW, and its table templates."""

    def __init__(self, library: Group) -> None:
        number, unit = re.split(r"\s*,\s*", library.attributes.get("capacitive_load_unit", "1,pf"))
        self.capacitance_pf = float(number) * POWERS_OF_TEN[unit.strip('"').lower().removesuffix("f")] * 1e12
        self.leakage_nw = _scale(library.attributes.get("leakage_power_unit", "1nW"), "w") * 1e9
        # Liberty has no unit of energy: it is that of capacitance times volt squared.
        self.energy_pj = self.capacitance_pf * _scale(library.attributes.get("voltage_unit", "1V"), "v") ** 2
        self.axes = {
            "slew": _scale(library.attributes.get("time_unit", "1ns"), "s") * 1e9,
            "load": self.capacitance_pf,
            "none": 1.0,
        }
        self.axes["related"] = self.axes["slew"]
        self.templates = {group.name: group for group in library.groups("power_lut_template", "lu_table_template")}

    def table(self, group: Group, unit: float) -> Table:
        template = self.templates.get(group.name, group)
        shape = {**template.attributes, **group.attributes}
        index_1, index_2 = _numbers(shape.get("index_1", "0")), _numbers(shape.get("index_2", "0"))
        values = _numbers(group.attributes["values"])
        if group.name == "scalar":
            index_1, index_2 = (0.0,), (0.0,)
        if len(values) != len(index_1) * len(index_2):
            raise ValueError(f"a table of {len(values)} values for {len(index_1)} x {len(index_2)} points")
        names = (shape.get("variable_1", ""), shape.get("variable_2", ""))
        axes: tuple[Axis, Axis] = (AXES.get(names[0], "none"), AXES.get(names[1], "none"))
        index_1 = tuple(point * self.axes[axes[0]] for point in index_1)
        index_2 = tuple(point * self.axes[axes[1]] for point in index_2)
        width = len(index_2)
        rows = tuple(
            tuple(value * unit for value in values[row * width : (row + 1) * width]) for row in range(len(index_1))
        )
        return Table(axes=axes, index_1=index_1, index_2=index_2, values=rows)


def _scale(text: str, unit: str) -> float:
    match = re.fullmatch(r"([\d.eE+-]*?)([munpf]?)" + unit, text.strip().lower())
    if match is None:
        raise ValueError(f"unit {text!r}")
    return float(match[1] or 1) * POWERS_OF_TEN[match[2]]


def _library(group: Group) -> Library:
    units = _Units(group)
    cells = [_cell(cell, group, units) for cell in group.groups("cell")]
    return Library(
        name=group.name,
        voltage_v=group.number("nom_voltage", 0.0) or _condition(group, "voltage"),
        temperature_c=group.number("nom_temperature", 25.0),
        slew_span=_slew_span(group),
        cells={cell.name: cell for cell in cells},
    )


def _slew_span(library: Group) -> float:
    """A slew times ``slew_derate_from_library`` is what an edge takes between the two thresholds."""
    spans = [
        library.number(f"slew_upper_threshold_pct_{edge}", 80.0)
        - library.number(f"slew_lower_threshold_pct_{edge}", 20.0)
        for edge in ("rise", "fall")
    ]
    return sum(spans) / 200 / library.number("slew_derate_from_library", 1.0)


def _condition(library: Group, attribute: str) -> float:
    return float(next(library.groups("operating_conditions")).attributes[attribute])


def _cell(group: Group, library: Group, units: _Units) -> Cell:
    widths = {kind.name: int(kind.number("bit_width", 1)) for kind in library.groups("type")}
    pins = [_pin(pin, library, units, 1) for pin in group.groups("pin")]
    for bus in group.groups("bus", "bundle"):
        width = widths.get(bus.attributes.get("bus_type", ""), 1)
        pins.append(_pin(bus, library, units, width))
    states = [state.number("value", 0.0) for state in group.groups("leakage_power")]
    mean = sum(states) / len(states) if states else library.number("default_cell_leakage_power", 0.0)
    memory = next(group.groups("memory"), None)
    sequential: Sequential | None = None
    data_pin, inverted_state = None, None
    if "clock_gating_integrated_cell" in group.attributes:
        sequential = "clock gate"
        data_pin = next((pin.name for pin in group.groups("pin") if pin.flag("clock_gate_enable_pin")), None)
    elif (flip_flop := next(group.groups("ff", "ff_bank"), None)) is not None:
        sequential = "flip-flop"
        data_pin = flip_flop.attributes.get("next_state")
        inverted_state = ([*re.findall(r"\w+", flip_flop.name), "", ""])[1] or None
    elif any(group.groups("latch", "latch_bank")):
        sequential = "latch"
    return Cell(
        name=group.name,
        area_um2=group.number("area", 0.0),
        leakage_nw=group.number("cell_leakage_power", mean) * units.leakage_nw,
        pins={pin.name: pin for pin in pins},
        sequential=sequential,
        data_pin=data_pin,
        inverted_state=inverted_state,
        memory=None
        if memory is None
        else MemoryShape(words=2 ** int(memory.number("address_width", 0)), width=int(memory.number("word_width", 0))),
        dont_use=group.flag("dont_use"),
    )


def _pin(group: Group, library: Group, units: _Units, width: int) -> Pin:
    direction = group.attributes.get("direction", "internal")
    default = library.number(f"default_{direction}_pin_cap", 0.0)
    # Memories state a bus's energies in its pin group.
    inner = [*group.groups("internal_power"), *(p for pin in group.groups("pin") for p in pin.groups("internal_power"))]
    arcs = [*group.groups("timing"), *(arc for pin in group.groups("pin") for arc in pin.groups("timing"))]
    whole = group.number("capacitance", default)
    bits = [bit.number("capacitance", whole) for bit in group.groups("pin") if re.search(r"\[\d+\]$", bit.name)]
    return Pin(
        name=group.name,
        direction=direction,
        capacitance_pf=(sum(bits) + (width - len(bits)) * whole) / width * units.capacitance_pf,
        width=width,
        clock=group.flag("clock"),
        function=group.attributes.get("function") or group.attributes.get("state_function"),
        internal_power=tuple(_power(power, units) for power in inner),
        timing=tuple(arc for group in arcs if (arc := _arc(group, units)) is not None),
    )


def _power(group: Group, units: _Units) -> InternalPower:
    def table(*kinds: str) -> Table | None:
        found = next(group.groups(*kinds), None)
        return None if found is None else units.table(found, units.energy_pj)

    return InternalPower(
        related_pin=group.attributes.get("related_pin"),
        when=group.attributes.get("when"),
        rise=table("rise_power", "power"),
        fall=table("fall_power", "power"),
    )


def _arc(group: Group, units: _Units) -> TimingArc | None:
    """None for what is neither a delay nor a constraint between two pins."""

    def table(*kinds: str) -> Table | None:
        found = next(group.groups(*kinds), None)
        return None if found is None else units.table(found, units.axes["slew"])

    rise, fall = table("cell_rise", "rise_constraint"), table("cell_fall", "fall_constraint")
    if "related_pin" not in group.attributes or (rise is None and fall is None):
        return None
    sense = group.attributes.get("timing_sense", "non_unate")
    return TimingArc(
        related_pin=group.attributes["related_pin"],
        kind=group.attributes.get("timing_type", "combinational"),
        sense="positive_unate"
        if sense == "positive_unate"
        else "negative_unate"
        if sense == "negative_unate"
        else "non_unate",
        rise=rise,
        fall=fall,
        rise_slew=table("rise_transition"),
        fall_slew=table("fall_transition"),
    )
