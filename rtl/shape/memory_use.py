"""What holds a memory on silicon: one rule for the generator's back ends and for synthesis."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["BUSY_WORDS", "FLIP_FLOP_BITS", "RARE_BITS", "MemoryUse", "Place", "held_in"]

FLIP_FLOP_BITS = 1024
"""Memories up to this size are flip-flops: the smallest macros take as much area as 1000 of these."""
RARE_BITS = 512
"""The same of those that mostly rest: a macro takes no energy then, and less area than so many flip-flops."""
FLIP_FLOP_BITS_WITHOUT_MACROS = 8192
"""Up to this size all are in a process without macros. Loadable parameters remain black boxes there."""
BUSY_WORDS = 64
"""Busy memories are flip-flops up to so many words, whatever their size: macros cost more there. With more words,
choosing one among the flip-flops costs more than a macro."""

Place = Literal["macro", "flip-flops", "logic"]
"""What holds a memory; ``logic``: constants, made of gates."""


@dataclass(frozen=True)
class MemoryUse:
    """A memory and what is done with it.

    ``ports`` accesses come in one cycle at most; ``write_bits`` are the fewest that are written by themselves, none in
    a constant memory. ``busy``: read and written in nearly every cycle; ``rare``: in few. ``immediate``: reads are not
    clocked, as those of all macros are.
    """

    words: int
    width: int
    ports: int = 2
    write_bits: int | None = None
    busy: bool = False
    rare: bool = False
    immediate: bool = False

    @property
    def bits(self) -> int:
        """Size."""
        return self.words * self.width


def held_in(use: MemoryUse, *, macros: bool) -> Place:
    """What holds a memory in a process with or without macros."""
    if use.write_bits is None:
        return "logic"
    limit = FLIP_FLOP_BITS_WITHOUT_MACROS
    if macros:
        limit = RARE_BITS if use.rare else FLIP_FLOP_BITS
    small = use.bits <= limit or (use.busy and use.words <= BUSY_WORDS)
    return "flip-flops" if small or use.immediate else "macro"
