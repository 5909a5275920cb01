"""AXI4-Lite as the standard has it, and a clock that runs while anything is under way."""

from collections.abc import Iterator
from functools import partial

from amaranth.hdl import Cat, EnableInserter, Mux, ResetSignal, Signal

from rtl.host.axi_lite import AxiLite
from rtl.host.clock_request import REASONS, ClockRequest
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import chip_of_any_encoder
from sim.formal.property import Property

__all__ = ["control_properties"]

SETTLING = 5


def _axi(*, stays: bool) -> Bench:
    """Arm IHI 0022, sections A3.1.2 (reset), A3.2 (handshakes) and A3.3.1 (an answer follows its request)."""
    bench = Bench(AxiLite(4, stays=stays))
    axi, bus, m = bench.component.axi, bench.component.bus, bench.m
    if stays:
        bench.assume(~bench.seen | bench.past(bus.read) | (bus.read_data == bench.past(bus.read_data)))

    def waits_for(valid: Signal, ready: Signal, *others: Signal) -> Signal:
        waited = bench.seen & bench.past(valid & ~ready)
        return ~waited | (valid & (Cat(others) == bench.past(Cat(others))))

    bench.assume(waits_for(axi.awvalid, axi.awready, axi.awaddr))
    bench.assume(waits_for(axi.wvalid, axi.wready, axi.wdata, axi.wstrb))
    bench.assume(waits_for(axi.arvalid, axi.arready, axi.araddr))
    bench.prove(waits_for(axi.bvalid, axi.bready, axi.bresp))
    bench.prove(waits_for(axi.rvalid, axi.rready, axi.rresp, axi.rdata))
    bench.prove(~bench.past(ResetSignal()) | ~(axi.bvalid | axi.rvalid))
    taken = {
        "aw": axi.awvalid & axi.awready,
        "w": axi.wvalid & axi.wready,
        "ar": axi.arvalid & axi.arready,
    }
    given = {"aw": axi.bvalid & axi.bready, "w": axi.bvalid & axi.bready, "ar": axi.rvalid & axi.rready}
    owed = {name: Signal(2, name=f"owed_{name}") for name in taken}
    for name, count in owed.items():
        m.d.sync += count.eq(count + taken[name] - given[name])
        bench.prove(count <= 1)
    bench.prove((owed["aw"] == owed["w"]) & (axi.bvalid == (owed["aw"] == 1)))  # owed for as long as it is offered
    bench.prove(~axi.rvalid | (owed["ar"] == 1))
    age = Signal(2)
    m.d.sync += age.eq(Mux(owed["ar"] == 0, 0, age + 1))
    waits = (owed["ar"] == 1) & ~axi.rvalid
    bench.prove(waits == bench.inside("reading"))
    bench.prove(~waits | ((age == bench.inside("wait")) & (age <= 1)))  # a read's comes in time
    bench.prove((bus.write == (taken["aw"] & taken["w"])) & (taken["aw"] == taken["w"]))
    bench.prove((bus.read == taken["ar"]) & ~(bus.read & bus.write))
    return bench


def _clock() -> Bench:
    """The unit's own registers have the edges alone that it asks for; who watches it has all."""
    unit = ClockRequest(SETTLING)
    bench = Bench(unit, around=lambda fragment: EnableInserter(unit.needed)(fragment))
    reason, since = Signal(), Signal(range(SETTLING + 1))
    bench.m.d.comb += reason.eq(Cat(getattr(unit, name) for name in REASONS).any())
    bench.m.d.sync += since.eq(Mux(reason, 0, Mux(since == SETTLING, SETTLING, since + 1)))
    bench.prove(~(reason | unit.tokens | (since < SETTLING)) | unit.needed)
    bench.prove((bench.inside("rested") <= since) & (since <= SETTLING))
    return bench


OFFERED = ("s_axis_tvalid", "s_axil_awvalid", "s_axil_wvalid", "s_axil_arvalid")
ANSWERED = ("s_axil_bvalid", "s_axil_rvalid", "m_axis_tvalid")


def _requests() -> Bench:
    """A whole chip with any encoder: its registers have the edges alone that it asks for, but for ``always_on``."""
    chip = chip_of_any_encoder()
    bench = Bench(chip, around=lambda fragment: EnableInserter({"sync": chip.clock_request})(fragment))
    bench.free_outputs(chip.encoder)
    inside = bench.inside
    at_pins = Cat(getattr(chip, name) for name in (*OFFERED, *ANSWERED)).any()
    bench.prove(~at_pins | chip.clock_request)
    bench.prove(~(inside("busy") | inside("packetizer.full")) | chip.clock_request)
    bench.prove((chip.timeout.flush == inside("timeout.due")) | chip.clock_request)
    bench.prove(~(inside("supervisor.due") & chip.supervisor.running) | chip.clock_request)
    return bench


def control_properties() -> Iterator[Property]:
    """Of the host's side."""
    for stays in (False, True):
        axi = partial(_axi, stays=stays)
        yield Property(
            name=f"control/AXI4-Lite{', of what stays' if stays else ''}",
            component="AxiLite",
            says="each request is answered once, in time, and nothing else is; answers stay until they are taken",
            assumes=f"the manager keeps what it offers{', and the bus what was read' if stays else ''}",
            bench=axi,
            broken=partial(with_fault, axi, "rtl.host.axi_lite", "with m.Elif(axi.bready):", "with m.Else():"),
            depth=3,
        )
    yield Property(
        name="control/requests",
        component="Chip",
        says="an edge is asked for in every cycle in which a pin offers something, an answer or a byte of a packet "
        "waits, a block or a packet is under way, a timeout has come or gone, or parameters are due to be checked",
        assumes="",
        bench=_requests,
        broken=partial(with_fault, _requests, "rtl.chip", "request.coding.eq(busy)", "request.coding.eq(0)"),
        depth=2,
    )
    yield Property(
        name="control/clock",
        component="ClockRequest",
        says="an edge is asked for whenever there is a reason, and for as long afterwards as it takes to settle",
        assumes="",
        bench=_clock,
        broken=partial(
            with_fault,
            _clock,
            "rtl.host.clock_request",
            "self.needed.eq(working | self.tokens | ~at_rest)",
            "self.needed.eq(self.tokens | ~at_rest)",
        ),
        depth=2,
    )
