"""Nearest-codeword search: every codeword is held while all sub-vectors of a block are scored against it."""

from amaranth.hdl import Array, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory.parameter_memory import MemoryRead, WordLoop
from rtl.memory.shadow import ShadowRegisters
from rtl.search.latent_bank import LatentBank
from rtl.search.score_lane import ScoreLane
from rtl.shape.search_plan import SearchPlan
from spikecae.stages import SubVector

__all__ = ["VectorSearch"]


class VectorSearch(wiring.Component):
    """Index of the smallest ``bias_k - 2 <y, c_k>`` of each sub-vector; the lowest index on a tie.

    Parameters
    ----------
    plan: the search.
    table, features, samples, lanes: as for :class:`rtl.search.latent_bank.LatentBank`.

    Members
    -------
    codebook: Out(MemoryRead(sum(p.codewords for p in plan.passes) * plan.record_words, 8 * plan.port_bytes)): records
        of bias and codeword, pass after pass.
    i: In(stream of lanes × signed(plan.bits)): latents, as for :class:`rtl.search.latent_bank.LatentBank`; they are
        taken while no search runs.
    o: Out(stream of unsigned(plan.index_bits)): indices in the order of the table, once a pass over a codebook ends; a
        block takes at most ``plan.cycles`` cycles from its last latent.

    Cycles
    ------
    Latency: at most ``plan.cycles`` cycles from a block's last latent to its last index.
    Throughput: a block every ``plan.cycles`` cycles, and the cycles its latents take.
    """

    def __init__(
        self,
        plan: SearchPlan,
        table: tuple[SubVector, ...],
        features: int,
        samples: int,
        lanes: int,
    ) -> None:
        self._plan = plan
        self._bank = LatentBank(plan, table, features, samples, lanes)
        self._depth = sum(p.codewords for p in plan.passes) * plan.record_words
        self.index_bits = plan.index_bits
        self._most_rows = max(plan.rows(p) for p in plan.passes)
        self.lanes = [ScoreLane(plan, self._most_rows, self.index_bits) for _ in range(plan.lanes)]
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(signed(plan.bits), lanes))),
                "codebook": Out(MemoryRead(self._depth, 8 * plan.port_bytes)),
                "o": Out(stream.Signature(unsigned(self.index_bits))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        m.submodules.bank = bank = self._bank
        m.submodules.words = words = WordLoop(self._depth, 8 * plan.port_bytes)
        m.submodules.codeword = codeword = ShadowRegisters(plan.record_words, 8 * plan.port_bytes)
        wiring.connect(m, wiring.flipped(self.i), bank.i)
        wiring.connect(m, words.memory, wiring.flipped(self.codebook))
        wiring.connect(m, words.o, codeword.i)

        # Counters: pass, codeword within it, row of sub-vectors within the pass, chunk within a score.
        passes = plan.passes
        most_rows = self._most_rows
        pass_, k = Signal(range(max(2, len(passes)))), Signal(self.index_bits)
        row, chunk = Signal(range(max(2, most_rows))), Signal(range(max(2, plan.chunks)))
        most = max(p.count for p in passes)
        end_row, last_k, base, count = Signal.like(row), Signal(), Signal.like(bank.row), Signal(range(most + 1))
        starts = [sum(plan.rows(p) for p in passes[:n]) for n in range(len(passes))]
        with m.Switch(pass_):
            for number, p in enumerate(passes):
                with m.Case(number):
                    m.d.comb += [
                        end_row.eq(plan.rows(p) - 1),
                        last_k.eq(k == p.codewords - 1),
                        base.eq(starts[number]),
                        count.eq(p.count),
                    ]
        scanning, loaded, run, codeword_end, take = Signal(), Signal(), Signal(), Signal(), Signal()
        # Rows are walked to and fro: with a new codeword the sub-vectors stay, and only one operand changes.
        back, last_row = Signal(), Signal()
        last_chunk = chunk == plan.chunks - 1
        emitting, emitted = Signal(), Signal()
        m.d.comb += [
            last_row.eq(row == Mux(back, 0, end_row)),
            scanning.eq(bank.full & ~emitting),
            run.eq(scanning & loaded),
            codeword_end.eq(run & last_chunk & last_row),
            take.eq(codeword.full & (~loaded | codeword_end)),
            codeword.take.eq(take),
        ]
        m.d.sync += loaded.eq(take | (loaded & ~codeword_end))
        pass_end = Signal()
        m.d.comb += pass_end.eq(codeword_end & last_k)
        next_chunk, next_row = Signal.like(chunk), Signal.like(row)
        m.d.comb += [
            next_chunk.eq(Mux(last_chunk, 0, chunk + 1)),
            next_row.eq(Mux(pass_end, 0, Mux(last_row | ~last_chunk, row, Mux(back, row - 1, row + 1)))),
        ]
        with m.If(run):
            m.d.sync += [chunk.eq(next_chunk), row.eq(next_row)]
        with m.If(codeword_end):
            m.d.sync += [k.eq(Mux(last_k, 0, k + 1)), back.eq(~(back | last_k))]

        scored_end = Signal()
        m.d.sync += scored_end.eq(pass_end)
        bits = plan.bias_bits
        lanes = self.lanes
        for number, lane in enumerate(lanes):
            m.submodules[f"lane{number}"] = lane
            m.d.comb += [
                lane.run.eq(run),
                lane.row.eq(row),
                lane.chunk.eq(chunk),
                lane.k.eq(k),
                lane.last_chunk.eq(last_chunk),
                lane.next_row.eq(next_row),
                lane.next_chunk.eq(next_chunk),
                lane.bias.eq(codeword.active[:bits].as_signed()),
                lane.word.as_value().eq(codeword.active[bits : bits + plan.bits * plan.length]),
                lane.vector.eq(bank.vectors[number]),
            ]
            if plan.tail:
                m.d.comb += [bank.tail_rows[number].eq(base + lane.tail_row), lane.tail.eq(bank.tails[number])]
        # Where lanes hold operands there is only one; else all read the same row.
        m.d.comb += bank.row.eq(base + lanes[0].vector_row)

        # Emission: one index a cycle, in the order of the table.
        place = Signal(range(max(2, most)))
        flat = [lane.indices[n] for n in range(most_rows) for lane in lanes]
        m.d.comb += [self.o.payload.eq(Array(flat)[place]), emitted.eq(self.o.ready & (place == count - 1))]
        with m.If(pass_end):
            m.d.sync += emitting.eq(1)
        with m.If(scored_end):
            m.d.sync += self.o.valid.eq(1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += place.eq(place + 1)
            with m.If(emitted):
                m.d.sync += [place.eq(0), self.o.valid.eq(0), emitting.eq(0)]
                m.d.sync += pass_.eq(Mux(pass_ == len(passes) - 1, 0, pass_ + 1))
                m.d.comb += bank.done.eq(pass_ == len(passes) - 1)
        return m
