"""Nothing is lost, and nothing is read that was not written: bits, blocks, samples, snippets."""

from collections.abc import Iterator
from functools import partial

from amaranth.hdl import Array, Mux, Signal

from rtl.memory.shadow import ShadowRegisters
from rtl.packets.bit_packer import BitPacker
from rtl.packets.packetizer import Packetizer
from rtl.shape.frame import HEADER_BYTES
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import component
from sim.formal.property import Property

__all__ = ["buffer_properties", "stands_until_taken"]

STATES = ("fill", "finish", "header", "payload", "trailer")
"""Of the packetizer."""


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


def stands_until_taken(bench: Bench) -> None:
    """What holds of a word buffer at any time: the word that is offered is full, and none is written that is."""
    full, fill, drain = (bench.inside(name) for name in ("full", "fill", "drain"))
    o, start = bench.component.o, bench.component.start
    writes = bench.inside("writes").any() | bench.inside("block_in")
    if len(full) == 1:
        filled = drained = full[0]
        bench.prove(~start | ~o.valid)
    else:
        filled, drained = Mux(fill, full[1], full[0]), Mux(drain, full[1], full[0])
        bench.prove(Mux(fill == drain, full[0] == full[1], drained & ~filled))
        bench.prove(~(start & o.valid) | (o.ready & full[0] & full[1]))
    bench.prove(~o.valid | drained)
    bench.prove(~writes | ~filled)
    bench.prove(~start | drained)


def _word_buffer(top: str) -> Bench:
    bench = Bench(component("WordBuffer", top))
    stands_until_taken(bench)
    return bench


def _circular_buffer() -> Bench:
    bench = Bench(component("CircularBuffer", "detector"))
    write, read, at = (bench.inside(name) for name in ("write", "read", "at"))
    bench.prove(~(write.en & read.en))
    bench.prove(at < bench.inside("depth"))
    ends = bench.past(bench.component.i.valid & bench.component.i.payload.ends)
    bench.prove(~bench.seen | (write.en == ends))
    return bench


def _parameters() -> Bench:
    """Any one word is followed from the stream to the set that is in force."""
    words, width = 3, 2
    bench = Bench(ShadowRegisters(words, width))
    unit, m = bench.component, bench.m
    word, came = bench.constant("word", 2), Signal(range(words + 1))
    bench.assume((word < words) & (~unit.take | unit.full))
    taken, whole, in_force = unit.i.valid & unit.i.ready, came == words, Signal()
    kept, used = Signal(width), Signal(width)
    m.d.sync += came.eq(Mux(unit.take, 0, came) + taken)
    with m.If(taken & (Mux(whole, 0, came) == word)):
        m.d.sync += kept.eq(unit.i.payload)
    with m.If(unit.take):
        m.d.sync += [used.eq(kept), in_force.eq(1)]
    bench.prove((came <= words) & (unit.full == whole) & (bench.inside("at") == Mux(whole, 0, came)))
    bench.prove((came <= word) | (Array(bench.inside("shadow"))[word] == kept))
    bench.prove(~in_force | (unit.active.word_select(word, width) == used))
    return bench


