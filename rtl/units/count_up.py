"""Counters that run for long: most of their bits are clocked only when they change."""

from amaranth.hdl import Module, Signal

__all__ = ["count_up"]

LOW_BITS = 4


def count_up(m: Module, counter: Signal, domain: str = "sync") -> None:
    """One more, under the module's present conditions; the higher bits have an enable of their own.

    Args:
        m: the module.
        counter: of more than ``LOW_BITS`` bits.
        domain: ``always_on`` for what counts while the chip sleeps.
    """
    low, high = counter[:LOW_BITS], counter[LOW_BITS:]
    m.d[domain] += low.eq(low + 1)
    with m.If(low.all()):
        m.d[domain] += high.eq(high + 1)
