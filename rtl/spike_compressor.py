"""The top level of a whole implant: raw multiplexed samples in, packets out."""

from amaranth.hdl import Cat, DomainRenamer, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.chip import Chip
from rtl.front_end.spike_detector import SpikeDetector
from rtl.shape.plan import Plan
from rtl.units.clocked import Clocked
from spikecae.front_end.front_end import FrontEnd

__all__ = ["Compressor", "SpikeCompressor"]


class Compressor(wiring.Component):
    """Detector and encoder, in the clock domains of whoever instantiates them.

    An event of a neighbourhood makes a block. Flush, timeout and halt wait for its last spike, so that blocks
    and events stay in step.

    Parameters
    ----------
    front_end: what to detect.
    plan: the shape of the encoder, and the spec behind it.

    Raises
    ------
    ValueError: detector and encoder do not fit each other; every reason is given.

    Members
    -------
    s_axis_tdata: In(signed(16)): ADC codes, two's complement, channel after channel, frame after frame from reset on.
    s_axis_tvalid: In(1): a code is there.
    s_axis_tready: Out(1): always high: what cannot be kept is lost, counted as ``overruns``.
    m_axis_tdata: Out(8): packets, as for :class:`rtl.chip.Chip`.
    m_axis_tvalid, m_axis_tlast: Out(1): likewise.
    m_axis_tready: In(1): likewise.
    s_axil_awaddr, s_axil_araddr: In(chip.registers.bus_bits + 2): registers and parameter memories, as for
        :class:`rtl.chip.Chip`.
    s_axil_awprot, s_axil_arprot: In(3): likewise.
    s_axil_awvalid, s_axil_wvalid, s_axil_bready, s_axil_arvalid, s_axil_rready: In(1): likewise.
    s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid: Out(1): likewise.
    s_axil_wdata: In(32): likewise.
    s_axil_wstrb: In(4): likewise.
    s_axil_bresp, s_axil_rresp: Out(2): likewise.
    s_axil_rdata: Out(32): likewise.
    clock_request: Out(1): of the chip behind the detector, whose own clock is ``always_on``, that of what fetches
        spikes ``reading``, and that of what changes with few samples ``turning``.

    Cycles
    ------
    Latency: the detector's, and the chip's.
    Throughput: a raw sample a cycle; a block every ``plan.cycles_per_block`` cycles.
    """

    def __init__(self, front_end: FrontEnd, plan: Plan) -> None:
        faults = _misfits(front_end, plan)
        if faults:
            raise ValueError("no such compressor: " + "; ".join(faults))
        self.detector = SpikeDetector(front_end)
        self.chip = Chip(plan, front_end)
        members = self.chip.signature.members
        self._passed_on = [name for name in members if name.startswith(("m_axis", "s_axil", "clock"))]
        super().__init__(
            {
                "s_axis_tdata": In(signed(16)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                **{name: members[name] for name in self._passed_on},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        detector = self.detector
        m.submodules.detector = DomainRenamer("always_on")(detector)
        m.submodules.chip = chip = self.chip
        spike = detector.o.payload
        m.d.comb += [
            detector.i.payload.eq(self.s_axis_tdata),
            detector.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(detector.i.ready),
            chip.s_axis_tdata.eq(spike.adc),
            chip.s_axis_tuser.eq(Cat(spike.channel, spike.time)),
            chip.s_axis_tlast.eq(spike.last),
            chip.s_axis_tvalid.eq(detector.o.valid),
            detector.o.ready.eq(chip.s_axis_tready),
            chip.more.eq(spike.more),
            chip.overrun.eq(detector.overrun),
            detector.gain.eq(chip.threshold),
        ]
        for name in self._passed_on:
            inner, outer = getattr(chip, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if self.signature.members[name].flow == Out else inner.eq(outer)
        return m


class SpikeCompressor(Clocked):
    """:class:`Compressor` in a clock domain of its own.

    Parameters
    ----------
    front_end, plan: as for the compressor.

    Members
    -------
    aclk: In(1): clock.
    aresetn: In(1): synchronous, active-low reset.
    s_axis_tdata: In(signed(16)): raw samples, as for :class:`Compressor`.
    s_axis_tvalid: In(1): likewise.
    s_axis_tready: Out(1): likewise.
    m_axis_tdata: Out(8): packets, as for :class:`rtl.chip.Chip`.
    m_axis_tvalid, m_axis_tlast: Out(1): likewise.
    m_axis_tready: In(1): likewise.
    s_axil_awaddr, s_axil_araddr: In(compressor.chip.registers.bus_bits + 2): registers and parameter memories, as for
        :class:`rtl.chip.Chip`.
    s_axil_awprot, s_axil_arprot: In(3): likewise.
    s_axil_awvalid, s_axil_wvalid, s_axil_bready, s_axil_arvalid, s_axil_rready: In(1): likewise.
    s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid: Out(1): likewise.
    s_axil_wdata: In(32): likewise.
    s_axil_wstrb: In(4): likewise.
    s_axil_bresp, s_axil_rresp: Out(2): likewise.
    s_axil_rdata: Out(32): likewise.
    clock_request: Out(1): likewise; inside, it gates the chip's clock.

    Cycles
    ------
    Latency: the compressor's.
    Throughput: the compressor's.
    """

    def __init__(self, front_end: FrontEnd, plan: Plan) -> None:
        self.compressor = Compressor(front_end, plan)
        compressor = self.compressor
        detector = compressor.detector
        asked = {
            "sync": compressor.clock_request,
            "reading": detector.clock_request,
            "turning": detector.turn_request,
        }
        super().__init__(compressor, "compressor", asked)


def _misfits(front_end: FrontEnd, plan: Plan) -> list[str]:
    spec, faults = plan.spec, []
    if front_end.samples != spec.samples:
        faults.append(f"snippets of {front_end.samples} samples for an encoder of {spec.samples}")
    if front_end.neighbours and front_end.spikes != spec.spikes:
        faults.append(f"neighbourhoods of {front_end.spikes} channels for blocks of {spec.spikes} spikes")
    if not front_end.neighbours and spec.spikes > 1 and front_end.channels > 1:
        faults.append(
            f"a block of {spec.spikes} spikes has one channel, a queue of {front_end.channels} channels mixes them; "
            f"detect on one channel, or neighbourhoods"
        )
    return faults
