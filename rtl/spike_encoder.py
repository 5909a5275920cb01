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
    aclk, aresetn: clock and synchronous, active-low reset.
    s_axis, m_axis, s_axil: as for the chip.

    Cycles
    ------
    Latency: the chip's.
    Throughput: the chip's.
    """

    def __init__(self, plan: Plan) -> None:
        self.chip = Chip(plan)
        super().__init__(self.chip, "chip")
