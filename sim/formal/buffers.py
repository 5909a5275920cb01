"""Nothing is lost, and nothing is read that was not written: bits, blocks, samples, snippets."""

from collections.abc import Iterator
from functools import partial

from amaranth.hdl import Mux, Signal

from rtl.packets.bit_packer import BitPacker
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import component
from sim.formal.property import Property

__all__ = ["buffer_properties"]


def _packer() -> Bench:
    """Any one bit is followed from its string to its byte."""
    bench = Bench(BitPacker())
    packer, m = bench.component, bench.m
    bits, length = packer.i.payload.bits, packer.i.payload.length
    bench.assume((bits << (length + 1))[:16] == 0)
    level, ahead, value, follows = Signal(6), Signal(6), Signal(), Signal()
    chosen, at = bench.free("chosen", 1), bench.free("at", 4)
    with m.If(packer.o.valid & packer.o.ready):
        m.d.sync += level.eq(Mux(level >= 8, level - 8, 0))
        with m.If(follows & (ahead >= 8)):
            m.d.sync += ahead.eq(ahead - 8)
        with m.Else():
            m.d.sync += follows.eq(0)
    with m.If(packer.i.valid & packer.i.ready):
        m.d.sync += level.eq(level + length + 1)
        with m.If(chosen & ~follows & (at <= length)):
            m.d.sync += [follows.eq(1), ahead.eq(level + at), value.eq(bits.bit_select((15 - at)[:4], 1))]
    leaves = packer.o.valid & packer.o.ready & follows & (ahead < 8)
    bench.prove(~leaves | (packer.o.payload.bit_select((7 - ahead)[:3], 1) == value))
    bench.prove(packer.empty == (level == 0))
    bench.prove(packer.o.valid == ((level >= 8) | (packer.pad & (level != 0))))
    waiting, count = bench.inside("waiting"), bench.inside("count")
    bench.prove((count == level) & (level <= 23))
    bench.prove((waiting << count)[:23] == 0)  # what is padded with is zero
    bench.prove(~follows | ((ahead < level) & (waiting.bit_select((22 - ahead)[:5], 1) == value)))
    return bench


def _input_buffer(top: str) -> Bench:
    bench = Bench(component("InputBuffer", top))
    feed, sample = bench.inside("feed"), bench.component.i.payload
    bench.assume(sample.at < feed.samples)
    full, fill, drain = (bench.inside(name) for name in ("full", "fill", "drain"))
    write, read, block_in, spike = (bench.inside(name) for name in ("write", "read", "block_in", "spike"))
    filled, drained = Mux(fill, full[1], full[0]), Mux(drain, full[1], full[0])
    begun = (spike != 0) | bench.inside("under_way")
    inner, outer = bench.inside("inner"), bench.inside("outer")
    bench.prove(~(write.en.any() | block_in) | ~filled)
    bench.prove(~read.en | drained)
    for port, enable, bank in ((write, write.en.any(), fill), (read, read.en, drain)):
        inside = Mux(bank, (port.addr >= feed.words) & (port.addr < 2 * feed.words), port.addr < feed.words)
        bench.prove(~enable | inside)
    bench.prove((spike < feed.spikes) & (inner < bench.inside("inner_end")) & (outer < bench.inside("outer_end")))
    bench.prove(~begun | ~filled)
    bench.prove(Mux(fill == drain, full[0] == full[1], drained & ~filled))
    return bench


def _circular_buffer() -> Bench:
    bench = Bench(component("CircularBuffer", "detector"))
    write, read, at = (bench.inside(name) for name in ("write", "read", "at"))
    bench.prove(~(write.en & read.en))
    bench.prove(at < bench.inside("depth"))
    ends = bench.past(bench.component.i.valid & bench.component.i.payload.ends)
    bench.prove(~bench.seen | (write.en == ends))
    return bench


def _copied() -> Bench:
    bench = Bench(component("SnippetReader", "detector"))
    reading, copied, copy, spike, sample = (
        bench.inside(name) for name in ("reading", "copied", "copy", "spike", "sample")
    )
    spikes, samples, level = bench.inside("spikes"), bench.inside("samples"), bench.inside("copy.inner_level")
    begun = Mux(reading, spike * samples + sample, spikes * samples)
    bench.prove(~copied | copy.w_rdy)
    bench.prove(level + copy.r_rdy + copied <= begun)
    bench.prove((spike < spikes) & (sample < samples))
    bench.prove(reading | ((spike == 0) & (sample == 0)))
    bench.prove(copy.r_rdy | (level <= 1))
    bench.prove(level <= bench.inside("copy.inner_depth"))
    return bench


def buffer_properties() -> Iterator[Property]:
    """Of what waits."""
    yield Property(
        name="buffer/bits",
        component="BitPacker",
        says="every bit that is taken leaves, in its place, and zeros alone fill a byte",
        assumes="behind a string's bits are zeros",
        bench=_packer,
        broken=partial(with_fault, _packer, "rtl.packets.bit_packer", "payload.length + 1),", "payload.length),"),
        depth=2,
    )
    for top in ("tiny", "lite"):
        bench = partial(_input_buffer, top)
        yield Property(
            name=f"buffer/block/{top}",
            component="InputBuffer",
            says="no block is written before the one in its place was walked, or walked before it is whole",
            assumes="a sample's place is within its spike",
            bench=bench,
            broken=partial(
                with_fault,
                bench,
                "rtl.units.input_buffer",
                "self.i.ready.eq(~Mux(fill, full[1], full[0]))",
                "self.i.ready.eq(1)",
            ),
            depth=2,
        )
    yield Property(
        name="buffer/circular",
        component="CircularBuffer",
        says="each word is written once, inside of the memory, and none is read in that cycle",
        assumes="",
        bench=_circular_buffer,
        broken=partial(with_fault, _circular_buffer, "rtl.front_end.circular_buffer", "1 if alone else ~full", "1"),
        depth=2,
    )
    yield Property(
        name="buffer/snippets",
        component="SnippetReader",
        says="the copy of an event's snippets has room for each of its samples",
        assumes="",
        bench=_copied,
        broken=partial(
            with_fault,
            _copied,
            "rtl.front_end.snippet_reader",
            "depth=spikes * samples)",
            "depth=spikes * samples - 2)",
        ),
        depth=2,
    )
