"""Memory macros: which one a memory would take, and how many of it."""

from collections.abc import Iterable
from math import ceil
from pathlib import Path

from synth.liberty import Cell, read_liberty
from synth.part import Part

__all__ = ["Macro", "MacroChoice", "choose", "macros"]


class Macro(Part):
    """A memory macro. ``ports`` is the number of its clocks for normal operation, each for reading or writing."""

    name: str
    words: int
    width: int
    ports: int
    area_um2: float
    leakage_nw: float


class MacroChoice(Part):
    """As many macros, side by side and one above the other, as hold a memory."""

    macro: str
    count: int
    area_um2: float
    leakage_nw: float


def macros(files: Iterable[Path]) -> list[Macro]:
    """The memory macros in liberty files.

    Raises:
        LibertyError: a file is broken.
    """
    return [
        Macro(
            name=cell.name,
            words=cell.memory.words,
            width=cell.memory.width,
            ports=_ports(cell),
            area_um2=cell.area_um2,
            leakage_nw=cell.leakage_nw,
        )
        for file in files
        for cell in read_liberty(file).cells.values()
        if cell.memory is not None
    ]


def choose(available: Iterable[Macro], words: int, width: int, ports: int) -> MacroChoice | None:
    """The macros that hold a memory on the least area; None if none has the ports.

    Args:
        available: what there is to choose from.
        words: words of the memory.
        width: bits of a word.
        ports: accesses in one cycle.
    """
    choices = []
    for macro in available:
        if macro.ports >= ports:
            count = ceil(words / macro.words) * ceil(width / macro.width)
            choices.append(
                MacroChoice(
                    macro=macro.name,
                    count=count,
                    area_um2=count * macro.area_um2,
                    leakage_nw=count * macro.leakage_nw,
                )
            )
    return min(choices, key=lambda choice: (choice.area_um2, choice.macro), default=None)


def _ports(cell: Cell) -> int:
    """Clock pins, without those of the built-in self-test."""
    return sum(pin.clock and "BIST" not in pin.name for pin in cell.pins.values())
