"""Counters that run for long, also while the chip sleeps: most of their bits are clocked only when they change."""

from amaranth.hdl import Module, Signal

__all__ = ["count_up"]

LOW_BITS = 4


def count_up(m: Module, counter: Signal) -> None:
    """One more in ``always_on``, under the module's present conditions; the higher bits have an enable of their own."""
    low, high = counter[:LOW_BITS], counter[LOW_BITS:]
    m.d.always_on += low.eq(low + 1)
    with m.If(low.all()):
        m.d.always_on += high.eq(high + 1)
