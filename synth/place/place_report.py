"""``place.json``: what a placement comes to."""

from typing import Literal

from synth.part import Part
from synth.targets.process import Figure

__all__ = ["PlaceReport", "WireFigures"]


class WireFigures(Part):
    """Of all nets of more than one pin but clocks; wires with their detours."""

    nets: int
    sinks: int
    """Pins, without one for each net."""
    half_perimeter_mm: float
    """Of the boxes around the pins of each net, all together."""
    wire_mm: float
    clock_wire_mm: float
    """Of clock nets, as if each had one tree of wire without buffers."""
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

    def __str__(self) -> str:
        return (
            f"{self.cells:,} cells and {self.macros} macros on {self.die_width_um:.0f} × {self.die_height_um:.0f} µm, "
            f"{100 * self.utilisation:.0f} % of what macros leave; {self.wires}"
        )
