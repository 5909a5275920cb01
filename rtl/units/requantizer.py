"""From accumulators to outputs of few bits: ReLU, shift with rounding half up, saturation."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.units.dot_product import accumulator_layout

__all__ = ["Requantizer", "requantize"]


def requantize(m: Module, name: str, accumulator: Value, shift: Value, output_bits: int, *, relu: bool) -> Signal:
    """Combinational ``saturate((accumulator + (1 << (shift-1))) >> shift)``, unsigned after a ReLU.

    Half a step is added behind the shifter, on the one fraction bit that is kept: an adder as wide as
    what remains, and no wider accumulator.
    """
    bits = len(accumulator)
    kept = Signal(signed(bits + 1), name=f"{name}_kept")
    rounded = Signal(signed(bits + 1), name=f"{name}_rounded")
    half = 1 << (output_bits - 1)
    low, high = (0, 2 * half - 1) if relu else (-half, half - 1)
    result = Signal(unsigned(output_bits) if relu else signed(output_bits), name=name)
    value = Mux(accumulator < 0, Const(0, signed(bits)), accumulator).as_signed() if relu else accumulator
    m.d.comb += [
        kept.eq((value << 1).as_signed() >> shift),
        rounded.eq((kept + 1) >> 1),
        result.eq(Mux(rounded > high, high, Mux(rounded < low, low, rounded))),
    ]
    return result


class Requantizer(wiring.Component):
    """Collect the outputs of a vector, ``lanes`` at a time, each rectified, shifted, rounded, saturated.

    Parameters
    ----------
    outputs: outputs of a vector.
    lanes: outputs in a transfer.
    bits: width of an accumulator.
    output_bits: width of an output.

    Members
    -------
    i: In(stream of accumulator_layout(lanes, bits, shifted=True)): accumulators with their shifts; one transfer a
        cycle.
    o: Out(stream of outputs × unsigned(output_bits)): the vector; valid one cycle after its last accumulators.

    Cycles
    ------
    Latency: 1 cycle from the last accumulators of a vector.
    Throughput: a transfer a cycle.
    """

    def __init__(self, outputs: int, lanes: int, bits: int, output_bits: int) -> None:
        self._outputs = outputs
        self._lanes = lanes
        self._bits = output_bits
        super().__init__(
            {
                "i": In(stream.Signature(accumulator_layout(lanes, bits, shifted=True))),
                "o": Out(stream.Signature(data.ArrayLayout(unsigned(output_bits), outputs))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps = -(-self._outputs // self._lanes)
        step = Signal(range(max(2, steps)))
        values = [
            requantize(m, f"q{lane}", self.i.payload.value[lane], self.i.payload.shift[lane], self._bits, relu=True)
            for lane in range(self._lanes)
        ]
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [step.eq(Mux(step == steps - 1, 0, step + 1)), self.o.valid.eq(step == steps - 1)]
            with m.Switch(step):
                for n in range(steps):
                    with m.Case(n):
                        for lane in range(min(self._lanes, self._outputs - n * self._lanes)):
                            m.d.sync += self.o.payload[n * self._lanes + lane].eq(values[lane])
        return m
