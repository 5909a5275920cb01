"""AXI4-Lite subordinate in front of a simple register bus, one access at a time."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AxiLite", "AxiLitePort", "RegisterBus"]


class AxiLitePort(wiring.Signature):
    """The manager's side: 32-bit data.

    Parameters
    ----------
    addr_bits: width of a byte address.

    Members
    -------
    awaddr, araddr: Out(addr_bits): where to write, and to read.
    awprot, arprot: Out(3): protection, of which nobody takes notice.
    awvalid, wvalid, arvalid: Out(1): an address, or a word, is offered.
    awready, wready, arready: In(1): it is taken.
    wdata: Out(32): word to write.
    wstrb: Out(4): its bytes that count.
    bresp, rresp: In(2): how it went: 0 OKAY, 2 SLVERR.
    bvalid, rvalid: In(1): an answer is offered.
    bready, rready: Out(1): it is taken.
    rdata: In(32): word that was read.
    """

    def __init__(self, addr_bits: int) -> None:
        super().__init__(
            {
                "awaddr": Out(addr_bits),
                "awprot": Out(3),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(32),
                "wstrb": Out(4),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(addr_bits),
                "arprot": Out(3),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(32),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


class RegisterBus(wiring.Signature):
    """One access at a time.

    Parameters
    ----------
    addr_bits: width of a word address.

    Members
    -------
    addr: Out(addr_bits): 32-bit word.
    write: Out(1): for one cycle, write ``write_data``.
    part: Out(1): in the same cycle, not all bytes of it count: the write is to be refused.
    write_data: Out(32): what to write.
    error: In(1): in the same cycle, the write is refused.
    read: Out(1): for one cycle, read.
    read_data: In(32): two cycles after ``read``, what was read.
    read_error: In(1): with it, that there is nothing to read.
    """

    def __init__(self, addr_bits: int) -> None:
        super().__init__(
            {
                "addr": Out(addr_bits),
                "write": Out(1),
                "write_data": Out(32),
                "part": Out(1),
                "error": In(1),
                "read": Out(1),
                "read_data": In(32),
                "read_error": In(1),
            }
        )


class AxiLite(wiring.Component):
    """Writes take 2 cycles, reads 4.

    Parameters
    ----------
    addr_bits: width of a byte address.
    stays: what was read stays on the bus until the next read, and is not kept here.

    Members
    -------
    axi: In(AxiLitePort(addr_bits)): the manager.
    bus: Out(RegisterBus(addr_bits - 2)): the registers.
    busy: Out(1): an access, or a part of one, is offered, under way, or its answer waits.

    Cycles
    ------
    Latency: a write is answered 1 cycle after it came, a read 3.
    Throughput: a write every 2 cycles, a read every 4.
    """

    def __init__(self, addr_bits: int, *, stays: bool = False) -> None:
        self._stays = stays
        super().__init__({"axi": In(AxiLitePort(addr_bits)), "bus": Out(RegisterBus(addr_bits - 2)), "busy": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axi, bus = self.axi, self.bus
        wait, answer = Signal(2), Signal.like(axi.rdata)
        m.d.comb += axi.rdata.eq(bus.read_data if self._stays else answer)
        writing = axi.awvalid & axi.wvalid & ~axi.bvalid
        reading = Signal()
        accept_read = axi.arvalid & ~axi.rvalid & ~reading & ~writing
        m.d.comb += [
            axi.awready.eq(writing),
            axi.wready.eq(writing),
            axi.arready.eq(accept_read),
            bus.addr.eq(axi.araddr[2:]),
            bus.write.eq(writing),
            bus.part.eq(axi.wstrb != 0b1111),
            bus.write_data.eq(axi.wdata),
            bus.read.eq(accept_read),
            self.busy.eq(axi.awvalid | axi.wvalid | axi.arvalid | reading | axi.bvalid | axi.rvalid),
        ]
        with m.If(writing):
            m.d.comb += bus.addr.eq(axi.awaddr[2:])
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(Cat(0, bus.error))]
        with m.Elif(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(accept_read):
            m.d.sync += [reading.eq(1), wait.eq(0)]
        with m.If(reading):
            m.d.sync += wait.eq(wait + 1)
            with m.If(wait == 1):
                m.d.sync += [reading.eq(0), axi.rvalid.eq(1), answer.eq(bus.read_data)]
                m.d.sync += axi.rresp.eq(Cat(0, bus.read_error))
        with m.If(axi.rvalid & axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        return m
