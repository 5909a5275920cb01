"""The encoder: ADC samples in, Huffman bytes out, parameters in memories of its own."""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, ResetInserter, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from rtl.host.parameter_store import ParameterBus, ParameterStore
from rtl.pipeline import Pipeline
from rtl.shape.part import Part
from rtl.shape.plan import Plan
from rtl.units.input_buffer import InputBuffer
from rtl.units.word_buffer import WordBuffer

__all__ = ["IN_FLIGHT", "Encoder"]

IN_FLIGHT = 8
"""Blocks between input and packet: two in the input buffer, one each in convolutions, search and writer, and room."""

_BUFFER_SIGNALS = ("ended", "spike_end", "wrong_end", "several", "pending", "backlog", "flush", "hold", "start")


class Encoder(wiring.Component):
    """Normalizer, input buffer, pipeline, block writer and parameter memories.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    i: In(stream of {adc: signed(16), last: 1}): ADC codes; ``last`` marks a spike's last sample. M spikes make a block.
    ended, spike_end, wrong_end, pending, backlog, start: Out(1): as for :class:`rtl.units.input_buffer.InputBuffer`.
    several: Out(range(plan.spec.spikes + 1)): likewise.
    flush, hold: In(1): likewise.
    events: In(stream of unsigned(48)): as for :class:`rtl.packets.block_writer.BlockWriter`.
    sidecar: In(2): likewise.
    first, pad: In(1): likewise.
    o: Out(stream of unsigned(8)): likewise.
    block_end, escape, empty: Out(1): likewise.
    hold_writer: In(1): its ``hold``.
    missing: Out(range(max(2, plan.spec.spikes))): spikes that the block that ends lacks.
    bus: In(ParameterBus(store.addr_bits)): the parameter memories (only if loadable). While it has the grant no sample
        is normalized, and at most the codes of one are taken; it may have it only while no block is under way.
    restart: In(1): start the pipeline over; due during every grant, when no block is under way.
    point: In(range(plan.points)): operating point of what comes (only of a plan with several).
    switch: In(1): for one cycle, it changes with the next; due only when no spike and no block is under way (only of
        a plan with several).

    Cycles
    ------
    Latency: less than ``plan.latency`` cycles from a block's last sample to its last byte.
    Throughput: a block every ``plan.cycles_per_block`` cycles.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.normalizer = plan.source.component()
        feed = plan.feed
        self.input_buffer = WordBuffer(feed) if feed.words == 1 else InputBuffer(feed, whole=plan.whole)
        self.pipeline = Pipeline(plan)
        self.writer = plan.coder.component(plan.quantizer.index_bits, plan.quantizer.golomb_order)
        self.store = ParameterStore(plan.images, loadable=plan.loadable, busy=plan.busy)
        buffer = self.input_buffer.signature.members
        writer = self.writer.signature.members
        members = {
            "i": self.normalizer.signature.members["i"],
            **{name: buffer[name] for name in _BUFFER_SIGNALS},
            **{name: writer[name] for name in ("events", "sidecar", "first")},
            "o": Out(stream.Signature(unsigned(8))),
            "block_end": Out(1),
            "escape": Out(1),
            "missing": buffer["missing"],
            "pad": In(1),
            "hold_writer": In(1),
            "empty": Out(1),
            "restart": In(1),
        }
        if plan.loadable:
            members["bus"] = In(ParameterBus(self.store.addr_bits))
        if plan.points > 1:
            members |= {"point": In(range(plan.points)), "switch": In(1)}
        super().__init__(members)

    @property
    def waiting(self) -> int:
        """Blocks that can wait for the writer: those in the input buffer, one in the word that was read from it and one
        in each part of the pipeline. Of blocks of a word, the linear map has none: they stay in the buffer."""
        feed, parts = self._plan.feed, len(self._plan.parts)
        behind = parts - 1 if feed.words == 1 else parts + 1
        return min(IN_FLIGHT, feed.places + behind)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.normalizer = normalizer = self.normalizer
        m.submodules.input_buffer = input_buffer = self.input_buffer
        m.submodules.store = store = self.store
        pipeline = self.pipeline
        # With another point, what was read ahead is forgotten.
        restart = [self.restart, *([self.switch] if self._plan.points > 1 else [])]
        m.submodules.pipeline = ResetInserter(reduce(or_, restart))(pipeline)
        wiring.connect(m, wiring.flipped(self.i), normalizer.i)
        wiring.connect(m, normalizer.o, input_buffer.i)
        wiring.connect(m, input_buffer.o, pipeline.i)
        m.submodules.writer = writer = self.writer
        wiring.connect(m, pipeline.o, writer.i)
        wiring.connect(m, writer.o, wiring.flipped(self.o))
        self._read_tables(m, self._plan.coder, writer)
        wiring.connect(m, wiring.flipped(self.events), writer.events)
        self._keep_missing(m, input_buffer, writer)
        self._read_tables(m, self._plan.source, normalizer)
        for name in pipeline.tables:
            self._read_table(m, name, getattr(pipeline, name))
        m.d.comb += [
            self.ended.eq(input_buffer.ended),
            self.several.eq(input_buffer.several),
            self.spike_end.eq(input_buffer.spike_end),
            self.wrong_end.eq(input_buffer.wrong_end),
            self.pending.eq(input_buffer.pending),
            self.backlog.eq(input_buffer.backlog),
            self.start.eq(input_buffer.start),
            writer.sidecar.eq(self.sidecar),
            writer.first.eq(self.first),
            input_buffer.flush.eq(self.flush),
            input_buffer.hold.eq(self.hold),
            self.block_end.eq(writer.block_end),
            self.escape.eq(writer.escape),
            self.empty.eq(writer.empty),
            writer.pad.eq(self.pad),
            writer.hold.eq(self.hold_writer),
        ]
        if self._plan.loadable:
            wiring.connect(m, wiring.flipped(self.bus), store.bus)
        hold = [self.bus.grant] if self._plan.loadable else []
        if self._plan.points > 1:
            hold.append(self.switch)
            m.d.comb += pipeline.point.eq(self.point)
        if hold:
            m.d.comb += normalizer.hold.eq(reduce(or_, hold))
        return m

    def _read_tables(self, m: Module, part: Part, unit: wiring.Component) -> None:
        """A part's own tables are its unit's ports."""
        for name, table in part.tables().items():
            self._read_table(m, name, getattr(unit, table.port))

    def _read_table(self, m: Module, name: str, port: Any) -> None:
        """A unit reads a memory, or the operating point's set in it."""
        memory, table = getattr(self.store, name), self._plan.tables[name]
        if table.sets == 1:
            wiring.connect(m, port, memory)
            return
        bits = (table.depth - 1).bit_length()
        m.d.comb += [
            memory.addr.eq(Cat(port.addr[:bits], self.point)),
            memory.en.eq(port.en),
            port.data.eq(memory.data),
        ]

    def _keep_missing(self, m: Module, input_buffer: InputBuffer | WordBuffer, writer: Any) -> None:
        """How many spikes each block under way lacks, in order, until it is written."""
        m.submodules.missing_spikes = queue = SyncFIFO(width=len(input_buffer.missing), depth=IN_FLIGHT)
        m.d.comb += [
            queue.w_data.eq(input_buffer.missing),
            queue.w_en.eq(input_buffer.start),
            queue.r_en.eq(writer.block_end),
            writer.missing.eq(queue.r_data),
            self.missing.eq(queue.r_data),
        ]
