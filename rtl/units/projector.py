"""The last convolution: it sums over channel groups, then makes signed latents."""

from amaranth.hdl import Array, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import WritePort
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.memory.sized import SizedMemory
from rtl.shape.images import SHIFT_BITS
from rtl.shape.products import DotPlan, sum_banks
from rtl.units.dot_product import DotProduct, accumulator_layout
from rtl.units.requantizer import requantize
from rtl.units.window import SlidingWindow

__all__ = ["GroupAccumulator", "Projector"]


class GroupAccumulator(wiring.Component):
    """Add up what each channel group contributes; the sums leave with the last group.

    Parameters
    ----------
    plan: the last convolution.
    bias_bits: width of a bias.
    isolate: keep sums of the other groups out of the rounding, as nobody looks at what it makes of them.

    Members
    -------
    table: Out(MemoryRead(plan.output_steps, plan.lanes * (bias_bits + SHIFT_BITS))): bias and shift of every output,
        ``plan.lanes`` outputs a word; read for the first group, which starts from the biases, and for the last one,
        which is shifted.
    i: In(stream of accumulator_layout(plan.lanes, plan.accumulator_bits, shifted=False)): accumulators of a group,
        ``plan.lanes`` outputs a transfer, output after output, sample after sample.
    o: Out(stream of plan.lanes × signed(plan.layer.output_bits)): latents in the same order, while the last group
        passes; no latency. One transfer a cycle.

    Cycles
    ------
    Latency: 0 cycles.
    Throughput: a transfer a cycle.
    """

    def __init__(self, plan: DotPlan, bias_bits: int, isolate: bool = True) -> None:
        self._plan = plan
        self._isolate = isolate
        self._groups = plan.groups
        self._bias_bits = bias_bits
        super().__init__(
            {
                "table": Out(MemoryRead(plan.output_steps, plan.lanes * (bias_bits + SHIFT_BITS))),
                "i": In(stream.Signature(accumulator_layout(plan.lanes, plan.accumulator_bits, shifted=False))),
                "o": Out(stream.Signature(data.ArrayLayout(signed(plan.layer.output_bits), plan.lanes))),
            }
        )

    @property
    def depth(self) -> int:
        """Words of partial sums; none where there is one group."""
        return self._plan.sums

    @property
    def banks(self) -> int:
        """Memories that they lie in."""
        return sum_banks(self._plan) if self.depth else 0

    @property
    def words(self) -> int:
        """Words in a memory."""
        return self.depth // max(1, self.banks)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        layout = data.ArrayLayout(signed(plan.accumulator_bits), plan.lanes)
        # The next word is read while this one is added to, and this one written a cycle later. Where there are only
        # one or two they would be the same.
        memories = [SizedMemory(shape=layout, depth=max(2, self.words), init=[], busy=True) for _ in range(self.banks)]
        writes = [memory.write_port() for memory in memories]
        reads = [
            memory.read_port(transparent_for=[write] if self.depth <= 2 else [])
            for memory, write in zip(memories, writes, strict=True)
        ]

        # Of the word that is read next; registers, so that the multiplexers behind the words see each address once.
        step, ahead = Signal(range(max(2, plan.output_steps))), Signal(range(max(2, self.words)))
        group = Signal(range(max(2, self._groups)))
        # Of the word that is added to.
        turn, address, first, last = Signal.like(step), Signal.like(ahead), Signal(), Signal()
        fetched, accept, fetch = Signal(), Signal(), Signal()
        last_step, last_word = step == plan.output_steps - 1, ahead == self.words - 1
        alone = self._groups == 1
        m.d.comb += [
            accept.eq(self.i.valid & self.i.ready),
            self.i.ready.eq(fetched & (self.o.ready | ~last)),
            self.o.valid.eq(fetched & self.i.valid & last),
            fetch.eq(accept | ~fetched),
            self.table.addr.eq(step),
            self.table.en.eq(fetch & ((group == 0) | (group == self._groups - 1))),
        ]
        m.d.sync += fetched.eq(1)
        if alone:
            m.d.comb += [first.eq(1), last.eq(1)]
        with m.If(fetch):
            m.d.sync += step.eq(Mux(last_step, 0, step + 1))
            if not alone:
                m.d.sync += [turn.eq(step), address.eq(ahead), first.eq(group == 0), last.eq(group == self._groups - 1)]
                with m.If(last_step if self.banks > 1 else 1):
                    m.d.sync += ahead.eq(Mux(last_word, 0, ahead + 1))
                with m.If(last_step & last_word):
                    m.d.sync += group.eq(Mux(group == self._groups - 1, 0, group + 1))
        totals = Signal(layout)
        for number, (memory, write, read) in enumerate(zip(memories, writes, reads, strict=True)):
            m.submodules[f"sums{number}"] = memory
            mine = self.banks == 1
            m.d.comb += [read.addr.eq(ahead), read.en.eq(fetch & (mine | (step == number)))]
            self._write(m, number, write, address, totals.as_value(), accept & ~last & (mine | (turn == number)))
        before = Signal(layout)
        if not alone:
            m.d.comb += before.eq(Array(read.data for read in reads)[turn if self.banks > 1 else 0])
        entry = data.View(data.ArrayLayout(unsigned(self._bias_bits + SHIFT_BITS), plan.lanes), self.table.data)
        for lane in range(plan.lanes):
            bias = entry[lane][: self._bias_bits].as_signed()
            total = Signal(signed(plan.accumulator_bits), name=f"total{lane}")
            m.d.comb += [
                total.eq(Mux(first, bias, before[lane]) + self.i.payload.value[lane]),
                totals[lane].eq(total),
            ]
            finished = Signal(signed(plan.accumulator_bits), name=f"finished{lane}")
            m.d.comb += finished.eq(Mux(last, total, 0) if self._isolate else total)
            shift = entry[lane][self._bias_bits :]
            latent = requantize(m, f"q{lane}", finished, shift, plan.layer.output_bits, relu=False)
            m.d.comb += self.o.payload[lane].eq(latent)
        return m

    def _write(self, m: Module, number: int, write: WritePort, address: Value, totals: Value, enable: Value) -> None:
        """From a register, so that what an adder makes on the way to its sum does not reach every word's inputs."""
        if self.depth == 1:
            m.d.comb += [write.addr.eq(address), write.data.eq(totals), write.en.eq(enable)]
            return
        held = Signal(len(totals), name=f"held{number}", reset_less=True)
        place = Signal.like(address, name=f"place{number}", reset_less=True)
        m.d.comb += [write.addr.eq(place), write.data.eq(held)]
        m.d.sync += write.en.eq(enable)
        with m.If(enable):
            m.d.sync += [held.eq(totals), place.eq(address)]


