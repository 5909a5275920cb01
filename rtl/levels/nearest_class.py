"""The class that is nearest to a column of latents, and its elements."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.shape.level_plan import LevelPlan
from rtl.units.still_product import still_product, tree

__all__ = ["NearestClass"]


class NearestClass(wiring.Component):
    """Smallest ``bias_k - 2 <y, c_k>``, the lowest index on a tie; then the winner's elements, chunk by chunk.

    Parameters
    ----------
    plan: the shape.

    Members
    -------
    table: Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits)): elements and bias of each class.
    start: In(1): begin with a column; ``done`` follows.
    chunk: Out(range(max(2, plan.chunks))): the chunk of the column that is compared.
    column: In(plan.taps × signed(plan.bits)): its latents, no latency.
    done: Out(1): for one cycle, ``winner`` is known.
    winner: Out(range(plan.classes)): the nearest class, until the next start.
    fetch: In(1): read chunk ``wanted`` of the winner, while no search runs.
    wanted: In(range(max(2, plan.chunks))): which.
    elements: Out(plan.taps × signed(plan.element_bits)): its elements, one cycle later.

    Cycles
    ------
    Latency: 1 cycle for each chunk of each class, and one.
    Throughput: a column at a time.
    """

    def __init__(self, plan: LevelPlan) -> None:
        self._plan = plan
        chunk, elements = range(max(2, plan.chunks)), data.ArrayLayout(signed(plan.element_bits), plan.taps)
        super().__init__(
            {
                "table": Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits)),
                "start": In(1),
                "chunk": Out(chunk),
                "column": In(data.ArrayLayout(signed(plan.bits), plan.taps)),
                "done": Out(1),
                "winner": Out(range(plan.classes)),
                "fetch": In(1),
                "wanted": In(chunk),
                "elements": Out(elements),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        # Of the word that is read next, and of the word that has come.
        reading, k, part = Signal(), Signal(range(plan.classes)), Signal.like(self.chunk)
        scoring, index, last_part, last_k = Signal(), Signal.like(k), Signal(), Signal()
        part_end = part == plan.chunks - 1
        m.d.comb += [
            self.table.en.eq(reading | self.fetch),
            self.table.addr.eq(Mux(reading, k * plan.chunks + part, self.winner * plan.chunks + self.wanted)),
            self.elements.as_value().eq(self.table.data[: plan.taps * plan.element_bits]),
            self.done.eq(scoring & last_part & last_k),
        ]
        with m.If(self.start):
            m.d.sync += reading.eq(1)
        m.d.sync += scoring.eq(reading)
        with m.If(reading):
            m.d.sync += [index.eq(k), self.chunk.eq(part), last_part.eq(part_end), last_k.eq(k == plan.classes - 1)]
            m.d.sync += part.eq(Mux(part_end, 0, part + 1))
            with m.If(part_end):
                m.d.sync += k.eq(Mux(k == plan.classes - 1, 0, k + 1))
                with m.If(k == plan.classes - 1):
                    m.d.sync += reading.eq(0)
        products = Signal(signed(plan.score_bits))
        total, score = Signal(signed(plan.score_bits)), Signal(signed(plan.score_bits), reset_less=True)
        best = Signal(signed(plan.score_bits), reset_less=True)
        # Multipliers see a column only while it is compared, not as it fills.
        compared = Signal.like(self.column)
        m.d.comb += compared.eq(Mux(scoring, self.column.as_value(), 0))
        terms = [still_product(compared[tap], self.elements[tap]) for tap in range(plan.taps)]
        bias = self.table.data[plan.taps * plan.element_bits :]
        m.d.comb += [
            products.eq(tree([row for rows, _ in terms for row in rows]) + sum(number for _, number in terms)),
            total.eq(Mux(self.chunk == 0, bias, score) - (products << 1)),
        ]
        with m.If(scoring):
            m.d.sync += score.eq(total)
            with m.If(last_part & ((index == 0) | (total < best))):
                m.d.sync += [best.eq(total), self.winner.eq(index)]
        return m
