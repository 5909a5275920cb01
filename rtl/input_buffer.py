"""Two blocks of normalized spikes: one is filled while the other is walked, once per channel group."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl.normalizer import sample_layout

__all__ = ["InputBuffer"]


class InputBuffer(wiring.Component):
    """Spike after spike in; for each channel group, sample after sample of all spikes out.

    A spike whose end comes at the wrong sample is not counted: the next spike takes its place.

    Parameters
    ----------
    spikes, samples: size of a block.
    groups: times a block is walked.

    Members
    -------
    i: normalized samples of one spike after the other, one a cycle.
    o: the samples of all spikes at one time, signed 8 bit. The first is valid two cycles after the last
        sample of a block came; one a cycle, from block to block without a gap.
    """

    def __init__(self, spikes: int, samples: int, groups: int) -> None:
        self._spikes = spikes
        self._samples = samples
        self._groups = groups
        super().__init__(
            {
                "i": In(stream.Signature(sample_layout(samples))),
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
        accept, block_in = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~Mux(fill, full[1], full[0])),
            accept.eq(self.i.valid & self.i.ready),
            block_in.eq(accept & self.i.payload.end & self.i.payload.fits & (spike == self._spikes - 1)),
            write.addr.eq(self.i.payload.at + Mux(fill, self._samples, 0)),
            write.data.eq(Cat(self.i.payload.value.as_unsigned() for _ in range(self._spikes))),
        ]
        with m.If(accept):
            m.d.comb += write.en.eq(1 << spike)
            with m.If(self.i.payload.end & self.i.payload.fits):
                m.d.sync += spike.eq(Mux(block_in, 0, spike + 1))

        sample, group = Signal(range(max(2, self._samples))), Signal(range(max(2, self._groups)))
        last_sample, last_group = sample == self._samples - 1, group == self._groups - 1
        block_out = Signal()
        m.d.comb += [
            read.addr.eq(sample + Mux(drain, self._samples, 0)),
            read.en.eq(Mux(drain, full[1], full[0]) & (~self.o.valid | self.o.ready)),
            block_out.eq(read.en & last_sample & last_group),
            self.o.payload.as_value().eq(read.data),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read.en):
            m.d.sync += [self.o.valid.eq(1), sample.eq(Mux(last_sample, 0, sample + 1))]
            with m.If(last_sample):
                m.d.sync += group.eq(Mux(last_group, 0, group + 1))
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
