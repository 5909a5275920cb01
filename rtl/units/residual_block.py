"""ResNeXt block of one channel group: reduce, convolve, expand, add the delayed input."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from rtl.shape.products import BlockPlan
from rtl.units.convolution import Convolution

__all__ = ["ResidualBlock"]


class ResidualBlock(wiring.Component):
    """Three convolutions in a row, and a short queue that carries the input to the last one's accumulator.

    Parameters
    ----------
    plan: the block's products.
    port_bits, entry_bits, per_word: as for :class:`rtl.units.dot_product.DotProduct`.

    Members
    -------
    i: In(stream of plan.reduce.group_inputs × unsigned(plan.reduce.layer.input_bits)): samples of the group's channels.
        One every ``plan.reduce.period`` cycles.
    weights: In(3 × stream of unsigned(port_bits)): for reduce, conv and expand.
    parameters: In(3 × stream of unsigned(entry_bits[1] * per_word)): likewise.
    o: Out(stream of plan.reduce.group_inputs × unsigned(plan.expand.layer.output_bits)): samples of the same channels,
        as many.

    Cycles
    ------
    Latency: ``steps + 2`` cycles of each convolution; the second waits for ``kernel // 2`` more samples.
    Throughput: a sample every ``plan.reduce.period`` cycles.
    """

    def __init__(self, plan: BlockPlan, port_bits: int, entry_bits: tuple[int, int], per_word: int) -> None:
        self._plan = plan
        self._units = [Convolution(dot, port_bits, entry_bits, per_word) for dot in plan.products]
        channels = plan.reduce.group_inputs
        inputs = data.ArrayLayout(unsigned(plan.reduce.layer.input_bits), channels)
        outputs = data.ArrayLayout(unsigned(plan.expand.layer.output_bits), channels)
        super().__init__(
            {
                "i": In(stream.Signature(inputs)),
                "weights": In(stream.Signature(unsigned(port_bits))).array(3),
                "parameters": In(stream.Signature(unsigned(entry_bits[1] * per_word))).array(3),
                "o": Out(stream.Signature(outputs)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        reduce, conv, expand = self._units
        m.submodules.reduce, m.submodules.conv, m.submodules.expand = reduce, conv, expand
        m.submodules.delay = delay = SyncFIFO(width=len(self.i.payload.as_value()), depth=self._plan.delay)
        m.d.comb += [
            reduce.i.payload.eq(self.i.payload),
            delay.w_data.eq(self.i.payload),
            reduce.i.valid.eq(self.i.valid & delay.w_rdy),
            delay.w_en.eq(self.i.valid & reduce.i.ready),
            self.i.ready.eq(reduce.i.ready & delay.w_rdy),
            expand.identity.payload.eq(delay.r_data),
            expand.identity.valid.eq(delay.r_rdy),
            delay.r_en.eq(expand.identity.ready),
        ]
        wiring.connect(m, reduce.o, conv.i)
        wiring.connect(m, conv.o, expand.i)
        wiring.connect(m, expand.o, wiring.flipped(self.o))
        for number, unit in enumerate(self._units):
            wiring.connect(m, wiring.flipped(self.weights[number]), unit.weights)
            wiring.connect(m, wiring.flipped(self.parameters[number]), unit.parameters)
        return m
