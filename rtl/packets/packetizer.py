"""Packets: coded blocks or raw snippets are stored, then sent behind a header that knows their length.

The format is that of ``docs/bitstream.md``: header with CRC-8, payload, CRC-16, most significant byte first.
"""

from amaranth.hdl import Array, Const, EnableInserter, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC8_AUTOSAR, CRC16_IBM_3740
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory
from rtl.shape.frame import HEADER_BYTES

__all__ = ["Packetizer"]

SYNC = (0x5C, 0xAE)
VERSION = 1


class Packetizer(wiring.Component):
    """Collect blocks, then send them as one packet.

    Parameters
    ----------
    buffer_bytes: what the payload buffer holds; the sender must not fill more into a packet.
    spikes: spikes in a full block.

    Members
    -------
    i: In(stream of unsigned(8)): payload bytes.
    block_end: In(1): for one cycle, a block (or a raw snippet) is complete.
    missing: In(range(max(2, spikes))): then, the spikes it lacks.
    discard: In(1): for one cycle, drop the bytes since the last complete block; only while none is offered.
    limit: In(8): blocks that make a packet, at least 1.
    close: In(1): send what is there; due only while no block is under way.
    full: Out(1): the packet is being sent; no block may begin, for the next one's end would be counted into this one.
    pad: Out(1): ask the sender for its last bits.
    empty: In(1): it has none.
    raw: In(1): for the header, as ``sidecar`` and ``tag``. Change them only while ``idle``.
    sidecar: In(2): likewise.
    tag: In(16): likewise.
    first: Out(1): the block under way is the packet's first.
    o: Out(stream of {value: 8, last: 1}): the packet, a byte a cycle, ``last`` on the last.
    idle: Out(1): nothing is stored.
    sent: Out(1): for one cycle, a packet has left.

    Cycles
    ------
    Latency: 2 cycles from the end of the last block to the header's first byte, if no bits wait.
    Throughput: a byte a cycle; it takes none while it sends.
    """

    def __init__(self, buffer_bytes: int, spikes: int) -> None:
        self._buffer_bytes = buffer_bytes
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(8))),
                "block_end": In(1),
                "missing": In(range(max(2, spikes))),
                "discard": In(1),
                "limit": In(8),
                "close": In(1),
                "full": Out(1),
                "pad": Out(1),
                "empty": In(1),
                "raw": In(1),
                "sidecar": In(2),
                "tag": In(16),
                "first": Out(1),
                "o": Out(stream.Signature(data.StructLayout({"value": 8, "last": 1}))),
                "idle": Out(1),
                "sent": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = SizedMemory(
            shape=unsigned(8), depth=self._buffer_bytes, init=[], single_port=True
        )
        write, read = buffer.write_port(), buffer.read_port()
        length, complete, at = Signal(12), Signal(12), Signal(12)
        count, absent, sequence = Signal(8), Signal.like(self.missing), Signal(16)
        place = Signal(range(HEADER_BYTES))
        crc8, crc16 = CRC8_AUTOSAR(data_width=8).create(), CRC16_IBM_3740(data_width=8).create()
        for name, crc in (("crc8", crc8), ("crc16", crc16)):
            m.submodules[name] = EnableInserter(crc.start | crc.valid)(crc)
        taken = self.o.valid & self.o.ready
        header = Array(
            [
                Const(SYNC[0], 8),
                Const(SYNC[1], 8),
                VERSION << 4 | self.sidecar << 1 | self.raw,
                sequence[8:],
                sequence[:8],
                self.tag[8:],
                self.tag[:8],
                count,
                absent << 4 | length[8:],
                length[:8],
                crc8.crc,
            ]
        )
        m.d.comb += [
            self.first.eq(count == 0),
            self.idle.eq((count == 0) & (length == 0)),
            write.addr.eq(length),
            write.data.eq(self.i.payload),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(at),
            read.en.eq(0),  # a port reads by default
            crc8.data.eq(self.o.payload.value),
            crc16.data.eq(self.o.payload.value),
        ]
        # Conditions of their own, and none within the states: else no tool makes an enable for these registers' clocks.
        dropped = Signal()
        with m.If(self.sent):
            m.d.sync += [complete.eq(0), count.eq(0), absent.eq(0)]
        with m.Elif(self.block_end):
            m.d.sync += [count.eq(count + 1), absent.eq(self.missing), complete.eq(length + write.en)]
        with m.If(self.sent):
            m.d.sync += length.eq(0)
        with m.Elif(dropped):
            m.d.sync += length.eq(complete)
        with m.Elif(write.en):
            m.d.sync += length.eq(length + 1)

        with m.FSM() as machine:
            m.d.comb += self.full.eq(~machine.ongoing("fill"))
            with m.State("fill"):
                # The first byte of a snippet waits for the next packet.
                closing = self.close & (count != 0)
                m.d.comb += [self.i.ready.eq(~(self.raw & closing)), dropped.eq(self.discard)]
                with m.If(self.block_end & ((count + 1 == self.limit) | (self.missing != 0))):
                    m.next = "finish"
                with m.Elif(closing):
                    m.next = "finish"
            with m.State("finish"):
                m.d.comb += [self.i.ready.eq(~self.raw), self.pad.eq(1), crc8.start.eq(1), crc16.start.eq(1)]
                m.d.sync += [at.eq(0), place.eq(0)]
                with m.If(self.empty & (self.raw | ~self.i.valid)):
                    m.next = "header"
            with m.State("header"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.value.eq(header[place]),
                    crc8.valid.eq(taken),
                    crc16.valid.eq(taken),
                    read.en.eq(1),
                ]
                with m.If(taken):
                    m.d.sync += place.eq(place + 1)
                    with m.If(place == HEADER_BYTES - 1):
                        m.d.sync += [place.eq(0), at.eq(1)]
                        m.next = "payload"
            with m.State("payload"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.value.eq(read.data),
                    crc16.valid.eq(taken),
                    read.en.eq(taken),
                ]
                with m.If(taken):
                    m.d.sync += at.eq(at + 1)
                    with m.If(at == length):
                        m.next = "trailer"
            with m.State("trailer"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.value.eq(Mux(place == 0, crc16.crc[8:], crc16.crc[:8])),
                    self.o.payload.last.eq(place == 1),
                ]
                with m.If(taken):
                    m.d.sync += place.eq(1)
                    with m.If(place == 1):
                        m.d.comb += self.sent.eq(1)
                        m.d.sync += sequence.eq(sequence + 1)
                        m.next = "fill"
        return m
