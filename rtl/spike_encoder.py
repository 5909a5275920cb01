"""The top level: the chip with its clock and reset pins."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.chip import Chip
from rtl.plan import Plan

__all__ = ["SpikeEncoder"]


class SpikeEncoder(wiring.Component):
    """:class:`rtl.chip.Chip` in a clock domain of its own.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    aclk, aresetn: clock and synchronous, active-low reset.
    s_axis, m_axis, s_axil: as for the chip.
    """

    def __init__(self, plan: Plan) -> None:
        self.chip = Chip(plan)
        super().__init__({"aclk": In(1), "aresetn": In(1), **dict(self.chip.signature.members)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.chip = chip = self.chip
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        for name, member in chip.signature.members.items():
            inner, outer = getattr(chip, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return m
