"""The last convolution: it sums over channel groups, then makes signed latents."""

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import WritePort
from amaranth.lib.wiring import In, Out

from rtl.dot_product import DotProduct, accumulator_layout
from rtl.images import SHIFT_BITS
from rtl.memory import MemoryRead
from rtl.memory_use import SizedMemory
from rtl.plan import DotPlan
from rtl.requantizer import requantize
from rtl.window import SlidingWindow

__all__ = ["GroupAccumulator", "Projector"]


class GroupAccumulator(wiring.Component):
    """Add up what each channel group contributes; the sums leave with the last group.

    Parameters
    ----------
    plan: the last convolution.
    groups: channel groups.
    bias_bits: width of a bias.
    isolate: keep sums of the other groups out of the rounding, as nobody looks at what it makes of them.

    Members
    -------
    table: bias and shift of every output, ``plan.lanes`` outputs a word; read for the first group, which starts from
        the biases, and for the last one, which is shifted.
    i: accumulators of a group, ``plan.lanes`` outputs a transfer, output after output, sample after sample.
    o: latents in the same order, while the last group passes; no latency. One transfer a cycle.

    Cycles
    ------
    Latency: 0 cycles.
    Throughput: a transfer a cycle.
    """

    def __init__(self, plan: DotPlan, groups: int, bias_bits: int, isolate: bool = True) -> None:
        self._plan = plan
        self._isolate = isolate
        self._groups = groups
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
        """Words of partial sums."""
        return self._plan.output_steps * self._plan.samples

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        layout = data.ArrayLayout(signed(plan.accumulator_bits), plan.lanes)
        m.submodules.sums = sums = SizedMemory(shape=layout, depth=max(2, self.depth), init=[], busy=True)
        write = sums.write_port()
        # The next word is read while this one is added to, and this one written a cycle later. Where there are only
        # one or two they would be the same.
        read = sums.read_port(transparent_for=[write] if self.depth <= 2 else [])

        step, sample = Signal(range(max(2, plan.output_steps))), Signal(range(max(2, plan.samples)))
        address = Signal(range(max(2, self.depth)))
        group = Signal(range(max(2, self._groups)))
        fetched, accept, needed = Signal(), Signal(), Signal()
        last_step, end = step == plan.output_steps - 1, Signal()
        next_step, next_sample, next_address, next_group = (Signal.like(s) for s in (step, sample, address, group))
        first, last = group == 0, group == self._groups - 1
        m.d.comb += [
            accept.eq(self.i.valid & self.i.ready),
            self.i.ready.eq(fetched & (self.o.ready | ~last)),
            self.o.valid.eq(fetched & self.i.valid & last),
            end.eq(last_step & (sample == plan.samples - 1)),
            next_step.eq(step),
            next_sample.eq(sample),
            next_address.eq(address),
            next_group.eq(group),
            needed.eq((next_group == 0) | (next_group == self._groups - 1)),
            read.addr.eq(next_address),
            read.en.eq(accept | ~fetched),
            self.table.addr.eq(next_step),
            self.table.en.eq(read.en & needed),
        ]
        # The sums of an output lie side by side, so that of a word's address only the upper bits change from step to
        # step, and with them only the last of the multiplexers behind flip-flops.
        with m.If(accept):
            m.d.comb += [next_step.eq(step + 1), next_address.eq(address + plan.samples)]
            with m.If(last_step):
                m.d.comb += [next_step.eq(0), next_sample.eq(sample + 1), next_address.eq(sample + 1)]
            with m.If(end):
                m.d.comb += [next_sample.eq(0), next_address.eq(0), next_group.eq(Mux(last, 0, group + 1))]
        m.d.sync += [
            fetched.eq(1),
            step.eq(next_step),
            sample.eq(next_sample),
            address.eq(next_address),
            group.eq(next_group),
        ]
        totals = Signal(layout)
        self._write(m, write, address, totals, accept & ~last)
        entry = data.View(data.ArrayLayout(unsigned(self._bias_bits + SHIFT_BITS), plan.lanes), self.table.data)
        for lane in range(plan.lanes):
            bias = entry[lane][: self._bias_bits].as_signed()
            total = Signal(signed(plan.accumulator_bits), name=f"total{lane}")
            m.d.comb += [
                total.eq(Mux(first, bias, read.data[lane]) + self.i.payload.value[lane]),
                totals[lane].eq(total),
            ]
            finished = Signal(signed(plan.accumulator_bits), name=f"finished{lane}")
            m.d.comb += finished.eq(Mux(last, total, 0) if self._isolate else total)
            shift = entry[lane][self._bias_bits :]
            latent = requantize(m, f"q{lane}", finished, shift, plan.layer.output_bits, relu=False)
            m.d.comb += self.o.payload[lane].eq(latent)
        return m

    def _write(self, m: Module, write: WritePort, address: Value, totals: data.View, enable: Value) -> None:
        """From a register, so that what an adder makes on the way to its sum does not reach every word's inputs."""
        if self.depth == 1:
            m.d.comb += [write.addr.eq(address), write.data.eq(totals), write.en.eq(enable)]
            return
        held, place = Signal.like(totals, reset_less=True), Signal.like(address, reset_less=True)
        m.d.comb += [write.addr.eq(place), write.data.eq(held)]
        m.d.sync += write.en.eq(enable)
        with m.If(enable):
            m.d.sync += [held.eq(totals), place.eq(address)]


class Projector(wiring.Component):
    """1x1 convolution over all channels, fed one channel group at a time.

    Parameters
    ----------
    plan, port_bits: as for :class:`rtl.dot_product.DotProduct`.
    groups, bias_bits, isolate: as for :class:`GroupAccumulator`.

    Members
    -------
    i: samples of a group's channels, unsigned; a sample takes ``plan.steps`` cycles.
    weights: the groups' weights.
    table: as for :class:`GroupAccumulator`.
    o: latents, ``plan.lanes`` features a transfer, feature after feature, sample after sample.

    Cycles
    ------
    Latency: ``plan.input_steps + 1`` cycles from a sample of the last group to its first latents.
    Throughput: a sample every ``plan.steps`` cycles.
    """

    def __init__(self, plan: DotPlan, port_bits: int, groups: int, bias_bits: int, isolate: bool = True) -> None:
        self._plan = plan
        self._port_bits = port_bits
        self._accumulator = GroupAccumulator(plan, groups, bias_bits, isolate)
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(unsigned(plan.layer.input_bits), plan.group_inputs))),
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
        m.submodules.register = register = SlidingWindow(
            unsigned(plan.layer.input_bits), plan.group_inputs, 1, plan.samples
        )
        m.submodules.dot = dot = DotProduct(plan, self._port_bits, None)
        m.submodules.accumulator = accumulator = self._accumulator
        wiring.connect(m, wiring.flipped(self.i), register.i)
        wiring.connect(m, register.o, dot.i)
        wiring.connect(m, dot.o, accumulator.i)
        wiring.connect(m, accumulator.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.weights), dot.weights)
        wiring.connect(m, accumulator.table, wiring.flipped(self.table))
        return m
