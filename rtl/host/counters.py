"""Counters of events, which share an adder for all but their lowest bits."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["LOW_BITS", "Counted", "count_all"]

LOW_BITS = 5
"""Of a counter, with an adder of their own. A carry from these is added before the next one comes: with an access every
second cycle each of a dozen counters has its turn within 26 cycles, while counts of at most 16 cycles' spikes come at
once."""


@dataclass(frozen=True)
class Counted:
    """A counter, and what becomes of it."""

    counter: Signal
    """Of more than ``LOW_BITS`` bits."""
    counts: Value
    """For one cycle, it does."""
    step: Value | int
    """Then, by how many: as many as there were cycles for them, or fewer."""
    clear: Value
    """For one cycle, it becomes 0 instead."""
    asked: Value
    """For one cycle, it is looked at."""


def count_all(m: Module, counters: Mapping[str, Counted]) -> Value:
    """Count, and give the value of the one that is asked for; 0 if none is.

    Two counters are neither asked for nor cleared in one cycle.

    Args:
        m: the module.
        counters: by name, those first whose carries can follow each other soonest.
    """
    carries = Signal(len(counters))
    turns, clears = Signal(len(counters)), Signal(len(counters))
    asked = Cat(own.asked for own in counters.values())
    lowest = carries & (~carries + 1)[: len(carries)]
    m.d.comb += [turns.eq(Mux(asked.any(), asked, lowest)), clears.eq(Cat(own.clear for own in counters.values()))]

    low, high = Signal(LOW_BITS), Signal(max(len(own.counter) for own in counters.values()) - LOW_BITS)
    added, written = Signal(len(high)), Signal(len(high))
    m.d.comb += [
        low.eq(_chosen(turns, [own.counter[:LOW_BITS] for own in counters.values()])),
        high.eq(_chosen(turns, [own.counter[LOW_BITS:] for own in counters.values()])),
        added.eq(high + (turns & carries).any()),
        written.eq(Mux(clears.any(), 0, added)),
    ]
    following = Signal.like(carries)
    for number, (name, own) in enumerate(counters.items()):
        carry, more = carries[number], Signal(LOW_BITS + 1, name=f"more_{name}")
        served = turns[number] & ~clears.any()
        m.d.comb += [
            more.eq(own.counter[:LOW_BITS] + own.step),
            following[number].eq(~own.clear & ((own.counts & more[-1]) | (carry & ~served))),
        ]
        with m.If(own.clear):
            m.d.sync += own.counter[:LOW_BITS].eq(0)
        with m.Elif(own.counts):
            m.d.sync += own.counter[:LOW_BITS].eq(more)
        with m.If(own.clear | (served & carry)):
            m.d.sync += own.counter[LOW_BITS:].eq(written)
    with m.If(following != carries):
        m.d.sync += carries.eq(following)
    return Cat(low, added)


def _chosen(turns: Signal, values: list[Value]) -> Value:
    """The value whose turn it is; 0 if there is none."""
    chosen = values[0] & turns[0].replicate(len(values[0]))
    for turn, value in zip(turns[1:], values[1:], strict=True):
        chosen |= value & turn.replicate(len(value))
    return chosen
