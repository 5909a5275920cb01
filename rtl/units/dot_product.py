"""Folded, weight-stationary matrix-vector product: a few wide dot products at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.shadow import ShadowRegisters
from rtl.shape.images import SHIFT_BITS
from rtl.shape.products import DotPlan
from rtl.units.still_product import still_product, tree

__all__ = ["DotProduct", "accumulator_layout"]


def accumulator_layout(lanes: int, bits: int, *, shifted: bool) -> data.StructLayout:
    """Finished accumulators of ``lanes`` outputs, with the shift each is due where the unit knows it."""
    fields: dict[str, object] = {"value": data.ArrayLayout(signed(bits), lanes)}
    if shifted:
        fields["shift"] = data.ArrayLayout(unsigned(SHIFT_BITS), lanes)
    return data.StructLayout(fields)


class DotProduct(wiring.Component):
    """``plan.outputs`` dot products per input vector, ``plan.lanes`` at a time, ``plan.taps`` terms a cycle.

    Weights, and biases and shifts where the unit has them, come once per group of ``plan.samples``
    vectors through shadow registers, so that groups follow each other without a gap. Where the plan's weights are
    ``direct``, a word comes for each step instead, and is used as it is offered.

    Parameters
    ----------
    plan: the shape.
    port_bits: width of a word of weights.
    entry_bits: (bias, whole entry) widths of the biases and shifts; None for a unit without.
    per_word: entries in a parameter word.

    Members
    -------
    i: In(stream of plan.inputs × Shape(plan.layer.input_bits, plan.layer.input_signed)): input vectors, held until the
        last step has used them.
    identity: In(stream of plan.outputs × unsigned(plan.identity_bits)): one value per output, shifted and added (only
        if the plan says so).
    weights: In(stream of unsigned(port_bits)): weights, a group at a time.
    parameters: In(stream of unsigned(entry_bits[1] * per_word)): biases and shifts, likewise (only of a unit with
        ``entry_bits``).
    o: Out(stream of accumulator_layout(plan.lanes, plan.accumulator_bits, shifted=entry_bits is not None)):
        accumulators, ``lanes`` outputs a transfer. The first comes ``plan.input_steps`` cycles after the vector, then
        one every ``plan.input_steps`` cycles; a vector takes ``plan.steps`` cycles.

    Cycles
    ------
    Latency: ``plan.input_steps`` cycles to a vector's first outputs.
    Throughput: a vector every ``plan.steps`` cycles.
    """

    def __init__(self, plan: DotPlan, port_bits: int, entry_bits: tuple[int, int] | None, per_word: int = 1) -> None:
        self._plan = plan
        self._entry_bits = entry_bits
        self._per_word = per_word
        layer = plan.layer
        element = signed(layer.input_bits) if layer.input_signed else unsigned(layer.input_bits)
        layout = accumulator_layout(plan.lanes, plan.accumulator_bits, shifted=entry_bits is not None)
        members = {
            "i": In(stream.Signature(data.ArrayLayout(element, plan.inputs))),
            "weights": In(stream.Signature(unsigned(port_bits))),
            "o": Out(stream.Signature(layout)),
        }
        if plan.has_identity:
            members["identity"] = In(stream.Signature(data.ArrayLayout(unsigned(plan.identity_bits), plan.outputs)))
        if entry_bits is not None:
            members["parameters"] = In(stream.Signature(unsigned(entry_bits[1] * per_word)))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        banks: list[ShadowRegisters] = []
        if not plan.direct:
            port = len(self.weights.payload)
            m.submodules.weight_registers = weights = ShadowRegisters(plan.group_weight_words(port), port)
            wiring.connect(m, wiring.flipped(self.weights), weights.i)
            banks.append(weights)
        if self._entry_bits is not None:
            words = -(-plan.outputs // self._per_word)
            parameters = ShadowRegisters(words, len(self.parameters.payload))
            m.submodules.parameter_registers = parameters
            wiring.connect(m, wiring.flipped(self.parameters), parameters.i)
            banks.append(parameters)

        output_step = Signal(range(max(2, plan.output_steps)))
        input_step = Signal(range(max(2, plan.input_steps)))
        loaded, run, last_step, first = Signal(), Signal(), Signal(), Signal()
        last_input = input_step == plan.input_steps - 1
        ready = self.i.valid & (self.identity.valid if plan.has_identity else 1)
        m.d.comb += [
            run.eq(ready & loaded & (~self.o.valid | self.o.ready)),
            last_step.eq(run & last_input & (output_step == plan.output_steps - 1)),
            self.i.ready.eq(last_step),
        ]
        if plan.has_identity:
            m.d.comb += self.identity.ready.eq(last_step)
        if plan.direct:
            m.d.comb += [loaded.eq(self.weights.valid), self.weights.ready.eq(run)]
        else:
            m.d.comb += first.eq(self._load(m, banks, loaded, last_step) == 0)
        with m.If(run):
            m.d.sync += input_step.eq(Mux(last_input, 0, input_step + 1))
            with m.If(last_input):
                m.d.sync += output_step.eq(Mux(output_step == plan.output_steps - 1, 0, output_step + 1))

        operand = self._operand(m, input_step)
        weight = Signal(data.ArrayLayout(signed(plan.weight_bits), plan.multipliers))
        if plan.direct:
            m.d.comb += weight.eq(self.weights.payload)
        else:
            step = Signal(range(max(2, plan.steps)))
            with m.If(run):
                m.d.sync += step.eq(Mux(last_step, 0, step + 1))
            m.d.comb += weight.eq(banks[0].active.word_select(step, plan.step_weight_bits))
        start, shift = self._start(m, output_step, banks[-1].active if banks else None)
        accumulator = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(accumulator)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        if shift is not None:
            # With one pass over the outputs, a group's vectors all have the same shifts.
            with m.If(run & (first if plan.output_steps == 1 else 1)):
                m.d.sync += accumulator.shift.eq(shift)
        with m.If(run):
            m.d.sync += self.o.valid.eq(last_input)
            for lane in range(plan.lanes):
                total = Signal(signed(plan.accumulator_bits), name=f"total{lane}")
                m.d.comb += total.eq(self._total(operand, weight, lane))
                before = Mux(input_step == 0, start[lane], accumulator.value[lane])
                m.d.sync += accumulator.value[lane].eq(before + total)
        return m

    def _total(self, operand: data.View, weight: data.View, lane: int) -> Value:
        """Sum of a lane's products. Weights that are used as they come meet an operand that stands still."""
        taps = self._plan.taps
        pairs = [(operand[tap], weight[lane * taps + tap]) for tap in range(taps)]
        if not self._plan.direct:
            return tree([factor * other for factor, other in pairs])
        made = [still_product(factor, other) for factor, other in pairs]
        return tree([row for rows, _ in made for row in rows]) + sum(number for _, number in made)

    def _load(self, m: Module, banks: list[ShadowRegisters], loaded: Signal, last_step: Signal) -> Signal:
        """A group's parameters are taken before its first vector, or with the last one of the group before it.

        Returns:
            Which of the group's vectors it is.
        """
        samples = self._plan.samples
        vector, group_end, take = Signal(range(max(2, samples))), Signal(), Signal()
        m.d.comb += [
            group_end.eq(last_step & (vector == samples - 1)),
            take.eq(banks[0].full & banks[-1].full & (~loaded | group_end)),
            *(bank.take.eq(take) for bank in banks),
        ]
        m.d.sync += loaded.eq(take | (loaded & ~group_end))
        with m.If(last_step):
            m.d.sync += vector.eq(Mux(vector == samples - 1, 0, vector + 1))
        return vector

    def _operand(self, m: Module, input_step: Signal) -> data.View:
        """The ``taps`` terms of the input vector that this step multiplies."""
        plan = self._plan
        element = self.i.payload.shape().elem_shape
        operand = Signal(data.ArrayLayout(element, plan.taps))
        bits = plan.layer.input_bits * plan.taps
        vector = Signal(bits * plan.input_steps)
        m.d.comb += [
            vector.eq(self.i.payload.as_value().as_unsigned()),
            operand.eq(vector.word_select(input_step, bits)),
        ]
        return operand

    def _start(self, m: Module, output_step: Signal, active: Signal | None) -> tuple[list[object], object]:
        """What each lane's accumulator starts from, bias plus shifted identity; and its shift for later."""
        plan = self._plan
        if self._entry_bits is None or active is None:
            return [0] * plan.lanes, None
        bias_bits, entry_bits = self._entry_bits
        word = self._per_word * entry_bits
        entries = [
            active[n // self._per_word * word + n % self._per_word * entry_bits :][:entry_bits]
            for n in range(plan.outputs)
        ]
        entries += [entries[-1]] * (plan.output_steps * plan.lanes - plan.outputs)
        chosen = Signal(data.ArrayLayout(unsigned(entry_bits), plan.lanes))
        m.d.comb += chosen.eq(Cat(entries).word_select(output_step, plan.lanes * entry_bits))
        identity = Signal(data.ArrayLayout(unsigned(plan.identity_bits), plan.lanes))
        if plan.has_identity:
            width = plan.identity_bits * plan.lanes
            padded = Signal(width * plan.output_steps)
            m.d.comb += [
                padded.eq(self.identity.payload.as_value()),
                identity.eq(padded.word_select(output_step, width)),
            ]
        start, shifts = [], []
        for lane in range(plan.lanes):
            bias = chosen[lane][:bias_bits].as_signed()
            shifts.append(chosen[lane][bias_bits : bias_bits + SHIFT_BITS])
            if plan.has_identity:
                value = Signal(signed(plan.accumulator_bits), name=f"start{lane}")
                left = chosen[lane][bias_bits + SHIFT_BITS :]
                m.d.comb += value.eq(bias + (identity[lane] << left))
                start.append(value)
            else:
                start.append(bias)
        return start, Cat(shifts)
