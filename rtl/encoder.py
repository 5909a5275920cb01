"""The encoder: samples in, Huffman bytes out, all units wired up."""

from amaranth.hdl import Module
from amaranth.lib import wiring

from rtl import images
from rtl.convolution import Convolution
from rtl.distributor import Distributor
from rtl.huffman_emitter import HuffmanEmitter
from rtl.input_buffer import InputBuffer
from rtl.max_pool import MaxPool
from rtl.memory import WordLoop
from rtl.normalizer import Normalizer
from rtl.plan import Plan
from rtl.projector import Projector
from rtl.residual_block import ResidualBlock
from rtl.vector_search import VectorSearch

__all__ = ["Encoder"]


class Encoder(wiring.Component):
    """Spikes to bytes, with all parameters in read-only memory.

    Parameters
    ----------
    plan: the shape of the hardware, and the spec behind it.

    Members
    -------
    i: ADC codes; ``last`` marks a spike's last sample. M spikes make a block.
    o: Huffman bytes; ``last`` marks a block's last byte. A block takes ``plan.encoder_cycles`` cycles at
        full rate, and leaves about ``plan.search.cycles`` cycles after its last channel group.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = plan.spec
        words, bias_bits = images.project_words(plan)
        self.entry_bits = images.parameter_bits(plan)
        port_bits = 8 * plan.port_bytes
        huffman, starts = images.huffman_words(plan)
        parameters = (port_bits, self.entry_bits, plan.parameters_per_word)

        self.normalizer = Normalizer(spec.samples, images.normalization_words(plan), spec.normalize.shift)
        self.input_buffer = InputBuffer(spec.spikes, spec.samples, plan.groups)
        self.weights = WordLoop(images.weight_words(plan), port_bits)
        self.parameters = WordLoop(images.parameter_words(plan), self.entry_bits[1] * plan.parameters_per_word)
        self.conv = Convolution(plan.conv, *parameters)
        self.blocks = [ResidualBlock(block, *parameters) for block in plan.blocks]
        self.projector = Projector(plan.project, port_bits, plan.groups, words, bias_bits)
        self.search = VectorSearch(
            plan.search,
            spec.vq.table,
            plan.project.outputs,
            plan.project.samples,
            plan.project.lanes,
            images.codebook_words(plan),
        )
        bases = [starts[table] for table in spec.table_of]
        self.huffman = HuffmanEmitter(self.search.index_bits, huffman, bases)
        super().__init__({"i": self.normalizer.signature.members["i"], "o": self.huffman.signature.members["o"]})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        m.submodules.normalizer = normalizer = self.normalizer
        m.submodules.input_buffer = input_buffer = self.input_buffer
        m.submodules.conv = conv = self.conv
        m.submodules.project = projector = self.projector
        m.submodules.vq = search = self.search
        m.submodules.huffman = huffman = self.huffman

        wiring.connect(m, wiring.flipped(self.i), normalizer.i)
        wiring.connect(m, normalizer.o, input_buffer.i)
        wiring.connect(m, input_buffer.o, conv.i)
        before = conv.o
        units = [conv]
        for block_plan, block in zip(plan.blocks, self.blocks, strict=True):
            m.submodules[block_plan.name] = block
            wiring.connect(m, before, block.i)
            units.append(block)
            before = block.o
            if block_plan.pool > 1:
                pool = MaxPool(block_plan.reduce.group_inputs, block_plan.pool)
                m.submodules[block_plan.pool_name] = pool
                wiring.connect(m, before, pool.i)
                before = pool.o
        wiring.connect(m, before, projector.i)
        wiring.connect(m, projector.o, search.i)
        wiring.connect(m, search.o, huffman.i)
        wiring.connect(m, huffman.o, wiring.flipped(self.o))
        self._load(m)
        return m

    def _load(self, m: Module) -> None:
        """Deal weights, and biases with shifts, out to the units in pipeline order."""
        plan = self._plan
        size = plan.port_bytes
        m.submodules.weights, m.submodules.parameters = self.weights, self.parameters
        m.submodules.deal_weights = weights = Distributor(8 * size, [-(-dot.weight_bytes // size) for dot in plan.dots])
        m.submodules.deal_parameters = parameters = Distributor(
            len(self.parameters.o.payload), [-(-dot.outputs // plan.parameters_per_word) for dot in plan.requantized]
        )
        wiring.connect(m, self.weights.o, weights.i)
        wiring.connect(m, self.parameters.o, parameters.i)
        weight_ports = [self.conv.weights, *(port for block in self.blocks for port in block.weights)]
        parameter_ports = [self.conv.parameters, *(port for block in self.blocks for port in block.parameters)]
        for source, port in zip(weights.o, [*weight_ports, self.projector.weights], strict=True):
            wiring.connect(m, source, port)
        for source, port in zip(parameters.o, parameter_ports, strict=True):
            wiring.connect(m, source, port)
