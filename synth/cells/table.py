"""Tables of Liberty files: a quantity against slew and load."""

from typing import Literal

from synth.part import Part

__all__ = ["Axis", "Table"]

Axis = Literal["slew", "load", "related", "none"]
"""``related``: the slew of the other pin, of a constraint."""


class Table(Part):
    """A quantity over two axes, in ns and pF. ``values`` has one row a point of the first axis."""

    axes: tuple[Axis, Axis]
    index_1: tuple[float, ...]
    index_2: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
