"""Registers for one block's latents, read as the sub-vectors that a search compares."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.shape.search_plan import SearchPlan
from spikecae.stages import SubVector

__all__ = ["LatentBank"]


class LatentBank(wiring.Component):
    """Registers for one block's latents, read as rows of ``plan.lanes`` zero-padded sub-vectors.

    Parameters
    ----------
    plan: the search.
    table: where each sub-vector lies in the latents, feature after feature.
    features, samples, lanes: shape of the latents, and features in a transfer.

    Members
    -------
    i: In(stream of lanes × signed(plan.bits)): latents, sample after sample, ``lanes`` features a transfer; one a cycle
        while not ``full``.
    full: Out(1): all have come.
    done: In(1): frees the bank.
    row: In(range(max(2, len(rows)))): row to read.
    vectors: Out(plan.lanes × (plan.length - plan.tail) × signed(plan.bits)): its sub-vectors, no latency; of a search
        with a tail, all their elements but the last ``plan.tail``.
    tail_rows: In(plan.lanes × range(max(2, len(rows)))): a row for each lane (only of a search with a tail).
    tails: Out(plan.lanes × plan.tail × signed(plan.bits)): the other elements of these, no latency (only of a search
        with a tail).

    Cycles
    ------
    Latency: 1 cycle from a transfer until it can be read.
    Throughput: a transfer a cycle, a row a cycle.
    """

    def __init__(self, plan: SearchPlan, table: tuple[SubVector, ...], features: int, samples: int, lanes: int) -> None:
        self._plan = plan
        self._table = table
        self._features = features
        self._samples = samples
        self._lanes = lanes
        self.rows = [
            list(range(p.first + start, min(p.first + start + plan.lanes, p.first + p.count)))
            for p in plan.passes
            for start in range(0, p.count, plan.lanes)
        ]
        row = range(max(2, len(self.rows)))

        def vectors(length: int) -> data.ArrayLayout:
            return data.ArrayLayout(data.ArrayLayout(signed(plan.bits), length), plan.lanes)

        members = {
            "i": In(stream.Signature(data.ArrayLayout(signed(plan.bits), lanes))),
            "full": Out(1),
            "done": In(1),
            "row": In(row),
            "vectors": Out(vectors(plan.length - plan.tail)),
        }
        if plan.tail:
            members["tail_rows"] = In(row).array(plan.lanes)
            members["tails"] = Out(vectors(plan.tail))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        steps = -(-self._features // self._lanes)
        step, sample = Signal(range(max(2, steps))), Signal(range(max(2, self._samples)))
        latents = [
            [Signal(signed(plan.bits), name=f"latent{n}_{t}", reset_less=True) for t in range(self._samples)]
            for n in range(self._features)
        ]
        m.d.comb += self.i.ready.eq(~self.full)
        with m.If(self.done):
            m.d.sync += self.full.eq(0)
        with m.If(self.i.valid & self.i.ready):
            for n, row in enumerate(latents):
                for t, latent in enumerate(row):
                    with m.If((step == n // self._lanes) & (sample == t)):
                        m.d.sync += latent.eq(self.i.payload[n % self._lanes])
            m.d.sync += step.eq(Mux(step == steps - 1, 0, step + 1))
            with m.If(step == steps - 1):
                m.d.sync += sample.eq(Mux(sample == self._samples - 1, 0, sample + 1))
                with m.If(sample == self._samples - 1):
                    m.d.sync += self.full.eq(1)
        flat = [latent for row in latents for latent in row]
        head = plan.length - plan.tail
        for lane in range(plan.lanes):
            elements = [self._elements(flat, row, lane) for row in self.rows]
            m.d.comb += self.vectors[lane].as_value().eq(_choose([row[:head] for row in elements], self.row))
            if plan.tail:
                tails = [row[head:] for row in elements]
                m.d.comb += self.tails[lane].as_value().eq(_choose(tails, self.tail_rows[lane]))
        return m

    def _elements(self, flat: list[Signal], row: list[int], lane: int) -> list[Value]:
        """A lane's sub-vector in a row, zero-padded; zeros where the row is not full."""
        elements: list[Value] = []
        if lane < len(row):
            part = self._table[row[lane]]
            elements += flat[part.offset : part.offset + part.length]
        return elements + [Const(0, signed(self._plan.bits))] * (self._plan.length - len(elements))


def _choose(rows: Sequence[Sequence[Value]], row: Value) -> Value:
    return Array(Cat(*elements) for elements in rows)[row]
