"""The slowest path of a netlist: a part of ``power.json``."""

from synth.part import Part

__all__ = ["CriticalPath"]


class CriticalPath(Part):
    """The longest path from one register, memory or input to another register, memory or output."""

    method: str
    ns: float
    """With the clock-to-output delay at its begin, and the setup time at its end."""
    max_clock_mhz: float
    begin: str
    end: str
    cells: int
    units: list[str]
    """That it goes through, in order."""
