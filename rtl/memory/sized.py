"""Amaranth memories of which more is known than their ports say, and what that makes of their use."""

from amaranth.hdl import Module, Shape, Value
from amaranth.lib.memory import Memory

from rtl.shape.memory_use import MemoryUse

__all__ = ["SizedMemory", "alone", "turned", "turns", "use_of"]


class SizedMemory(Memory):
    """An Amaranth memory of which more is known than its ports say.

    Parameters
    ----------
    single_port: never read and written in the same cycle.
    busy: read and written in nearly every cycle.
    rare: read and written in few.
    others: as for :class:`amaranth.lib.memory.Memory`.

    Cycles
    ------
    Latency: 1 cycle of a clocked read port.
    Throughput: an access a cycle at each port.
    """

    def __init__(self, *, single_port: bool = False, busy: bool = False, rare: bool = False, **others: object) -> None:
        self.single_port = single_port
        self.busy, self.rare = busy, rare
        super().__init__(**others)


def alone(memory: Memory) -> Module:
    """A module for a unit's second memory, whose array is ``words``: the manifest tells memories by their instances."""
    m = Module()
    m.submodules.words = memory
    return m


def turns(words: int) -> bool:
    """Whether addresses of so many words can be turned round: where each one is another word's then."""
    return words > 2 and words & (words - 1) == 0


def turned(address: Value, words: int) -> Value:
    """Where a word lies among flip-flops that are most often read in order: if possible, at its address turned round,
    lowest bit first, so that the last of the multiplexers behind them follow the bit that changes most."""
    return address[::-1] if turns(words) else address


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
        rare=sized and memory.rare,
        immediate=any(port.domain == "comb" for port in memory.read_ports),
    )
