"""Two blocks of a word each: one is filled while the other stands for the first stage."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory
from rtl.shape.feed import Feed
from rtl.units.input_buffer import buffer_members
from rtl.units.normalizer import sample_layout

__all__ = ["WordBuffer"]


class WordBuffer(wiring.Component):
    """As :class:`rtl.units.input_buffer.InputBuffer`, of blocks that leave in one transfer.

    Samples are written to where the block stands until it is taken: none is kept twice. A block has one spike, so that
    none is ever short of spikes, and none waits for more.

    Parameters
    ----------
    feed: size of a block: one word.

    Members
    -------
    i: In(stream of sample_layout(feed.samples)): normalized samples of one spike after the other, one a cycle.
    ended: Out(1): for one cycle, a spike has ended.
    spike_end, wrong_end: Out(1): for one cycle, it was counted, or left out.
    several: Out(range(2)): 1.
    pending: Out(1): 0, as no block waits for more spikes.
    backlog: Out(1): a block waits, or stands at ``o``.
    flush: In(1): not needed.
    hold: In(1): do not offer another block.
    start: Out(1): for one cycle, a block is about to be offered.
    missing: Out(range(2)): 0, as no block lacks a spike.
    o: Out(stream of feed.lanes × signed(8)): a block. It is valid two cycles after its last sample came, and where it
        stood is free when it has been taken; one a cycle, without a gap.

    Cycles
    ------
    Latency: 2 cycles from a block's last sample.
    Throughput: a sample a cycle in, a transfer a cycle out.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        super().__init__(
            {
                "i": In(stream.Signature(sample_layout(feed.samples))),
                **buffer_members(feed),
                "o": Out(stream.Signature(data.ArrayLayout(signed(8), feed.lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        feed, part = self._feed, self._feed.part
        m.submodules.samples = memory = SizedMemory(shape=unsigned(8 * feed.lanes), depth=2, init=[], busy=True)
        write, read = memory.write_port(granularity=8 * part), memory.read_port(domain="comb")
        full = [Signal(name=f"full{bank}") for bank in range(2)]
        fill, drain = Signal(), Signal()
        accept, block_in, block_out = Signal(), Signal(), Signal()
        sample, value = self.i.payload, self.i.payload.value.as_unsigned()
        place, number = sample.at[: part.bit_length() - 1], sample.at[part.bit_length() - 1 :]
        held = [Signal(8, name=f"held{n}", reset_less=True) for n in range(part - 1)]
        for n, kept in enumerate(held):
            with m.If(accept & (place == n)):
                m.d.sync += kept.eq(value)
        m.d.comb += [
            self.i.ready.eq(~Mux(fill, full[1], full[0])),
            accept.eq(self.i.valid & self.i.ready),
            self.ended.eq(accept & sample.end),
            self.spike_end.eq(self.ended & sample.fits),
            self.wrong_end.eq(self.ended & ~sample.fits),
            self.several.eq(1),
            self.backlog.eq(full[0] | full[1]),
            block_in.eq(self.spike_end),
            write.addr.eq(fill),
            write.data.eq(Cat(*held, value).replicate(feed.lanes // part)),
            write.en.eq(Mux(accept & (place == part - 1), 1 << number, 0)),
        ]
        # A block begins in the cycle before it is offered, when the one before is taken.
        m.d.comb += [
            block_out.eq(self.o.valid & self.o.ready),
            self.start.eq(Mux(drain ^ self.o.valid, full[1], full[0]) & (~self.o.valid | self.o.ready) & ~self.hold),
            read.addr.eq(drain),
            self.o.payload.eq(read.data),
        ]
        with m.If(self.start | self.o.ready):
            m.d.sync += self.o.valid.eq(self.start)
        for bank in range(2):
            with m.If(block_in & (fill == bank)):
                m.d.sync += full[bank].eq(1)
            with m.If(block_out & (drain == bank)):
                m.d.sync += full[bank].eq(0)
        with m.If(block_in):
            m.d.sync += fill.eq(~fill)
        with m.If(block_out):
            m.d.sync += drain.eq(~drain)
        return m
