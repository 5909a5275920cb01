"""From normalized samples to codeword indices: convolutions and search, one block after the other."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.images import parameter_bits
from rtl.memory.parameter_memory import WordLoop
from rtl.search.vector_search import VectorSearch
from rtl.shape.plan import Plan
from rtl.units.convolution import Convolution
from rtl.units.distributor import Distributor
from rtl.units.max_pool import MaxPool
from rtl.units.projector import Projector
from rtl.units.residual_block import ResidualBlock

__all__ = ["Pipeline"]


class Pipeline(wiring.Component):
    """All units between the input buffer and the Huffman emitter.

    Parameters
    ----------
    plan: the shape of the hardware.

    Members
    -------
    i: samples of all spikes, sample after sample, once per channel group.
    weights, parameters, latents, codebook: the tables.
    o: codeword indices in the order of the spec's table. A block takes ``plan.cycles_per_block`` cycles at
        full rate.

    Cycles
    ------
    Latency: at most ``plan.search.cycles`` cycles from a block's last latent to its last index.
    Throughput: a block every ``plan.cycles_per_block`` cycles.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = plan.spec
        entry_bits = parameter_bits(plan)
        port_bits = plan.port_bits
        self._word_bits = entry_bits[1] * plan.parameters_per_word
        shared = (port_bits, entry_bits, plan.parameters_per_word)
        self._weight_counts = plan.weight_words
        self._parameter_counts = plan.parameter_words
        self.weight_loop = WordLoop(plan.groups * sum(self._weight_counts), port_bits)
        self.parameter_loop = WordLoop(plan.groups * sum(self._parameter_counts), self._word_bits)
        self.conv = Convolution(plan.conv, *shared)
        self.blocks = [ResidualBlock(block, *shared) for block in plan.blocks]
        self.projector = Projector(
            plan.project, port_bits, plan.groups, plan.project_bias_bits, plan.hardware.operand_isolation
        )
        project = plan.project
        shape = (project.outputs, project.samples, project.lanes)
        self.search = VectorSearch(plan.search, spec.vq.table, *shape)
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(signed(8), spec.spikes))),
                "weights": self.weight_loop.signature.members["memory"],
                "parameters": self.parameter_loop.signature.members["memory"],
                "latents": self.projector.signature.members["table"],
                "codebook": self.search.signature.members["codebook"],
                "o": Out(stream.Signature(unsigned(self.search.index_bits))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        m.submodules.conv = conv = self.conv
        m.submodules.project = projector = self.projector
        m.submodules.vq = search = self.search
        wiring.connect(m, wiring.flipped(self.i), conv.i)
        before = conv.o
        for block_plan, block in zip(plan.blocks, self.blocks, strict=True):
            m.submodules[block_plan.name] = block
            wiring.connect(m, before, block.i)
            before = block.o
            if block_plan.pool > 1:
                pool = MaxPool(block_plan.expand.outputs, block_plan.pool, block_plan.expand.layer.output_bits)
                m.submodules[block_plan.pool_name] = pool
                wiring.connect(m, before, pool.i)
                before = pool.o
        wiring.connect(m, before, projector.i)
        wiring.connect(m, projector.o, search.i)
        wiring.connect(m, search.o, wiring.flipped(self.o))
        wiring.connect(m, projector.table, wiring.flipped(self.latents))
        wiring.connect(m, search.codebook, wiring.flipped(self.codebook))
        self._deal(m)
        return m

    def _deal(self, m: Module) -> None:
        """Weights, and biases with shifts, go to the units in pipeline order."""
        m.submodules.weight_loop, m.submodules.parameter_loop = self.weight_loop, self.parameter_loop
        isolate = self._plan.hardware.operand_isolation
        m.submodules.deal_weights = weights = Distributor(len(self.weights.data), self._weight_counts, isolate)
        m.submodules.deal_parameters = parameters = Distributor(self._word_bits, self._parameter_counts, isolate)
        wiring.connect(m, self.weight_loop.memory, wiring.flipped(self.weights))
        wiring.connect(m, self.parameter_loop.memory, wiring.flipped(self.parameters))
        wiring.connect(m, self.weight_loop.o, weights.i)
        wiring.connect(m, self.parameter_loop.o, parameters.i)
        weight_ports = [self.conv.weights, *(port for block in self.blocks for port in block.weights)]
        parameter_ports = [self.conv.parameters, *(port for block in self.blocks for port in block.parameters)]
        for source, port in zip(weights.o, [*weight_ports, self.projector.weights], strict=True):
            wiring.connect(m, source, port)
        for source, port in zip(parameters.o, parameter_ports, strict=True):
            wiring.connect(m, source, port)
