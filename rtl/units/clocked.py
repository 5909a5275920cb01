"""A component with clock and reset pins, to be a top level."""

from collections.abc import Mapping

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.units.clock_gate import clock_gate

__all__ = ["Clocked"]


class Clocked(wiring.Component):
    """``inner`` in clock domains of its own: ``always_on`` has the clock as it comes; each that has a request has the
    edges alone that this asks for, and those during reset.

    Parameters
    ----------
    inner: the component; its members are signals, no interfaces.
    name: what its instance is called.
    requests: by clock domain, what asks for the next rising edge. ``sync`` has all where it is not among them.

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

    def __init__(self, inner: wiring.Component, name: str, requests: Mapping[str, Value] | None = None) -> None:
        self._inner = inner
        self._name = name
        self._requests = dict(requests or {})
        super().__init__({"aclk": In(1), "aresetn": In(1), **dict(inner.signature.members)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules[self._name] = self._inner
        for domain in dict.fromkeys(("always_on", "sync", *self._requests)):
            m.domains += ClockDomain(domain)
            m.d.comb += ResetSignal(domain).eq(~self.aresetn)
            clock, request = ClockSignal(domain), self._requests.get(domain)
            if request is None:
                m.d.comb += clock.eq(self.aclk)
            else:
                gate = clock_gate(clock=self.aclk, enable=request | ~self.aresetn, gated=clock)
                m.submodules[f"{domain}_gate"] = gate
        for name, member in self._inner.signature.members.items():
            inner, outer = getattr(self._inner, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return m
