"""Levels to symbols: the levels of a group are the digits of one, those outside their box follow as numbers."""

from amaranth.hdl import Array, Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead
from rtl.packets.items import item_layout
from rtl.shape.level_plan import LOW_BITS, SIZE_BITS, LevelPlan

__all__ = ["Grouper"]


class Grouper(wiring.Component):
    """Class and groups' symbols of each column; behind a reserved symbol the levels of its group.

    Parameters
    ----------
    plan: the shape.

    Members
    -------
    table: Out(MemoryRead(plan.latents, LOW_BITS + SIZE_BITS)): smallest value and size of each level.
    point: In(range(plan.points)): operating point, stable between resets (only of a plan with several).
    chosen: In(stream of range(plan.classes)): class of each column (only of a plan with classes).
    i: In(stream of signed(plan.level_bits)): levels; one a cycle within a group.
    o: Out(stream of item_layout(plan.value_bits)): symbols and numbers.

    Cycles
    ------
    Latency: 1 cycle from a group's last level.
    Throughput: a level a cycle, and one for each symbol and number.
    """

    def __init__(self, plan: LevelPlan) -> None:
        self._plan = plan
        members = {
            "table": Out(MemoryRead(plan.latents, LOW_BITS + SIZE_BITS)),
            "i": In(stream.Signature(signed(plan.level_bits))),
            "o": Out(stream.Signature(item_layout(plan.value_bits))),
        }
        if plan.classes:
            members["chosen"] = In(stream.Signature(range(plan.classes)))
        if plan.points > 1:
            members["point"] = In(range(plan.points))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        longest = max(plan.groups)
        at, next_at = Signal(range(max(2, plan.latents))), Signal(range(max(2, plan.latents)))
        column, group = Signal(range(max(2, plan.columns))), Signal(range(max(2, len(plan.groups))))
        fetched, accept, group_end = Signal(), Signal(), Signal()
        last_group = group == len(plan.groups) - 1
        m.d.comb += [
            accept.eq(self.i.valid & self.i.ready),
            group_end.eq(Array(int(n in plan.ends) for n in range(plan.latents))[at]),
            next_at.eq(Mux(accept, Mux(at == plan.latents - 1, 0, at + 1), at)),
            self.table.addr.eq(next_at),
            self.table.en.eq(accept | ~fetched),
        ]
        m.d.sync += fetched.eq(1)

        # Digits so far as one number, whether all lie in the box, and the levels themselves in case they do not.
        symbol, inside = Signal(plan.symbol_bits, reset_less=True), Signal(reset_less=True)
        levels = [Signal(signed(plan.level_bits), name=f"level{n}", reset_less=True) for n in range(longest)]
        count, sent = Signal(range(longest + 1)), Signal(range(longest + 1))
        low, size = self.table.data[:LOW_BITS].as_signed(), self.table.data[LOW_BITS:]
        digit = Signal(signed(max(plan.level_bits, LOW_BITS) + 1))
        first, fits, number = Signal(), Signal(), Signal(unsigned(plan.symbol_bits + SIZE_BITS + 1))
        m.d.comb += [
            first.eq(count == 0),
            digit.eq(self.i.payload - low),
            fits.eq((digit >= 0) & (digit < size)),
            number.eq(Mux(first, 0, symbol) * size + digit[:SIZE_BITS]),
        ]
        with m.If(accept):
            m.d.sync += [at.eq(next_at), symbol.eq(number), inside.eq(fits & (first | inside)), count.eq(count + 1)]
            for n, level in enumerate(levels):
                with m.If(count == n):
                    m.d.sync += level.eq(self.i.payload)

        out, over = self.o.payload, Signal()
        level = Array(levels)[sent]
        last = [Array(symbols - 1 for symbols in point)[group] for point in plan.symbols]
        reserved = Array(last)[self.point] if plan.points > 1 else last[0]
        m.d.comb += out.last.eq(over & last_group & (column == plan.columns - 1))

        def group_over() -> None:
            m.d.sync += [count.eq(0), sent.eq(0), group.eq(Mux(last_group, 0, group + 1))]
            with m.If(last_group):
                m.d.sync += column.eq(Mux(column == plan.columns - 1, 0, column + 1))
                m.next = "class" if plan.classes else "levels"
            with m.Else():
                m.next = "levels"

        with m.FSM():
            if plan.classes:
                with m.State("class"):
                    m.d.comb += [
                        self.o.valid.eq(self.chosen.valid),
                        out.value.eq(self.chosen.payload),
                        self.chosen.ready.eq(self.o.ready),
                    ]
                    with m.If(self.o.valid & self.o.ready):
                        m.next = "levels"
            with m.State("levels"):
                m.d.comb += self.i.ready.eq(fetched)
                with m.If(accept & group_end):
                    m.next = "symbol"
            with m.State("symbol"):
                m.d.comb += [self.o.valid.eq(1), out.value.eq(Mux(inside, symbol, reserved)), over.eq(inside)]
                with m.If(self.o.ready & inside):
                    group_over()
                with m.Elif(self.o.ready):
                    m.next = "numbers"
            with m.State("numbers"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    out.golomb.eq(1),
                    out.value.eq(Mux(level < 0, ~(level << 1), level << 1)),
                    over.eq(sent == count - 1),
                ]
                with m.If(self.o.ready & over):
                    group_over()
                with m.Elif(self.o.ready):
                    m.d.sync += sent.eq(sent + 1)
        return m
