"""A technology: its name, and what the analytic estimate, the power budget and a placement must know of it."""

from pathlib import Path

from rtl.shape.work import Work
from synth.part import Part

__all__ = ["FITTED_COSTS", "Costs", "Figure", "Process"]

FITTED_COSTS = Path(__file__).parent / "fitted"
"""Folder of costs that were fitted: no code, as nothing that is measured hangs on them."""


class Figure(Part):
    """A number and where it comes from."""

    value: float
    source: str


class Costs(Part):
    """What operations and resources cost, for a first answer without synthesis."""

    work_pj: dict[Work, Figure]
    mac_um2: Figure
    memory_um2_per_bit: Figure
    register_um2_per_bit: Figure
    multiplexer_um2_per_bit: Figure


class Process(Part):
    """A technology. What is not known of it is None."""

    name: str
    process: str
    """In words."""
    voltage_v: float
    density: Figure = Figure(value=0.7, source="assumption, usual for routed standard cells")
    """Share of the placed area that cells take."""
    costs: Costs | None = None
