"""A grouped convolution with its requantization: window, folded product, rounding."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.shape.products import DotPlan
from rtl.units.dot_product import DotProduct
from rtl.units.requantizer import Requantizer
from rtl.units.window import SlidingWindow

__all__ = ["Convolution"]


class Convolution(wiring.Component):
    """One channel group at a time: samples of ``group_inputs`` channels in, of ``outputs`` channels out.

    Parameters
    ----------
    plan, port_bits, entry_bits, per_word: as for :class:`rtl.units.dot_product.DotProduct`.

    Members
    -------
    i: In(stream of plan.group_inputs × Shape(plan.layer.input_bits, plan.layer.input_signed)): samples of the group's
        input channels.
    identity: In(stream of plan.outputs × unsigned(plan.identity_bits)): what is added before the ReLU (only if the plan
        says so).
    weights: In(stream of unsigned(port_bits)): the groups' weights.
    parameters: In(stream of unsigned(entry_bits[1] * per_word)): biases and shifts.
    o: Out(stream of plan.outputs × unsigned(plan.layer.output_bits)): samples of the group's output channels. A sample
        takes ``plan.steps`` cycles; it leaves ``plan.steps + 2`` cycles after the last sample of its window came.

    Cycles
    ------
    Latency: ``plan.steps + 2`` cycles from the last sample of a window.
    Throughput: a sample every ``plan.steps`` cycles.
    """

    def __init__(self, plan: DotPlan, port_bits: int, entry_bits: tuple[int, int], per_word: int) -> None:
        self._plan = plan
        self._dot = DotProduct(plan, port_bits, entry_bits, per_word)
        layer = plan.layer
        self._element = signed(layer.input_bits) if layer.input_signed else unsigned(layer.input_bits)
        members = {
            "i": In(stream.Signature(data.ArrayLayout(self._element, plan.group_inputs))),
            "weights": In(stream.Signature(unsigned(port_bits))),
            "parameters": In(stream.Signature(unsigned(entry_bits[1] * per_word))),
            "o": Out(stream.Signature(data.ArrayLayout(unsigned(layer.output_bits), plan.outputs))),
        }
        if plan.has_identity:
            members["identity"] = In(stream.Signature(data.ArrayLayout(unsigned(plan.identity_bits), plan.outputs)))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        m.submodules.window = window = SlidingWindow(self._element, plan.group_inputs, plan.layer.kernel, plan.samples)
        m.submodules.dot = dot = self._dot
        m.submodules.requantizer = requantizer = Requantizer(
            plan.outputs, plan.lanes, plan.accumulator_bits, plan.layer.output_bits
        )
        wiring.connect(m, wiring.flipped(self.i), window.i)
        wiring.connect(m, window.o, dot.i)
        wiring.connect(m, dot.o, requantizer.i)
        wiring.connect(m, requantizer.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.weights), dot.weights)
        wiring.connect(m, wiring.flipped(self.parameters), dot.parameters)
        if plan.has_identity:
            wiring.connect(m, wiring.flipped(self.identity), dot.identity)
        return m
