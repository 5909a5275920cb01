"""From columns of latents to symbols: the leveler, and what groups its levels."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.levels.grouper import Grouper
from rtl.levels.leveler import Leveler
from rtl.memory.parameter_memory import MemoryRead
from rtl.packets.items import item_layout
from rtl.shape.level_plan import LOW_BITS, SIZE_BITS, LevelPlan

__all__ = ["LevelCoder"]


class LevelCoder(wiring.Component):
    """Every column's class, and its levels in groups.

    Parameters
    ----------
    plan: the shape.

    Members
    -------
    classes: Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits)): as for
        :class:`rtl.levels.nearest_class.NearestClass` (only of a plan with classes).
    levels: Out(MemoryRead(plan.latents, LOW_BITS + SIZE_BITS)): as for :class:`rtl.levels.grouper.Grouper`.
    point: In(range(plan.points)): as for :class:`rtl.levels.grouper.Grouper` (only of a plan with several).
    i: In(stream of plan.elements × signed(plan.bits)): as for :class:`rtl.levels.leveler.Leveler`.
    o: Out(stream of item_layout(plan.value_bits)): symbols and numbers.

    Cycles
    ------
    Latency: 3 cycles from a column's last latents to its first symbol, without classes and with one level in the
        first group.
    Throughput: that of the leveler, and a cycle for each symbol and number.
    """

    def __init__(self, plan: LevelPlan) -> None:
        self._plan = plan
        self._leveler, self._grouper = Leveler(plan), Grouper(plan)
        members = {
            "i": In(stream.Signature(data.ArrayLayout(signed(plan.bits), plan.elements))),
            "levels": Out(MemoryRead(plan.latents, LOW_BITS + SIZE_BITS)),
            "o": Out(stream.Signature(item_layout(plan.value_bits))),
        }
        if plan.classes:
            members["classes"] = Out(MemoryRead(plan.classes * plan.chunks, plan.record_bits))
        if plan.points > 1:
            members["point"] = In(range(plan.points))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.leveler = leveler = self._leveler
        m.submodules.grouper = grouper = self._grouper
        wiring.connect(m, wiring.flipped(self.i), leveler.i)
        wiring.connect(m, leveler.o, grouper.i)
        wiring.connect(m, grouper.o, wiring.flipped(self.o))
        wiring.connect(m, grouper.table, wiring.flipped(self.levels))
        if self._plan.points > 1:
            m.d.comb += grouper.point.eq(self.point)
        if self._plan.classes:
            wiring.connect(m, leveler.chosen, grouper.chosen)
            wiring.connect(m, leveler.table, wiring.flipped(self.classes))
        return m
