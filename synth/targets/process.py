"""A technology: its name, and what the analytic estimate, the power budget and a placement must know of it."""

from typing import Literal

from synth.part import Part

__all__ = ["Costs", "Figure", "Process", "Work"]

Work = Literal["stationary", "moving", "search", "output", "sum bit", "memory bit", "cycle"]
"""What energy is spent on: a multiply-accumulate of 8 by 8 bits whose weight stands still, or changes with every
cycle, or one of the search; rounding, and registering, an output of a convolution; a bit of the sums over channel
groups in flip-flops, read, added to and written; a bit read from, or written to, a memory macro; and a cycle, for
control, parameter checks and the trunk of the clock."""


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