class Projector(wiring.Component):
    """1x1 convolution over all channels, fed one channel group at a time.

    Where the plan's weights are used as they come, vectors are held by their sender, and meet all groups in turn.

    Parameters
    ----------
    plan, port_bits: as for :class:`rtl.units.dot_product.DotProduct`.
    bias_bits, isolate: as for :class:`GroupAccumulator`.

    Members
    -------
    i: In(stream of plan.group_inputs × Shape(plan.layer.input_bits, plan.layer.input_signed)): samples of a group's
        channels; a sample takes ``plan.steps`` cycles.
    weights: In(stream of unsigned(port_bits)): the groups' weights.
    table: Out(MemoryRead(plan.output_steps, plan.lanes * (bias_bits + SHIFT_BITS))): as for :class:`GroupAccumulator`.
    o: Out(stream of plan.lanes × signed(plan.layer.output_bits)): latents, ``plan.lanes`` features a transfer, feature
        after feature, sample after sample.

    Cycles
    ------
    Latency: ``plan.input_steps + 1`` cycles from a sample of the last group to its first latents; one less where the
        plan's weights are used as they come.
    Throughput: a sample every ``plan.steps`` cycles.
    """

    def __init__(self, plan: DotPlan, port_bits: int, bias_bits: int, isolate: bool = True) -> None:
        self._plan = plan
        self._port_bits = port_bits
        self._accumulator = GroupAccumulator(plan, bias_bits, isolate)
        self._element = Shape(plan.layer.input_bits, plan.layer.input_signed)
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(self._element, plan.group_inputs))),
                "weights": In(stream.Signature(unsigned(port_bits))),
                "table": self._accumulator.signature.members["table"],
                "o": self._accumulator.signature.members["o"],
            }
        )

    @property
    def accumulator(self) -> GroupAccumulator:
        """The sums over groups."""
        return self._accumulator

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        m.submodules.dot = dot = DotProduct(plan, self._port_bits, None)
        m.submodules.accumulator = accumulator = self._accumulator
        if plan.direct:
            wiring.connect(m, wiring.flipped(self.i), dot.i)
        else:
            m.submodules.register = register = SlidingWindow(self._element, plan.group_inputs, 1, plan.samples)
            wiring.connect(m, wiring.flipped(self.i), register.i)
            wiring.connect(m, register.o, dot.i)
        wiring.connect(m, dot.o, accumulator.i)
        wiring.connect(m, accumulator.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.weights), dot.weights)
        wiring.connect(m, accumulator.table, wiring.flipped(self.table))
        return m
