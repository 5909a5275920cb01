"""Two blocks of normalized spikes: one is filled while the other is walked, once per channel group."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.units.normalizer import sample_layout

__all__ = ["InputBuffer"]


class InputBuffer(wiring.Component):
    """Spike after spike in; for each channel group, sample after sample of all spikes out.

    A spike whose end comes at the wrong sample is not counted: the next spike takes its place. Spikes that a
    flushed block lacks read as zero.

    Parameters
    ----------
    spikes, samples: size of a block.
    groups: times a block is walked.

    Members
    -------
    i: In(stream of sample_layout(samples)): normalized samples of one spike after the other, one a cycle.
    spike_end, wrong_end: Out(1): for one cycle, a spike was counted, or left out.
    pending: Out(1): a block has begun and waits for more spikes.
    backlog: Out(1): a whole block waits, or is being walked.
    flush: In(1): close the block that has begun as it is, once no spike is under way.
    hold: In(1): do not begin to walk another block.
    start: Out(1): for one cycle, a block begins to be walked.
    missing: Out(range(max(2, spikes))): then, the spikes it lacks.
    o: Out(stream of spikes × signed(8)): the samples of all spikes at one time. The first is valid two cycles after the
        last sample of a block came; one a cycle, from block to block without a gap.

    Cycles
    ------
    Latency: 2 cycles from a block's last sample.
    Throughput: a sample a cycle at either end.
    """

    def __init__(self, spikes: int, samples: int, groups: int) -> None:
        self._spikes = spikes
        self._samples = samples
        self._groups = groups
        super().__init__(
            {
                "i": In(stream.Signature(sample_layout(samples))),
                "spike_end": Out(1),
                "wrong_end": Out(1),
                "pending": Out(1),
                "backlog": Out(1),
                "flush": In(1),
                "hold": In(1),
                "start": Out(1),
                "missing": Out(range(max(2, spikes))),
                "o": Out(stream.Signature(data.ArrayLayout(signed(8), spikes))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.samples = memory = Memory(shape=unsigned(8 * self._spikes), depth=2 * self._samples, init=[])
        write, read = memory.write_port(granularity=8), memory.read_port()
        full = [Signal(name=f"full{bank}") for bank in range(2)]
        fill, drain = Signal(), Signal()

        spike = Signal(range(max(2, self._spikes)))
        missing = [Signal.like(self.missing, name=f"missing{bank}") for bank in range(2)]
        accept, block_in, under_way, close = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~Mux(fill, full[1], full[0])),
            accept.eq(self.i.valid & self.i.ready),
            self.spike_end.eq(accept & self.i.payload.end & self.i.payload.fits),
            self.wrong_end.eq(accept & self.i.payload.end & ~self.i.payload.fits),
            self.pending.eq(spike != 0),
            self.backlog.eq(full[0] | full[1]),
            close.eq(self.flush & self.pending & ~under_way & ~accept),
            block_in.eq((self.spike_end & (spike == self._spikes - 1)) | close),
            write.addr.eq(self.i.payload.at + Mux(fill, self._samples, 0)),
            write.data.eq(Cat(self.i.payload.value.as_unsigned() for _ in range(self._spikes))),
        ]
        with m.If(accept):
            m.d.comb += write.en.eq(1 << spike)
            m.d.sync += under_way.eq(~self.i.payload.end)
        with m.If(self.spike_end | close):
            m.d.sync += spike.eq(Mux(block_in, 0, spike + 1))

        sample, group = Signal(range(max(2, self._samples))), Signal(range(max(2, self._groups)))
        last_sample, last_group = sample == self._samples - 1, group == self._groups - 1
        block_out, absent = Signal(), Signal.like(self.missing)
        free = ~self.o.valid | self.o.ready
        m.d.comb += [
            self.start.eq(read.en & (sample == 0) & (group == 0)),
            self.missing.eq(Mux(drain, missing[1], missing[0])),
            read.addr.eq(sample + Mux(drain, self._samples, 0)),
            read.en.eq(Mux(drain, full[1], full[0]) & free & ~((sample == 0) & (group == 0) & self.hold)),
            block_out.eq(read.en & last_sample & last_group),
        ]
        for n in range(self._spikes):
            present = n < self._spikes - absent
            m.d.comb += self.o.payload[n].eq(Mux(present, read.data.word_select(n, 8), 0))
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read.en):
            m.d.sync += [self.o.valid.eq(1), absent.eq(self.missing), sample.eq(Mux(last_sample, 0, sample + 1))]
            with m.If(last_sample):
                m.d.sync += group.eq(Mux(last_group, 0, group + 1))
        for bank in range(2):
            with m.If(block_in & (fill == bank)):
                m.d.sync += [full[bank].eq(1), missing[bank].eq(Mux(close, self._spikes - spike, 0))]
            with m.If(block_out & (drain == bank)):
                m.d.sync += full[bank].eq(0)
        with m.If(block_in):
            m.d.sync += fill.eq(~fill)
        with m.If(block_out):
            m.d.sync += drain.eq(~drain)
        return m
