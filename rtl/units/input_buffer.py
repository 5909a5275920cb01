"""Two blocks of normalized spikes: one is filled while the other is walked, as the first stage takes them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import ReadPort
from amaranth.lib.wiring import In, Out

from rtl.memory.sized import SizedMemory
from rtl.shape.feed import Feed
from rtl.units.normalizer import sample_layout

__all__ = ["InputBuffer", "buffer_members"]


def buffer_members(feed: Feed) -> dict[str, wiring.Member]:
    """What an input buffer has besides its streams, as :class:`InputBuffer` tells."""
    return {
        "ended": Out(1),
        "spike_end": Out(1),
        "wrong_end": Out(1),
        "several": Out(range(feed.spikes + 1)),
        "pending": Out(1),
        "backlog": Out(1),
        "flush": In(1),
        "hold": In(1),
        "start": Out(1),
        "missing": Out(range(max(2, feed.spikes))),
    }


class InputBuffer(wiring.Component):
    """Spike after spike in; out as ``feed`` says: sample after sample of all spikes, or spike after spike in chunks.

    A spike whose end comes at the wrong sample is not counted: the next spike takes its place. Spikes that a
    flushed block lacks read as zero. Of ``whole`` blocks it takes a place, and its block is left out with all spikes;
    so is one that is flushed.

    Parameters
    ----------
    feed: size of a block, and how it leaves.
    whole: blocks are whole events.

    Members
    -------
    i: In(stream of sample_layout(feed.samples)): normalized samples of one spike after the other, one a cycle.
    ended: Out(1): for one cycle, a spike has ended.
    spike_end, wrong_end: Out(1): for one cycle, spikes were counted, or left out.
    several: Out(range(feed.spikes + 1)): then, how many; 1 unless blocks are ``whole``.
    pending: Out(1): a block has begun and waits for more spikes.
    backlog: Out(1): a whole block waits, or is being walked.
    flush: In(1): close the block that has begun as it is, or leave it out, once no spike is under way.
    hold: In(1): do not begin to walk another block.
    start: Out(1): for one cycle, a block begins to be walked.
    missing: Out(range(max(2, feed.spikes))): then, the spikes it lacks.
    o: Out(stream of feed.lanes × signed(8)): samples. The first is valid two cycles after the last sample of a block
        came; one transfer a cycle, from block to block without a gap.

    Cycles
    ------
    Latency: 2 cycles from a block's last sample.
    Throughput: a sample a cycle in, a transfer a cycle out.
    """

    def __init__(self, feed: Feed, *, whole: bool = False) -> None:
        self._feed = feed
        self._whole = whole
        self._spikes = feed.spikes
        super().__init__(
            {
                "i": In(stream.Signature(sample_layout(feed.samples))),
                **buffer_members(feed),
                "o": Out(stream.Signature(data.ArrayLayout(signed(8), feed.lanes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        feed = self._feed
        words, width = feed.words, 8 * feed.lanes
        # A chunk is gathered first, so that a word is written at once.
        m.submodules.samples = memory = SizedMemory(
            shape=unsigned(width), depth=2 * words, init=[], busy=feed.order != "samples"
        )
        granularity = 8 if feed.order == "samples" else None
        write, read = memory.write_port(granularity=granularity), memory.read_port()
        full = [Signal(name=f"full{bank}") for bank in range(2)]
        fill, drain = Signal(), Signal()

        spike = Signal(range(max(2, self._spikes)))
        missing = [Signal.like(self.missing, name=f"missing{bank}") for bank in range(2)]
        accept, block_in, under_way, close = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~Mux(fill, full[1], full[0])),
            accept.eq(self.i.valid & self.i.ready),
            self.ended.eq(accept & self.i.payload.end),
            self.pending.eq(spike != 0),
            self.backlog.eq(full[0] | full[1]),
            close.eq(self.flush & self.pending & ~under_way & ~accept),
            write.addr.eq(self._word(spike) + Mux(fill, words, 0)),
            write.data.eq(self._gathered(m, accept)),
        ]
        with m.If(accept):
            m.d.comb += write.en.eq(1 << spike if feed.order == "samples" else self._lane == feed.lanes - 1)
            m.d.sync += under_way.eq(~self.i.payload.end)
        self._count(m, spike, close, block_in)

        outer_end, inner_end = feed.walk
        inner, outer = Signal(range(max(2, inner_end))), Signal(range(max(2, outer_end)), name="group")
        last_inner, last_outer = inner == inner_end - 1, outer == outer_end - 1
        block_out, absent = Signal(), Signal.like(self.missing)
        free = ~self.o.valid | self.o.ready
        word = inner if feed.order == "samples" else outer * inner_end + inner
        m.d.comb += [
            self.start.eq(read.en & (inner == 0) & (outer == 0)),
            self.missing.eq(Mux(drain, missing[1], missing[0])),
            read.addr.eq(word + Mux(drain, words, 0)),
            read.en.eq(Mux(drain, full[1], full[0]) & free & ~((inner == 0) & (outer == 0) & self.hold)),
            block_out.eq(read.en & last_inner & last_outer),
        ]
        self._present(m, outer, read, absent)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read.en):
            m.d.sync += [self.o.valid.eq(1), absent.eq(self.missing), inner.eq(Mux(last_inner, 0, inner + 1))]
            with m.If(last_inner):
                m.d.sync += outer.eq(Mux(last_outer, 0, outer + 1))
        for bank in range(2):
            with m.If(block_in & (fill == bank)):
                m.d.sync += [
                    full[bank].eq(1),
                    missing[bank].eq(0 if self._whole else Mux(close, self._spikes - spike, 0)),
                ]
            with m.If(block_out & (drain == bank)):
                m.d.sync += full[bank].eq(0)
        with m.If(block_in):
            m.d.sync += fill.eq(~fill)
        with m.If(block_out):
            m.d.sync += drain.eq(~drain)
        return m

    def _count(self, m: Module, spike: Signal, close: Signal, block_in: Signal) -> None:
        """Which spikes are counted, and when a block is complete.

        Args:
            m: the buffer.
            spike: place of the spike that comes, in its block.
            close: the block is flushed.
            block_in: it is complete, and to be walked.
        """
        fits, final, broken = self.i.payload.fits, spike == self._spikes - 1, Signal()
        if self._whole:
            good = fits & ~broken
            m.d.comb += [
                block_in.eq(self.ended & final & good),
                self.spike_end.eq(block_in),
                self.wrong_end.eq((self.ended & final & ~good) | close),
                self.several.eq(Mux(close, spike, self._spikes)),
            ]
            with m.If(close | (self.ended & final)):
                m.d.sync += [spike.eq(0), broken.eq(0)]
            with m.Elif(self.ended):
                m.d.sync += [spike.eq(spike + 1), broken.eq(broken | ~fits)]
            return
        m.d.comb += [
            self.spike_end.eq(self.ended & fits),
            self.wrong_end.eq(self.ended & ~fits),
            self.several.eq(1),
            block_in.eq((self.spike_end & final) | close),
        ]
        with m.If(self.spike_end | close):
            m.d.sync += spike.eq(Mux(block_in, 0, spike + 1))

    @property
    def _shift(self) -> int:
        """Bits of a sample's place that say where it lies in its chunk."""
        return self._feed.lanes.bit_length() - 1

    def _word(self, spike: Signal) -> Value:
        """Where in a block's words a sample is written."""
        feed, at = self._feed, self.i.payload.at
        if feed.order == "samples":
            return at
        return spike * feed.chunks + at[self._shift :]

    @property
    def _lane(self) -> Value:
        """Where in its chunk a sample lies."""
        return self.i.payload.at[: self._shift]

    def _gathered(self, m: Module, accept: Signal) -> Value:
        """What is written: a sample for each lane, or those of its chunk before it, and it, gathered part by part."""
        feed, value = self._feed, self.i.payload.value.as_unsigned()
        if feed.order == "samples":
            return Cat(value for _ in range(feed.lanes))
        part = feed.part
        held = [Signal(8, name=f"held{n}", reset_less=True) for n in range(part - 1)]
        parts = [Signal(8 * part, name=f"part{n}", reset_less=True) for n in range(feed.lanes // part - 1)]
        for n, sample in enumerate(held):
            with m.If(accept & (self._lane[: self._shift // 2] == n)):
                m.d.sync += sample.eq(value)
        for n, whole in enumerate(parts):
            with m.If(accept & (self._lane == (n + 1) * part - 1)):
                m.d.sync += whole.eq(Cat(*held, value))
        return Cat(*parts, *held, value)

    def _present(self, m: Module, outer: Signal, read: ReadPort, absent: Signal) -> None:
        """What was read; zeros of the spikes that the block lacks."""
        feed = self._feed
        if feed.order == "samples":
            for n in range(feed.spikes):
                present = n < feed.spikes - absent
                m.d.comb += self.o.payload[n].eq(Mux(present, read.data.word_select(n, 8), 0))
            return
        spike = Signal.like(outer, name="read_spike")
        with m.If(read.en):
            m.d.sync += spike.eq(outer)
        m.d.comb += self.o.payload.as_value().eq(Mux(spike < feed.spikes - absent, read.data, 0))
