"""What a clock tree is made of: buffers and clock gates, with what each may drive."""

from dataclasses import dataclass

import numpy as np

from synth.cells.interpolation import look_up
from synth.cells.liberty import Cell, Library, TimingArc
from synth.gates.delays import INPUT_SLEW_NS

__all__ = ["ClockDriver", "clock_buffers", "clock_driver"]

STEPS = 400


@dataclass(frozen=True)
class ClockDriver:
    """A library cell that repeats a clock."""

    name: str
    area_um2: float
    input_pf: float
    limit_pf: float
    """Largest load that it drives with edges of ``INPUT_SLEW_NS``, where its input has such edges."""
    arcs: tuple[TimingArc, ...]

    def delay_ns(self, load_pf: float) -> float:
        """From a rising clock to a rising one, the slowest."""
        tables = [arc.rise for arc in self.arcs if arc.rise is not None]
        return max((float(look_up(table, INPUT_SLEW_NS, load_pf, beyond=True)) for table in tables), default=0.0)


def clock_driver(cell: Cell, clock: str) -> ClockDriver:
    """A buffer, or a clock gate whose clock pin this is.

    Args:
        cell: read with its timing; without any, it may drive nothing.
        clock: its clock's pin.
    """
    output = next(pin for pin in cell.pins.values() if pin.direction == "output")
    arcs = tuple(arc for arc in output.timing if clock in arc.related_pin.split() and arc.rise_slew and arc.fall_slew)
    slews = [table for arc in arcs for table in (arc.rise_slew, arc.fall_slew) if table is not None]
    loads = [table.index_1 if table.axes[0] == "load" else table.index_2 for table in slews]
    tried = np.linspace(0.0, max((max(points) for points in loads), default=0.0), STEPS)
    slowest = np.max([look_up(table, INPUT_SLEW_NS, tried) for table in slews], axis=0) if slews else tried + np.inf
    limit = float(tried[slowest <= INPUT_SLEW_NS].max(initial=0.0))
    return ClockDriver(cell.name, cell.area_um2, cell.pins[clock].capacitance_pf, limit, arcs)


def clock_buffers(library: Library, largest: str) -> list[ClockDriver]:
    """From the smallest to ``largest``; none that drives no more than a smaller one.

    Raises:
        ValueError: not even ``largest`` has edges that are sharp enough.
    """
    found: list[ClockDriver] = []
    area = library.cells[largest].area_um2
    for cell in sorted(library.cells.values(), key=lambda cell: (cell.area_um2, cell.name)):
        inputs = [pin.name for pin in cell.pins.values() if pin.direction == "input"]
        outputs = [pin for pin in cell.pins.values() if pin.direction == "output"]
        if cell.sequential or cell.dont_use or cell.area_um2 > area or len(outputs) != 1:
            continue
        if [(outputs[0].function or "").strip("() ")] == inputs:
            buffer = clock_driver(cell, inputs[0])
            if buffer.limit_pf > max((one.limit_pf for one in found), default=2 * buffer.input_pf):
                found.append(buffer)
    if not found:
        raise ValueError(
            f"library {library.name} has no buffer up to {largest} with edges of {INPUT_SLEW_NS:g} ns for a clock tree"
        )
    return found
