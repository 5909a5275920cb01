"""``place.json``: what a placement comes to."""

from typing import Literal

from synth.part import Part
from synth.targets.process import Figure

__all__ = ["ClockFigures", "PlaceReport", "WireFigures"]


class WireFigures(Part):
    """Of all nets of more than one pin but clocks; wires with their detours."""

    nets: int
    sinks: int
    """Pins, without one for each net."""
    half_perimeter_mm: float
    """Of the boxes around the pins of each net, all together."""
    wire_mm: float
    um_per_net: float
    um_per_sink: float
    ff_per_um: Figure
    clock_ff_per_um: Figure
    detour: Figure
    """Length of a routed wire over that of the shortest tree."""

    @property
    def ff_per_sink(self) -> float:
        """Capacitance for each pin that is driven."""
        return self.um_per_sink * self.ff_per_um.value

    def __str__(self) -> str:
        return (
            f"{self.wire_mm:,.0f} mm of wire, {self.um_per_net:.1f} µm a net, {self.um_per_sink:.1f} µm = "
            f"{self.ff_per_sink:.1f} fF a pin that is driven"
        )


class ClockFigures(Part):
    """Of the clock's tree. Delays are an estimate: by level, without the wires' resistance."""

    pins: int
    """Of flip-flops and clock gates; those of macros are left out."""
    buffers: int
    levels: int
    """Buffers one behind the other, of one clock net."""
    wire_mm: float
    insertion_ns: float
    """To the last flip-flop, through its clock gate."""
    skew_ns: float
    """The first flip-flop's clock comes so much sooner: nothing balances the tree."""

    def __str__(self) -> str:
        return (
            f"clock: {self.pins:,} pins, {self.buffers:,} buffers, {self.wire_mm:,.0f} mm of wire, insertion "
            f"{self.insertion_ns:.1f} ns and skew {self.skew_ns:.1f} ns, estimated"
        )


class PlaceReport(Part):
    """``place.json``."""

    schema_version: Literal[1] = 1
    design: str
    spec_hash: str
    target: str
    netlist_sha256: str
    method: str
    density: float
    """Asked for: share of the area left by macros that cells take."""
    seed: int
    cells: int
    macros: int
    die_width_um: float
    die_height_um: float
    utilisation: float
    """Share that cells take of what macros leave, as placed."""
    wires: WireFigures
    clock: ClockFigures

    def __str__(self) -> str:
        return (
            f"{self.cells:,} cells and {self.macros} macros on {self.die_width_um:.0f} × {self.die_height_um:.0f} µm, "
            f"{100 * self.utilisation:.0f} % of what macros leave; {self.wires}; {self.clock}"
        )