def _packets() -> Bench:
    """Bytes and blocks of a packet are counted anew, and any one byte is followed to its place behind the header."""
    size, block_bits, snippet = 5, 12, 2
    bench = Bench(Packetizer(size, 4))
    part, m, inside = bench.component, bench.m, bench.inside
    came, whole, blocks, absent = Signal(4), Signal(4), Signal(3), Signal(2)
    taken, closed = part.i.valid & part.i.ready, Signal()
    with m.If(part.sent):
        m.d.sync += [came.eq(0), whole.eq(0), blocks.eq(0), absent.eq(0), closed.eq(0)]
    with m.Else():
        m.d.sync += came.eq(Mux(part.discard, whole, came + taken))
        with m.If(part.block_end):
            m.d.sync += [whole.eq(came + taken), blocks.eq(blocks + 1), absent.eq(part.missing)]
        ends = part.block_end & ((blocks + 1 == part.limit) | (part.missing != 0))
        m.d.sync += closed.eq(closed | ends | (part.close & (blocks != 0)))

    stored = bench.seen & bench.past(~part.idle | part.block_end | taken)
    for value in (part.raw, part.sidecar, part.tag, part.limit):
        bench.assume(~stored | (value == bench.past(value)))
    bench.assume((part.limit >= 1) & (part.limit <= Mux(part.raw, size // snippet, 8 * size // block_bits)))
    bench.assume(~part.block_end | ~(part.full | (part.raw & (came + taken == whole))))
    bench.assume(~(part.close & part.raw) | (came == whole))
    bench.assume(~part.discard | ~(part.i.valid | part.block_end | part.full))
    most = Mux(closed, blocks * block_bits + 7, (blocks + 1) * block_bits)
    bench.assume(~taken | Mux(part.raw, came - whole < snippet, 8 * (came + 1) <= most))
    bench.assume(~(part.pad & part.empty & ~part.i.valid) | (came != 0))

    write, read, length = inside("write"), inside("read"), inside("length")
    bench.prove(~(write.en & read.en))
    bench.prove(~write.en | (length < size))
    bench.prove((length == came) & (inside("complete") == whole) & (inside("count") == blocks))
    bench.prove((part.full == closed) & (whole <= came) & (came <= size) & (inside("absent") == absent))
    bench.prove(Mux(closed, (blocks != 0) & (blocks <= part.limit), blocks < part.limit))
    bench.prove(closed | (absent == 0) | (blocks == 0))

    # The memory, as any memory: it gives what was last written. One of its words is looked at.
    at, kept, read_at, given = bench.constant("at", 3), Signal(8), Signal(3), Signal(8)
    with m.If(write.en & (came == at)):
        m.d.sync += kept.eq(part.i.payload)
    with m.If(read.en):
        m.d.sync += [read_at.eq(read.addr), given.eq(kept)]
    bench.assume((read_at != at) | (read.data == given))

    out, value = Signal(5), part.o.payload.value
    with m.If(part.o.valid & part.o.ready):
        m.d.sync += out.eq(Mux(part.o.payload.last, 0, out + 1))
    bench.prove(~part.o.valid | (closed & (part.o.payload.last == (out == HEADER_BYTES + came + 1))))
    fields = {7: blocks, 8: absent << 4, 9: came}
    for place, field in fields.items():
        bench.prove(~(part.o.valid & (out == place)) | (value == field))
    bench.prove(~(part.o.valid & (at < came) & (out == HEADER_BYTES + at)) | (value == kept))
    fill, finish, header, payload, trailer = (
        inside("machine.state") == inside("machine.encoding")[name] for name in STATES
    )
    next_, place = inside("at"), inside("place")
    bench.prove(fill | finish | header | payload | trailer)
    bench.prove((fill == ~closed) & (~(fill | finish) | (out == 0)))
    bench.prove(~header | ((out == place) & (place < HEADER_BYTES) & (next_ == 0) & ((place == 0) | (read_at == 0))))
    bench.prove(~payload | ((place == 0) & (out == HEADER_BYTES + read_at) & (next_ == read_at + 1) & (next_ <= came)))
    bench.prove(~trailer | ((out == HEADER_BYTES + came + place) & (place < 2)))
    bench.prove(~(payload | (header & (place != 0))) | (read_at != at) | (given == kept))
    bench.prove(~(header | payload | trailer | (part.raw & (blocks != 0))) | (came != 0))
    bench.prove(~part.raw | (((blocks == 0) | (whole != 0)) & (whole <= snippet * blocks)))
    bench.prove(~part.raw | (came - whole <= Mux(closed, 0, snippet)))
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
    yield Property(
        name="buffer/parameters",
        component="ShadowRegisters",
        says="parameters come into force as a whole set, its words in order, and stay until the next set is taken",
        assumes="a set is taken when it is whole",
        bench=_parameters,
        broken=partial(with_fault, _parameters, "rtl.memory.shadow", "at == self._words - 1", "at == self._words - 2"),
        depth=2,
    )
    yield Property(
        name="buffer/packet",
        component="Packetizer",
        says="nothing is written beyond the buffer, nor in a cycle in which it is read; a packet closes with its last "
        "block, a partial one or when it is asked to, and is as long as its header says, with all bytes that came, in "
        "order",
        assumes="a block has a bit at least, and no more than its share of the buffer, a snippet likewise in bytes; no "
        "block ends while a packet is sent, and no raw packet closes within a snippet; settings are legal, and change "
        "only while nothing is stored",
        bench=_packets,
        broken=partial(with_fault, _packets, "rtl.packets.packetizer", "+ 1 == self.limit", "== self.limit"),
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
    for top in ("word", "place"):
        bench = partial(_word_buffer, top)
        yield Property(
            name=f"buffer/block/{top}",
            component="WordBuffer",
            says="no block is written before the one in its place was taken, or offered before it is whole",
            assumes="",
            bench=bench,
            broken=partial(
                with_fault, bench, "rtl.units.word_buffer", "self.i.ready.eq(~filled)", "self.i.ready.eq(1)"
            ),
            depth=2,
        )
    yield Property(
        name="buffer/circular",
        component="CircularBuffer",
        says="each word is written once, inside of the memory, and none is read in that cycle",
        assumes="",
        bench=_circular_buffer,
        broken=partial(with_fault, _circular_buffer, "rtl.front_end.circular_buffer", "1 if single else ~full", "1"),
        depth=2,
    )
