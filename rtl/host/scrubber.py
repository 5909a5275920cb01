"""CRC-32 over the parameter memories, in the order of their addresses, gaps left out."""

from amaranth.hdl import EnableInserter, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from rtl.host.parameter_store import Region
from rtl.memory.parameter_memory import BUS_BITS

__all__ = ["Scrubber"]


class Scrubber(wiring.Component):
    """Read every 32-bit word once, one a cycle, and sum up.

    Parameters
    ----------
    regions: the address map.
    addr_bits: width of an address.

    Members
    -------
    start: In(1): begin; ``busy`` follows.
    busy: Out(1): words are read.
    done: Out(1): for one cycle, ``crc`` is that of the whole memory. It comes ``sum(words · lanes) + 2`` cycles after
        ``start``.
    crc: Out(32): the check value of a zlib CRC-32 over the words, least significant byte first.
    addr: Out(addr_bits): 32-bit word on the bus.
    read: Out(1): read it.
    read_data: In(BUS_BITS): what was read, one cycle later.

    Cycles
    ------
    Latency: ``sum(words · lanes) + 2`` cycles.
    Throughput: a word a cycle.
    """

    def __init__(self, regions: list[Region], addr_bits: int) -> None:
        self._regions = regions
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "done": Out(1),
                "crc": Out(32),
                "addr": Out(addr_bits),
                "read": Out(1),
                "read_data": In(BUS_BITS),
            }
        )

    @property
    def cycles(self) -> int:
        """From ``start`` to ``done``."""
        return sum(region.words * region.lanes for region in self._regions) + 3

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crc = CRC32_ISO_HDLC(data_width=BUS_BITS).create()
        m.submodules.crc = EnableInserter(crc.start | crc.valid)(crc)
        addr = Signal.like(self.addr)
        reading, fed, ended = Signal(), Signal(), Signal()
        jumps = [
            (r.base + r.words * r.lanes - 1, n.base) for r, n in zip(self._regions, self._regions[1:], strict=False)
        ]
        final = self._regions[-1].base + self._regions[-1].words * self._regions[-1].lanes - 1
        following = addr + 1
        for last, first in jumps:
            following = Mux(addr == last, first, following)
        m.d.comb += [
            self.addr.eq(addr),
            self.read.eq(reading),
            self.busy.eq(reading | fed | ended),
            crc.start.eq(self.start),
            crc.valid.eq(fed),
            crc.data.eq(self.read_data),
            self.crc.eq(crc.crc),
            self.done.eq(ended),
        ]
        m.d.sync += [fed.eq(reading), ended.eq(fed & ~reading)]
        with m.If(self.start):
            m.d.sync += [reading.eq(1), addr.eq(self._regions[0].base)]
        with m.Elif(reading):
            m.d.sync += addr.eq(following)
            with m.If(addr == final):
                m.d.sync += reading.eq(0)
        return m
