"""Columns of latents to levels: the class is found and subtracted, what is left is rounded."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.levels.nearest_class import NearestClass
from rtl.memory.parameter_memory import MemoryRead
from rtl.shape.level_plan import LevelPlan

__all__ = ["Leveler"]


class Leveler(wiring.Component):
    """``level = sign(r) · ((|r| + rounding) >> fraction)`` of every latent, less the element of the column's class.

    Parameters
    ----------
    plan: the shape.

    Members
    -------
    table: Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits)): as for
        :class:`rtl.levels.nearest_class.NearestClass` (only of a plan with classes).
    i: In(stream of plan.elements × signed(plan.bits)): latents, a column in ``plan.transfers`` transfers, the last one
        padded; taken while no column is worked on.
    chosen: Out(stream of range(plan.classes)): the class of each column, before its levels (only of a plan with
        classes).
    o: Out(stream of signed(plan.level_bits)): levels, column after column.

    Cycles
    ------
    Latency: 1 cycle from a column's last latents, without classes.
    Throughput: a transfer a cycle, then a level a cycle, one less for each of ``plan.chunks`` with classes, and those
        of :class:`rtl.levels.nearest_class.NearestClass`.
    """

    def __init__(self, plan: LevelPlan) -> None:
        self._plan = plan
        self._nearest = NearestClass(plan) if plan.classes else None
        members = {
            "i": In(stream.Signature(data.ArrayLayout(signed(plan.bits), plan.elements))),
            "o": Out(stream.Signature(signed(plan.level_bits))),
        }
        if self._nearest is not None:
            members["table"] = Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits))
            members["chosen"] = Out(stream.Signature(range(plan.classes)))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        latents = [Signal(signed(plan.bits), name=f"latent{n}", reset_less=True) for n in range(plan.latents)]
        padded = latents + [Const(0, signed(plan.bits))] * (plan.chunks * plan.taps - plan.latents)
        chunks = [Cat(padded[n * plan.taps : (n + 1) * plan.taps]) for n in range(plan.chunks)]
        layout = data.ArrayLayout(signed(plan.bits), plan.taps)

        transfer = Signal(range(max(2, plan.transfers)))
        with m.If(self.i.valid & self.i.ready):
            for n, latent in enumerate(latents):
                with m.If(transfer == n // plan.elements):
                    m.d.sync += latent.eq(self.i.payload[n % plan.elements])
            m.d.sync += transfer.eq(Mux(transfer == plan.transfers - 1, 0, transfer + 1))
        filled = self.i.valid & (transfer == plan.transfers - 1)

        chunk, tap = Signal(range(max(2, plan.chunks))), Signal(range(max(2, plan.taps)))
        last_tap = (tap == plan.taps - 1) | ((chunk == plan.chunks - 1) & (tap == (plan.latents - 1) % plan.taps))
        column = Signal(layout)
        residual = Signal(signed(plan.residual_bits))
        element = Signal(signed(plan.bits))
        m.d.comb += residual.eq(Array(column)[tap] - element)
        m.d.comb += self.o.payload.eq(self._level(m, residual))
        nearest = self._nearest
        if nearest is not None:
            m.submodules.nearest = nearest
            wiring.connect(m, nearest.table, wiring.flipped(self.table))
            m.d.comb += [
                column.as_value().eq(Array(chunks)[Mux(self.o.valid, chunk, nearest.chunk)]),
                nearest.column.eq(column),
                nearest.wanted.eq(chunk),
                element.eq(Mux(self.o.valid, Array(nearest.elements)[tap], 0)),  # not while classes pass by
                self.chosen.payload.eq(nearest.winner),
            ]
        else:
            m.d.comb += column.as_value().eq(Array(chunks)[chunk])
        walk = "level" if nearest is None else "fetch"
        with m.FSM():
            with m.State("fill"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(filled):
                    if nearest is None:
                        m.next = walk
                    else:
                        m.d.comb += nearest.start.eq(1)
                        m.next = "search"
            if nearest is not None:
                with m.State("search"), m.If(nearest.done):
                    m.next = "class"
                with m.State("class"):
                    m.d.comb += self.chosen.valid.eq(1)
                    with m.If(self.chosen.ready):
                        m.next = "fetch"
                with m.State("fetch"):
                    m.d.comb += nearest.fetch.eq(1)
                    m.next = "level"
            with m.State("level"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += tap.eq(Mux(last_tap, 0, tap + 1))
                    with m.If(last_tap):
                        m.next = walk
                        m.d.sync += chunk.eq(Mux(chunk == plan.chunks - 1, 0, chunk + 1))
                        with m.If(chunk == plan.chunks - 1):
                            m.next = "fill"
        return m

    def _level(self, m: Module, residual: Signal) -> Signal:
        """Rounded away from, or towards, zero alike on either side."""
        plan = self._plan
        size, rounded = Signal(unsigned(plan.residual_bits)), Signal(unsigned(plan.residual_bits + 1))
        level = Signal(signed(plan.level_bits))
        m.d.comb += [
            size.eq(Mux(residual < 0, -residual, residual)),
            rounded.eq((size + plan.rounding) >> plan.fraction),
            level.eq(Mux(residual < 0, -rounded, rounded)),
        ]
        return level
