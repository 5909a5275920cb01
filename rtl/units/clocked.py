"""A component with clock and reset pins, to be a top level."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.units.clock_gate import clock_gate

__all__ = ["Clocked"]


class Clocked(wiring.Component):
    """``inner`` in clock domains of its own: ``always_on`` has the clock as it comes; ``sync`` has the edges alone that
    ``inner`` asks for, where it has a member ``clock_request``, and those during reset.

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
        m.domains += [ClockDomain("sync"), ClockDomain("always_on")]
        m.submodules[self._name] = self._inner
        m.d.comb += [
            ClockSignal("always_on").eq(self.aclk),
            ResetSignal("always_on").eq(~self.aresetn),
            ResetSignal().eq(~self.aresetn),
        ]
        if "clock_request" in self._inner.signature.members:
            enable = self._inner.clock_request | ~self.aresetn
            m.submodules.clock_gate = clock_gate(clock=self.aclk, enable=enable, gated=ClockSignal())
        else:
            m.d.comb += ClockSignal().eq(self.aclk)
        for name, member in self._inner.signature.members.items():
            inner, outer = getattr(self._inner, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return m
