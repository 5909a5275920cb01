"""Encoder, packets and registers behind AXI ports, in the clock domains of whoever instantiates it."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from rtl.encoder import IN_FLIGHT, Encoder
from rtl.host.axi_lite import AxiLite, AxiLitePort
from rtl.host.clock_request import ClockRequest
from rtl.host.intake import Intake
from rtl.host.load import hash_bits
from rtl.host.packet_settings import PacketSettings
from rtl.host.rate_limiter import RateLimiter
from rtl.host.register_map import POINT_HASHES
from rtl.host.registers import COUNTED, Registers
from rtl.host.scrubber import Scrubber
from rtl.host.supervisor import Supervisor
from rtl.host.timeout import Timeout
from rtl.packets.event_coder import EVENT_BITS, TIME_BITS, event_bits
from rtl.packets.event_queue import event_queue
from rtl.packets.packetizer import Packetizer
from rtl.packets.raw_path import RawPath
from rtl.shape.plan import Plan
from spikecae.front_end.front_end import GAIN_BITS, FrontEnd

__all__ = ["Chip"]

LONGEST_CODE = 16
MAX_PAYLOAD = 4080
FRAME_BITS = 104
"""Of a packet, beside its payload."""


class Chip(wiring.Component):
    """Spikes to packets.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.
    front_end: the detector on the same chip that spikes come from; None without.

    Raises
    ------
    ValueError: the longest packet would exceed the bitstream standard's limit.

    Members
    -------
    s_axis_tdata: In(signed(16)): ADC codes, two's complement, one a beat.
    s_axis_tuser: In(EVENT_BITS): on every beat the spike's channel (16 bits, low) and time (32 bits), an event's one.
    s_axis_tvalid: In(1): a code is offered.
    s_axis_tready: Out(1): it is taken.
    s_axis_tlast: In(1): it is a spike's last.
    m_axis_tdata: Out(8): packets, a byte a beat.
    m_axis_tvalid: Out(1): a byte is offered.
    m_axis_tready: In(1): it is taken.
    m_axis_tlast: Out(1): it is a packet's last.
    s_axil_awaddr, s_axil_araddr: In(registers.bus_bits + 2): registers and, if loadable, parameter memories
        (:mod:`rtl.host.register_map`), as :class:`rtl.host.axi_lite.AxiLitePort` reaches them.
    s_axil_awprot, s_axil_arprot: In(3): likewise.
    s_axil_awvalid, s_axil_wvalid, s_axil_bready, s_axil_arvalid, s_axil_rready: In(1): likewise.
    s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid: Out(1): likewise.
    s_axil_wdata: In(32): likewise.
    s_axil_wstrb: In(4): likewise.
    s_axil_bresp, s_axil_rresp: Out(2): likewise.
    s_axil_rdata: Out(32): likewise.
    more: In(1): behind this spike comes another of its event, and no block or stop may part them (only with a front
        end).
    overrun: In(1): for one cycle, the front end has lost an event (only with a front end).
    threshold: Out(GAIN_BITS): what the register of this name says (only with a front end).
    clock_request: Out(1): the next rising edge of the clock is needed. Without one, all but the domain ``always_on``,
        which counts on, may sleep: no cycle is lost, as an offer is a request for the edge that takes it.

    Cycles
    ------
    Latency: at most ``plan.latency`` cycles from a block's last sample to the last byte of its packet.
    Throughput: a block every ``plan.cycles_per_block`` cycles.
    """

    def __init__(self, plan: Plan, front_end: FrontEnd | None = None) -> None:
        self._plan = plan
        self._front_end = front_end is not None
        spec, hardware = plan.spec, plan.hardware
        longest = self.packet_buffer_bytes
        if longest > MAX_PAYLOAD:
            raise ValueError(
                f"hardware.packet_blocks = {hardware.packet_blocks} makes packets of up to {longest} bytes, "
                f"{MAX_PAYLOAD} at most; lower it"
            )
        self.encoder = Encoder(plan)
        self.raw_path = RawPath(spec.samples)
        self.packetizer = Packetizer(self.packet_buffer_bytes, spec.spikes)
        self.supervisor = Supervisor(loadable=plan.loadable)
        self.addr_bits = self.encoder.store.addr_bits if plan.loadable else None
        hashes = ("spec_hash", *POINT_HASHES)[: plan.points]
        defaults = {
            **{name: 0 if plan.loadable else hash_bits(own) for name, own in zip(hashes, plan.specs, strict=True)},
            **({"scrub_blocks": self.scrub_blocks, "scrub_idle": 1 << 24} if plan.loadable else {}),
            "packet_blocks": hardware.packet_blocks,
            "rate_burst": IN_FLIGHT * self.longest_block,
        }
        if front_end is not None:
            defaults["threshold"] = front_end.gain
        most = spec.spikes if plan.whole else 1
        self.intake = Intake(most)
        happens = {"overruns": front_end is not None, "escapes": plan.quantizer.golomb_order is not None}
        never = [name for name, does in happens.items() if not does]
        self.registers = Registers(self.addr_bits, defaults, hardware.packet_blocks, plan.points, most, never)
        at_reset = {"packet_blocks": hardware.packet_blocks, "tag": defaults["spec_hash"] >> 16}
        self.settings = PacketSettings(plan.points, at_reset)
        self.limiter = RateLimiter(spec.spikes, (IN_FLIGHT - 1) * self.longest_block, 8 + FRAME_BITS)
        self.timeout = Timeout()
        self.axi_lite = AxiLite(self.registers.bus_bits + 2, stays=not plan.loadable)
        self.request = ClockRequest(plan.settling)
        axil = AxiLitePort(self.registers.bus_bits + 2).members
        super().__init__(
            {
                "s_axis_tdata": In(signed(16)),
                "s_axis_tuser": In(EVENT_BITS),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(8),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                **{f"s_axil_{name}": member.flip() for name, member in axil.items()},
                **({"more": In(1), "overrun": In(1), "threshold": Out(GAIN_BITS)} if self._front_end else {}),
                "clock_request": Out(1),
            }
        )

    @property
    def packet_buffer_bytes(self) -> int:
        """Payload of the longest packet: blocks of the longest codes with all events, or one raw snippet."""
        return max(-(-self._plan.hardware.packet_blocks * self._block_bits // 8), self._snippet_bytes)

    @property
    def longest_block(self) -> int:
        """Bits that a block takes of the rate limit at most: the longest codes, all events, and a packet of its own."""
        return 8 * -(-self._block_bits // 8) + FRAME_BITS

    @property
    def _block_bits(self) -> int:
        spec = self._plan.spec
        return len(spec.symbols) * LONGEST_CODE + event_bits(spec.spikes)

    @property
    def _snippet_bytes(self) -> int:
        return 2 * self._plan.spec.samples + EVENT_BITS // 8

    @property
    def scrub_blocks(self) -> int:
        """Blocks between checks of the parameters, so that checks take at most a hundredth of the time."""
        if not self._plan.loadable:
            return 0
        words = sum(region.words * region.lanes for region in self.encoder.store.regions)
        return 1 << (100 * words // self._plan.cycles_per_block).bit_length()

    @property
    def event_depth(self) -> int:
        """Channels and times that can wait: of all spikes in front of the writer, or of all whole blocks."""
        return self.encoder.waiting * (1 if self._plan.whole else self._plan.spec.spikes)

    @property
    def raw_snippets(self) -> int:
        """Snippets in a raw packet, at most."""
        return min(255, self.packet_buffer_bytes // self._snippet_bytes)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.encoder = encoder = self.encoder
        m.submodules.raw_path = raw_path = self.raw_path
        m.submodules.packetizer = packetizer = self.packetizer
        m.submodules.supervisor = supervisor = self.supervisor
        m.submodules.registers = registers = self.registers
        m.submodules.intake = intake = self.intake
        m.submodules.settings = settings = self.settings
        m.submodules.limiter = self.limiter
        m.submodules.flush_timer = timeout = self.timeout
        m.submodules.axi_lite = axi_lite = self.axi_lite
        m.submodules.request = request = self.request
        wiring.connect(m, axi_lite.bus, registers.bus)
        for name, member in AxiLitePort(self.registers.bus_bits + 2).members.items():
            inner, outer = getattr(axi_lite.axi, name), getattr(self, f"s_axil_{name}")
            m.d.comb += inner.eq(outer) if member.flow == Out else outer.eq(inner)

        self._input(m)
        under_way, uncounted = intake.under_way, intake.uncounted
        coming, event_under_way = under_way | uncounted, under_way if self._front_end else Const(0)
        blocks, busy = Signal(range(IN_FLIGHT)), Signal()
        m.d.sync += blocks.eq(blocks + encoder.start - encoder.block_end)
        m.d.comb += busy.eq(blocks != 0)
        self._output(m)
        self._limit(m, busy)
        self._events(m)

        flushing, quiet, idle = Signal(), Signal(), Signal()
        states = (supervisor.running, supervisor.checking, supervisor.halted)
        replaced = registers.parameters.write if self._plan.loadable else Const(0)
        m.d.comb += [
            quiet.eq(~busy & ~encoder.pending & ~encoder.backlog & ~(settings.current.raw & coming)),
            idle.eq(quiet & ~uncounted & packetizer.idle),
            settings.vacant.eq(idle & ~under_way),
            settings.doubted.eq(supervisor.failed | replaced),
            flushing.eq(registers.flush | timeout.flush | (supervisor.stopping & ~supervisor.halted)),
            encoder.flush.eq((flushing & ~event_under_way & ~uncounted) | intake.cut),
            packetizer.close.eq(quiet & (flushing | (settings.waiting & ~coming & ~supervisor.grant))),
            supervisor.run.eq(registers.run),
            supervisor.busy.eq(busy),
            supervisor.stored.eq(~quiet | ~packetizer.idle | uncounted | event_under_way),
            supervisor.start.eq(encoder.start),
            encoder.hold.eq(supervisor.hold),
            encoder.restart.eq(supervisor.restart),
            registers.halted.eq(supervisor.halted),
            registers.state.eq(Cat(states, idle, settings.waiting, settings.suspect)),
        ]
        spike_end = encoder.spike_end | raw_path.spike_end
        m.d.comb += [
            timeout.limit.eq(registers.timeout),
            timeout.waits.eq(~(quiet & packetizer.idle)),
            timeout.restart.eq(spike_end | self.s_axis_tvalid),
            registers.flushed.eq(registers.flush & idle),
        ]
        counted = {
            "spikes": spike_end,
            "blocks": encoder.block_end,
            "packets": packetizer.sent,
            "bytes": self.m_axis_tvalid & self.m_axis_tready,
            "input_stalls": self.s_axis_tvalid & ~self.s_axis_tready,
            "output_stalls": self.m_axis_tvalid & ~self.m_axis_tready,
            "wrong_spikes": encoder.wrong_end | raw_path.wrong_end,
            "crc_failures": supervisor.failed,
            "refused_writes": axi_lite.bus.write & axi_lite.bus.error,
            "overruns": self.overrun if self._front_end else 0,
            "escapes": encoder.escape,
            "limited_spikes": self.limiter.dropped,
        }
        m.d.comb += [
            registers.events.eq(Cat(counted[name] for name in COUNTED)),
            registers.several.eq(Mux(raw_path.spike_end | raw_path.wrong_end, 1, encoder.several)),
            request.sample.eq(self.s_axis_tvalid),
            request.access.eq(axi_lite.busy),
            request.coding.eq(busy),
            request.sending.eq(packetizer.full),
            request.supervising.eq(~supervisor.resting),
            request.timeout.eq(timeout.changes),
            request.overrun.eq(self.overrun if self._front_end else 0),
            request.tokens.eq(self.limiter.tick),
            self.clock_request.eq(request.needed),
        ]
        if self._front_end:
            m.d.comb += self.threshold.eq(registers.threshold)
        if self._plan.loadable:
            self._check(m)
        return m

    def _input(self, m: Module) -> None:
        """Samples go to the encoder or, in raw mode, straight to the packets, as the intake lets them in."""
        encoder, raw_path, intake = self.encoder, self.raw_path, self.intake
        m.d.comb += [
            intake.offered.eq(self.s_axis_tvalid),
            intake.taken.eq(self.s_axis_tvalid & self.s_axis_tready),
            intake.last.eq(self.s_axis_tlast),
            intake.more.eq(self.more if self._front_end else 0),
            intake.named.eq(raw_path.o.valid & raw_path.o.ready),
            intake.dropped.eq(self.limiter.drop),
            intake.ended.eq(encoder.ended | raw_path.spike_end | raw_path.wrong_end),
            intake.pending.eq(encoder.pending),
            intake.ending.eq(self.supervisor.stopping | self.registers.flush),
            intake.waiting.eq(self.settings.waiting),
        ]
        if self._plan.whole:
            m.d.comb += [
                intake.time.eq(self.s_axis_tuser[-TIME_BITS:]),
                intake.raw.eq(self.settings.current.raw),
                intake.closed.eq(encoder.wrong_end & ~encoder.ended),
            ]
        for path in (encoder, raw_path):
            m.d.comb += [path.i.payload.adc.eq(self.s_axis_tdata), path.i.payload.last.eq(self.s_axis_tlast)]

    def _limit(self, m: Module, busy: Signal) -> None:
        """What the limiter is told. A packet's frame counts with its first block."""
        encoder, limiter, packetizer, registers = self.encoder, self.limiter, self.packetizer, self.registers
        under_way, uncounted = self.intake.under_way, self.intake.uncounted
        opened = packetizer.block_end & packetizer.first
        m.d.comb += [
            limiter.rate.eq(registers.rate_limit),
            limiter.burst.eq(registers.rate_burst),
            limiter.spent.eq(Mux(packetizer.i.valid & packetizer.i.ready, 8, 0) + Mux(opened, FRAME_BITS, 0)),
            limiter.between.eq(~under_way & ~uncounted & ~encoder.pending),
            limiter.uncounted.eq(~under_way & uncounted),
            limiter.coding.eq(busy | encoder.backlog),
            limiter.alone.eq(self.settings.current.raw),
            limiter.sample.eq(self.s_axis_tvalid & self.s_axis_tready),
            limiter.last.eq(self.s_axis_tlast),
            limiter.more.eq(self.more if self._front_end else 0),
            limiter.cut.eq(self.intake.cut),
        ]

    def _output(self, m: Module) -> None:
        """Bytes of the encoder or of the raw path become packets."""
        encoder, raw_path, packetizer, registers = self.encoder, self.raw_path, self.packetizer, self.registers
        asked, settings, points = self.settings.asked, self.settings.current, self._plan.points
        raw, blocks, sidecar = settings.raw, settings.packet_blocks, settings.sidecar
        limit = Mux(blocks < self.raw_snippets, blocks, self.raw_snippets)
        m.d.comb += [
            asked.raw.eq(registers.raw),
            asked.sidecar.eq(registers.sidecar),
            asked.packet_blocks.eq(registers.packet_blocks),
            asked.tag.eq(self._hash_asked[16:]),
            packetizer.i.valid.eq(Mux(raw, raw_path.o.valid, encoder.o.valid)),
            packetizer.i.payload.eq(Mux(raw, raw_path.o.payload, encoder.o.payload)),
            encoder.o.ready.eq(packetizer.i.ready & ~raw),
            raw_path.o.ready.eq(packetizer.i.ready & raw),
            packetizer.block_end.eq(encoder.block_end | raw_path.spike_end),
            packetizer.missing.eq(Mux(raw, 0, encoder.missing)),
            packetizer.discard.eq(raw_path.wrong_end),
            packetizer.limit.eq(Mux(raw, limit, blocks)),
            packetizer.empty.eq(raw | encoder.empty),
            encoder.pad.eq(packetizer.pad & ~raw),
            encoder.hold_writer.eq(packetizer.full),
            packetizer.raw.eq(raw),
            packetizer.sidecar.eq(Mux(raw & (sidecar == 1), 0, sidecar)),
            encoder.sidecar.eq(sidecar),
            encoder.first.eq(packetizer.first),
            packetizer.tag.eq(settings.tag),
            self.m_axis_tvalid.eq(packetizer.o.valid),
            self.m_axis_tdata.eq(packetizer.o.payload.value),
            self.m_axis_tlast.eq(packetizer.o.payload.last),
            packetizer.o.ready.eq(self.m_axis_tready),
        ]
        if points > 1:
            m.d.comb += [
                asked.point.eq(registers.point),
                encoder.point.eq(settings.point),
                encoder.switch.eq(self.settings.taken),
            ]

    @property
    def _hash_asked(self) -> Value:
        """The register with the hash of the point that is asked for."""
        registers = self.registers
        if self._plan.points == 1:
            return registers.spec_hash
        others = (getattr(registers, name) for name in POINT_HASHES[: self._plan.points - 1])
        return Array([registers.spec_hash, *others])[registers.point]

    def _events(self, m: Module) -> None:
        """Channel and time of every spike, or of a whole block's first, wait for its packet, as many as blocks do."""
        encoder, raw_path, limiter, gate = self.encoder, self.raw_path, self.limiter, self.intake.gate
        settings, raw = self.settings.current, self.settings.current.raw
        m.submodules.event_queue = events = event_queue(self.event_depth)
        user, taken, final = Signal(EVENT_BITS, reset_less=True), Signal(), Signal(init=1)
        with m.If(self.intake.taken & self.s_axis_tlast & self.intake.first & ~limiter.drop):
            m.d.sync += user.eq(self.s_axis_tuser)
        m.d.comb += [
            events.w_data.eq(user),
            events.w_en.eq(encoder.spike_end),
            encoder.events.payload.eq(events.r_data),
            encoder.events.valid.eq(events.r_rdy),
            events.r_en.eq(encoder.events.ready & final),
            raw_path.user.eq(self.s_axis_tuser),
            raw_path.sidecar.eq(settings.sidecar == 2),
            taken.eq(gate & events.w_rdy & ~limiter.wait & ~limiter.drop),
            encoder.i.valid.eq(self.s_axis_tvalid & taken & ~raw),
            raw_path.i.valid.eq(self.s_axis_tvalid & taken & raw),
            self.s_axis_tready.eq(Mux(limiter.drop, gate, taken & Mux(raw, raw_path.i.ready, encoder.i.ready))),
        ]
        if self._plan.whole:
            at = Signal(range(self._plan.spec.spikes))
            m.d.comb += final.eq(at == self._plan.spec.spikes - 1)
            with m.If(encoder.events.valid & encoder.events.ready):
                m.d.sync += at.eq(Mux(final, 0, at + 1))

    def _check(self, m: Module) -> None:
        """Loader and scrubber share the parameter memories."""
        bus, registers, supervisor = self.encoder.bus, self.registers, self.supervisor
        loader = registers.parameters
        m.submodules.scrubber = scrubber = Scrubber(self.encoder.store.regions, self.encoder.store.addr_bits)
        m.d.comb += [
            bus.grant.eq(supervisor.grant),
            bus.addr.eq(Mux(supervisor.halted, loader.addr, scrubber.addr)),
            bus.read.eq(Mux(supervisor.halted, loader.read, scrubber.read)),
            bus.write.eq(loader.write),
            bus.write_data.eq(loader.write_data),
            loader.read_data.eq(bus.read_data),
            loader.absent.eq(bus.absent),
            scrubber.read_data.eq(bus.read_data),
            scrubber.start.eq(supervisor.check),
            supervisor.done.eq(scrubber.done),
            supervisor.matches.eq(scrubber.crc == registers.crc_expected),
            supervisor.scrub_blocks.eq(registers.scrub_blocks),
            supervisor.scrub_idle.eq(registers.scrub_idle),
            registers.cleared.eq(self.settings.cleared),
            registers.failed.eq(supervisor.failed),
            registers.passed.eq(supervisor.passed),
            registers.crc.eq(scrubber.crc),
        ]
