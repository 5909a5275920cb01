"""The chip's top level: the encoder behind AXI4-Stream ports, with its own clock and reset."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.encoder import Encoder
from rtl.plan import Plan

__all__ = ["SpikeEncoder"]


class SpikeEncoder(wiring.Component):
    """:class:`rtl.encoder.Encoder` with the field's usual pins.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    aclk, aresetn: clock and synchronous, active-low reset.
    s_axis: ADC codes, two's complement, one a beat; ``tlast`` marks a spike's last sample.
    m_axis: Huffman bytes; ``tlast`` marks a block's last byte.
    """

    def __init__(self, plan: Plan) -> None:
        self.encoder = Encoder(plan)
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(signed(16)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(8),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.encoder = encoder = self.encoder
        m.d.comb += [
            ClockSignal().eq(self.aclk),
            ResetSignal().eq(~self.aresetn),
            encoder.i.payload.adc.eq(self.s_axis_tdata),
            encoder.i.payload.last.eq(self.s_axis_tlast),
            encoder.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(encoder.i.ready),
            self.m_axis_tdata.eq(encoder.o.payload.value),
            self.m_axis_tlast.eq(encoder.o.payload.last),
            self.m_axis_tvalid.eq(encoder.o.valid),
            encoder.o.ready.eq(self.m_axis_tready),
        ]
        return m
