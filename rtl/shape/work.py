"""What a block takes of the hardware, in kinds of work that an estimate has a cost for."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["LayerWork", "Work"]

Work = Literal["stationary", "moving", "search", "sum bit", "memory bit", "cycle"]
"""What energy is spent on: a multiply-accumulate of 8 by 8 bits whose weight stands still, or changes with every
cycle, or one of the search, each with its share of rounding and registering the output; a bit of the sums over channel
groups in flip-flops, read, added to and written; a bit read from, or written to, a memory macro; and a cycle, for
control, parameter checks and the trunk of the clock."""


@dataclass(frozen=True)
class LayerWork:
    """Multiply-accumulates of a layer for one block, and bits of its parameters that are read."""

    name: str
    macs: int
    parameter_bits_read: int
