"""From normalized samples to symbols: every part between input buffer and coder, one block after the other."""

from itertools import pairwise
from typing import Any

from amaranth.hdl import Module, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead, WordLoop
from rtl.packets.items import symbol_shape
from rtl.shape.plan import PARAMETERS, WEIGHTS, Plan
from rtl.units.distributor import Distributor

__all__ = ["DEALERS", "LOOPS", "Pipeline", "dealt"]

LOOPS = {WEIGHTS: "weight_loop", PARAMETERS: "parameter_loop"}
"""What reads a memory that products share."""
DEALERS = {WEIGHTS: "deal_weights", PARAMETERS: "deal_parameters"}
"""What deals its words out, where there are several receivers."""


def dealt(plan: Plan) -> dict[str, list[int]]:
    """Words that each receiver takes, of the shared memories that have several."""
    counts = {WEIGHTS: plan.weight_words, PARAMETERS: plan.parameter_words}
    return {name: counts[name] for name in plan.shared_tables if len(counts[name]) > 1}


class Pipeline(wiring.Component):
    """All units between the input buffer and the coder.

    Parameters
    ----------
    plan: the shape of the hardware.

    Members
    -------
    i: In(stream of plan.feed.lanes × signed(8)): samples, as the feed says.
    <table>: Out(MemoryRead(plan.tables[table].depth, plan.images[table].width)): the read port of each parameter
        memory of the parts, by its name: of one operating point's words.
    point: In(range(plan.points)): which one, stable between resets (only of a plan with several).
    o: Out(stream of symbol_shape(plan.quantizer.index_bits, plan.quantizer.golomb_order)): symbols in the order of the
        spec's. A block takes ``plan.cycles_per_block`` cycles at full rate.

    Cycles
    ------
    Latency: less than ``plan.latency`` cycles from a block's last sample to its last symbol.
    Throughput: a block every ``plan.cycles_per_block`` cycles.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._loops = {
            name: WordLoop(len(table.image.words), table.image.width) for name, table in plan.shared_tables.items()
        }
        self._units: dict[str, Any] = {}
        for part in plan.parts:
            unit = part.component(plan.widths)
            if unit is not None:
                self._units[part.name] = unit
        self._own = {name: (part, table.port) for part in plan.parts for name, table in part.tables().items()}
        self.tables = [*self._loops, *self._own]
        """Names of the parameter memories that it reads."""
        images = plan.images
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(signed(8), plan.feed.lanes))),
                **{name: Out(MemoryRead(plan.tables[name].depth, images[name].width)) for name in self.tables},
                **({"point": In(range(plan.points))} if plan.points > 1 else {}),
                "o": Out(stream.Signature(symbol_shape(plan.quantizer.index_bits, plan.quantizer.golomb_order))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, units = self._plan, self._units
        for part in plan.placed:
            if part.name in units:
                m.submodules[part.name] = units[part.name]
        chain = [units[part.name] for part in plan.parts if part.name in units]
        wiring.connect(m, wiring.flipped(self.i), chain[0].i)
        for before, after in pairwise(chain):
            wiring.connect(m, before.o, after.i)
        wiring.connect(m, chain[-1].o, wiring.flipped(self.o))
        for name, (part, port) in self._own.items():
            wiring.connect(m, getattr(units[part.name], port), wiring.flipped(getattr(self, name)))
        for unit in chain if plan.points > 1 else ():
            if "point" in unit.signature.members:
                m.d.comb += unit.point.eq(self.point)
        self._deal(m)
        return m

    def _deal(self, m: Module) -> None:
        """Weights, and biases with shifts, go to the units in pipeline order."""
        plan, isolate = self._plan, self._plan.hardware.operand_isolation
        dealers = {}
        for name, loop in self._loops.items():
            m.submodules[LOOPS[name]] = loop
        for name, counts in dealt(plan).items():
            dealers[name] = Distributor(len(getattr(self, name).data), counts, isolate)
            m.submodules[DEALERS[name]] = dealers[name]
        for name, loop in self._loops.items():
            wiring.connect(m, loop.memory, wiring.flipped(getattr(self, name)))
        for name, loop in self._loops.items():
            sources = [loop.o]
            if name in dealers:
                wiring.connect(m, loop.o, dealers[name].i)
                sources = list(dealers[name].o)
            for source, port in zip(sources, self._receivers(name), strict=True):
                wiring.connect(m, source, port)

    def _receivers(self, name: str) -> list[Any]:
        """The units' ports that take a shared memory's words, a port for each product."""
        ports: list[Any] = []
        for part in self._plan.parts:
            takers = [product for product in part.products if name == WEIGHTS or product.requantized]
            if takers:
                found = getattr(self._units[part.name], name)
                ports += [found] if len(part.products) == 1 else list(found)
        return ports
