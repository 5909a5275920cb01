"""The top level of an encoder: spikes in, packets out."""

from rtl.chip import Chip
from rtl.shape.plan import Plan
from rtl.units.clocked import Clocked

__all__ = ["SpikeEncoder"]


class SpikeEncoder(Clocked):
    """:class:`rtl.chip.Chip` in a clock domain of its own.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    aclk: In(1): clock.
    aresetn: In(1): synchronous, active-low reset.
    s_axis_tdata: In(signed(16)): spikes, as for :class:`rtl.chip.Chip`.
    s_axis_tuser: In(48): likewise.
    s_axis_tvalid, s_axis_tlast: In(1): likewise.
    s_axis_tready: Out(1): likewise.
    m_axis_tdata: Out(8): packets, likewise.
    m_axis_tvalid, m_axis_tlast: Out(1): likewise.
    m_axis_tready: In(1): likewise.
    s_axil_awaddr, s_axil_araddr: In(chip.registers.bus_bits + 2): registers and parameter memories, likewise.
    s_axil_awprot, s_axil_arprot: In(3): likewise.
    s_axil_awvalid, s_axil_wvalid, s_axil_bready, s_axil_arvalid, s_axil_rready: In(1): likewise.
    s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid: Out(1): likewise.
    s_axil_wdata: In(32): likewise.
    s_axil_wstrb: In(4): likewise.
    s_axil_bresp, s_axil_rresp: Out(2): likewise.
    s_axil_rdata: Out(32): likewise.
    clock_request: Out(1): likewise; inside, it gates the clock of all that may sleep.

    Cycles
    ------
    Latency: the chip's.
    Throughput: the chip's.
    """

    def __init__(self, plan: Plan) -> None:
        self.chip = Chip(plan)
        super().__init__(self.chip, "chip", {"sync": self.chip.clock_request})
