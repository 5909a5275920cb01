"""A block's bits: its events, then the codes of its indices, packed into bytes."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.packets.bit_packer import BitPacker
from rtl.packets.event_coder import EventCoder

__all__ = ["BlockWriter"]


class BlockWriter(wiring.Component):
    """Payload bytes of coded packets, block after block without a gap, padded only on demand.

    Parameters
    ----------
    coder: what makes codes of symbols: a component like :class:`rtl.packets.huffman_coder.HuffmanCoder`.
    spikes: spikes of a full block.

    Members
    -------
    table: Out(coder.table.signature): the code memory.
    i: In(stream of coder.i.payload.shape()): symbols.
    events: In(stream of unsigned(48)): as for :class:`rtl.packets.event_coder.EventCoder`.
    sidecar: In(2): likewise.
    first: In(1): likewise.
    missing: In(range(max(2, spikes))): likewise.
    o: Out(stream of unsigned(8)): bytes.
    block_end: Out(1): for one cycle, the last code of a block was taken.
    escape: Out(1): for one cycle, a reserved symbol's levels begin to be coded; never with a coder that has none.
    pad: In(1): between blocks, send the bits that are left, zero-padded; the next block waits for them.
    hold: In(1): the next block may not begin: a short one could otherwise end while its packet is still sent.
    empty: Out(1): between blocks, and no bit is left.

    Cycles
    ------
    Latency: 5 cycles and one for each spike from a block's first index to its first byte, without a sidecar and with
        a first code of 8 bits.
    Throughput: an index every 2 cycles, 3 where its bits fill two bytes; then the events of the next block.
    """

    def __init__(self, coder: Any, spikes: int) -> None:
        self._coder = coder
        self._events = EventCoder(spikes)
        events = self._events.signature.members
        super().__init__(
            {
                "table": coder.signature.members["table"],
                "i": coder.signature.members["i"],
                **{name: events[name] for name in ("events", "sidecar", "first", "missing")},
                "o": Out(stream.Signature(unsigned(8))),
                "block_end": Out(1),
                "escape": Out(1),
                "pad": In(1),
                "hold": In(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.coder = coder = self._coder
        m.submodules.events = events = self._events
        m.submodules.packer = packer = BitPacker()
        wiring.connect(m, wiring.flipped(self.i), coder.i)
        wiring.connect(m, coder.table, wiring.flipped(self.table))
        wiring.connect(m, packer.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.events), events.events)
        m.d.comb += [
            events.sidecar.eq(self.sidecar),
            events.first.eq(self.first),
            events.missing.eq(self.missing),
        ]
        if "escape" in coder.signature.members:
            m.d.comb += self.escape.eq(coder.escape)
        with m.FSM():
            with m.State("between"):
                m.d.comb += [packer.pad.eq(self.pad), self.empty.eq(packer.empty)]
                with m.If(coder.o.valid & ~self.hold & ~(self.pad & ~packer.empty)):
                    m.d.comb += events.start.eq(1)
                    m.next = "events"
            with m.State("events"):
                m.d.comb += [
                    packer.i.valid.eq(events.o.valid),
                    packer.i.payload.bits.eq(Cat(Const(0, 15), events.o.payload.bit)),
                    packer.i.payload.length.eq(0),
                    events.o.ready.eq(packer.i.ready),
                ]
                with m.If(~events.busy):
                    m.next = "codes"
            with m.State("codes"):
                m.d.comb += [
                    packer.i.valid.eq(coder.o.valid),
                    packer.i.payload.eq(coder.o.payload.code),
                    coder.o.ready.eq(packer.i.ready),
                ]
                with m.If(coder.o.valid & coder.o.ready & coder.o.payload.last):
                    m.d.comb += self.block_end.eq(1)
                    m.next = "between"
        return m
