"""What holds a memory on silicon: one rule for the generator's back ends and for synthesis."""

from dataclasses import dataclass
from typing import Literal

from amaranth.hdl import Shape
from amaranth.lib.memory import Memory

__all__ = ["FLIP_FLOP_BITS", "MemoryUse", "Place", "SizedMemory", "held_in", "use_of"]

FLIP_FLOP_BITS = 1024
"""Memories up to this size are flip-flops: the smallest macros take as much area as 1000 of these."""
FLIP_FLOP_BITS_WITHOUT_MACROS = 8192
"""The same in a process without macros: buffers are flip-flops there, loadable parameters remain black boxes."""
BUSY_WORDS = 64
"""Busy memories are flip-flops up to so many words, whatever their size: macros cost more there. With more words,
choosing one among the flip-flops costs more than a macro."""

Place = Literal["macro", "flip-flops", "logic"]
"""What holds a memory; ``logic``: constants, made of gates."""


@dataclass(frozen=True)
class MemoryUse:
    """A memory and what is done with it.

    ``ports`` accesses come in one cycle at most; ``write_bits`` are the fewest that are written by themselves, none in
    a constant memory. ``busy``: read and written in nearly every cycle. ``immediate``: reads are not clocked, as those
    of all macros are.
    """

    words: int
    width: int
    ports: int = 2
    write_bits: int | None = None
    busy: bool = False
    immediate: bool = False

    @property
    def bits(self) -> int:
        """Size."""
        return self.words * self.width


class SizedMemory(Memory):
    """An Amaranth memory of which more is known than its ports say.

    Parameters
    ----------
    single_port: never read and written in the same cycle.
    busy: read and written in nearly every cycle.
    others: as for :class:`amaranth.lib.memory.Memory`.

    Cycles
    ------
    Latency: 1 cycle of a clocked read port.
    Throughput: an access a cycle at each port.
    """

    def __init__(self, *, single_port: bool = False, busy: bool = False, **others: object) -> None:
        self.single_port = single_port
        self.busy = busy
        super().__init__(**others)


def use_of(memory: Memory) -> MemoryUse:
    """What a memory with all its ports is used for."""
    width = Shape.cast(memory.shape).width
    sized = isinstance(memory, SizedMemory)
    granules = [width // len(port.en) for port in memory.write_ports]
    return MemoryUse(
        words=memory.depth,
        width=width,
        ports=1 if sized and memory.single_port else len(memory.read_ports) + len(memory.write_ports),
        write_bits=min(granules, default=None),
        busy=sized and memory.busy,
        immediate=any(port.domain == "comb" for port in memory.read_ports),
    )


def held_in(use: MemoryUse, *, macros: bool) -> Place:
    """What holds a memory in a process with or without macros."""
    if use.write_bits is None:
        return "logic"
    limit = FLIP_FLOP_BITS if macros else FLIP_FLOP_BITS_WITHOUT_MACROS
    small = use.bits <= limit or (use.busy and use.words <= BUSY_WORDS)
    return "flip-flops" if small or use.immediate else "macro"
