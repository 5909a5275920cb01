"""The encoder: ADC samples in, Huffman bytes out, parameters in memories of its own."""

from amaranth.hdl import Module, ResetInserter, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.huffman_emitter import HuffmanEmitter
from rtl.images import huffman_starts, parameter_images
from rtl.input_buffer import InputBuffer
from rtl.normalizer import Normalizer
from rtl.parameter_store import ParameterBus, ParameterStore
from rtl.pipeline import Pipeline
from rtl.plan import Plan

__all__ = ["Encoder"]

_BUFFER_SIGNALS = ("spike_end", "wrong_end", "pending", "backlog", "flush", "hold", "start", "missing")


class Encoder(wiring.Component):
    """Normalizer, input buffer, pipeline, Huffman emitter and parameter memories.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    i: ADC codes; ``last`` marks a spike's last sample. M spikes make a block.
    spike_end, wrong_end, pending, backlog, flush, hold, start, missing: as for :class:`rtl.input_buffer.InputBuffer`.
    o, block_end, pad, empty: as for :class:`rtl.huffman_emitter.HuffmanEmitter`.
    bus: the parameter memories (only if loadable). While it has the grant no sample is taken; it may have
        it only while no block is under way.
    restart: start the pipeline over; due during every grant, when no block is under way.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = plan.spec
        self.normalizer = Normalizer(spec.samples)
        self.input_buffer = InputBuffer(spec.spikes, spec.samples, plan.groups)
        self.pipeline = Pipeline(plan)
        depth = sum(table.size for table in spec.huffman.tables)
        self.emitter = HuffmanEmitter(self.pipeline.search.index_bits, depth, huffman_starts(plan))
        self.store = ParameterStore(parameter_images(plan), loadable=plan.loadable)
        buffer = self.input_buffer.signature.members
        members = {
            "i": self.normalizer.signature.members["i"],
            **{name: buffer[name] for name in _BUFFER_SIGNALS},
            "o": Out(stream.Signature(unsigned(8))),
            "block_end": Out(1),
            "pad": In(1),
            "empty": Out(1),
            "restart": In(1),
        }
        if plan.loadable:
            members["bus"] = In(ParameterBus(self.store.addr_bits))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.normalizer = normalizer = self.normalizer
        m.submodules.input_buffer = input_buffer = self.input_buffer
        m.submodules.store = store = self.store
        pipeline = self.pipeline
        m.submodules.pipeline = ResetInserter(self.restart)(pipeline)
        wiring.connect(m, wiring.flipped(self.i), normalizer.i)
        wiring.connect(m, normalizer.o, input_buffer.i)
        wiring.connect(m, input_buffer.o, pipeline.i)
        m.submodules.huffman = emitter = self.emitter
        wiring.connect(m, pipeline.o, emitter.i)
        wiring.connect(m, emitter.o, wiring.flipped(self.o))
        wiring.connect(m, emitter.table, store.huffman)
        wiring.connect(m, normalizer.table, store.normalization)
        for name in ("weights", "parameters", "latents", "codebook"):
            wiring.connect(m, getattr(pipeline, name), getattr(store, name))
        m.d.comb += [
            self.spike_end.eq(input_buffer.spike_end),
            self.wrong_end.eq(input_buffer.wrong_end),
            self.pending.eq(input_buffer.pending),
            self.backlog.eq(input_buffer.backlog),
            self.start.eq(input_buffer.start),
            self.missing.eq(input_buffer.missing),
            input_buffer.flush.eq(self.flush),
            input_buffer.hold.eq(self.hold),
            self.block_end.eq(emitter.block_end),
            self.empty.eq(emitter.empty),
            emitter.pad.eq(self.pad),
        ]
        if self._plan.loadable:
            wiring.connect(m, wiring.flipped(self.bus), store.bus)
            m.d.comb += normalizer.hold.eq(self.bus.grant)
        return m
