"""A component with clock and reset pins, to be a top level."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Clocked"]


class Clocked(wiring.Component):
    """``inner`` in a clock domain of its own.

    Parameters
    ----------
    inner: the component; its members are signals, no interfaces.
    name: what its instance is called.

    Members
    -------
    aclk: In(1): clock.
    aresetn: In(1): synchronous, active-low reset.
    <name>: In or Out(inner.signature.members[name].shape): every member of ``inner``, by its name.

    Cycles
    ------
    Latency: that of ``inner``.
    Throughput: that of ``inner``.
    """

    def __init__(self, inner: wiring.Component, name: str) -> None:
        self._inner = inner
        self._name = name
        super().__init__({"aclk": In(1), "aresetn": In(1), **dict(inner.signature.members)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules[self._name] = self._inner
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        for name, member in self._inner.signature.members.items():
            inner, outer = getattr(self._inner, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return m
