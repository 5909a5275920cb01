"""A block or two of a word each: it is filled where it stands for the first stage."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
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
    none is ever short of spikes, and none waits for more. Of two ``feed.places`` one is filled while the other stands;
    a single one when it has been taken.

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
        feed, part, places = self._feed, self._feed.part, self._feed.places
        full = [Signal(name=f"full{bank}") for bank in range(places)]
        fill, drain = Signal(), Signal()
        accept, block_in, block_out = Signal(), Signal(), Signal()
        sample, value = self.i.payload, self.i.payload.value.as_unsigned()
        place, number = sample.at[: part.bit_length() - 1], sample.at[part.bit_length() - 1 :]
        held = [Signal(8, name=f"held{n}", reset_less=True) for n in range(part - 1)]
        writes = Signal(feed.lanes // part)
        for n, kept in enumerate(held):
            with m.If(accept & (place == n)):
                m.d.sync += kept.eq(value)
        filled, drained = (full[0], full[0]) if places == 1 else (Mux(bank, full[1], full[0]) for bank in (fill, drain))
        m.d.comb += [
            self.i.ready.eq(~filled),
            accept.eq(self.i.valid & self.i.ready),
            self.ended.eq(accept & sample.end),
            self.spike_end.eq(self.ended & sample.fits),
            self.wrong_end.eq(self.ended & ~sample.fits),
            self.several.eq(1),
            self.backlog.eq(Cat(full).any()),
            block_in.eq(self.spike_end),
            writes.eq(Mux(accept & (place == part - 1), 1 << number, 0)),
            block_out.eq(self.o.valid & self.o.ready),
            self.o.payload.eq(self._kept(m, Cat(*held, value), writes, fill, drain)),
        ]
        # A block begins in the cycle before it is offered; a second one, when the one before is taken.
        following = Const(0) if places == 1 else Mux(drain, full[0], full[1])
        begins = Mux(self.o.valid, following & self.o.ready, drained)
        m.d.comb += self.start.eq(begins & ~self.hold)
        with m.If(self.start | self.o.ready):
            m.d.sync += self.o.valid.eq(self.start)
        for bank in range(places):
            with m.If(block_in & (fill == bank)):
                m.d.sync += full[bank].eq(1)
            with m.If(block_out & (drain == bank)):
                m.d.sync += full[bank].eq(0)
        if places > 1:
            with m.If(block_in):
                m.d.sync += fill.eq(~fill)
            with m.If(block_out):
                m.d.sync += drain.eq(~drain)
        return m

    def _kept(self, m: Module, gathered: Value, writes: Signal, fill: Signal, drain: Signal) -> Value:
        """The block that stands; parts of the one that comes are written as they have been gathered."""
        if self._feed.places == 1:
            parts = [Signal(len(gathered), name=f"part{n}", reset_less=True) for n in range(len(writes))]
            for n, whole in enumerate(parts):
                with m.If(writes[n]):
                    m.d.sync += whole.eq(gathered)
            return Cat(parts)
        memory = SizedMemory(shape=unsigned(8 * self._feed.lanes), depth=self._feed.places, init=[], busy=True)
        m.submodules.samples = memory
        write, read = memory.write_port(granularity=len(gathered)), memory.read_port(domain="comb")
        m.d.comb += [
            write.addr.eq(fill),
            write.data.eq(gathered.replicate(len(writes))),
            write.en.eq(writes),
            read.addr.eq(drain),
        ]
        return read.data
