"""Nearest-codeword search: every codeword is held while all sub-vectors of a block are scored against it."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.memory import MemoryRead, WordLoop
from rtl.plan import SearchPlan
from rtl.shadow import ShadowRegisters
from spikecae.stages import SubVector

__all__ = ["LatentBank", "VectorSearch"]


class LatentBank(wiring.Component):
    """Registers for one block's latents, read as rows of ``plan.lanes`` zero-padded sub-vectors.

    Parameters
    ----------
    plan: the search.
    table: where each sub-vector lies in the latents, feature after feature.
    features, samples, lanes: shape of the latents, and features in a transfer.

    Members
    -------
    i: latents, sample after sample, ``lanes`` features a transfer; one a cycle while not ``full``.
    full: all have come; ``done`` frees the bank.
    row: row to read.
    vectors: its sub-vectors, no latency.
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
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(signed(8), lanes))),
                "full": Out(1),
                "done": In(1),
                "row": In(range(max(2, len(self.rows)))),
                "vectors": Out(data.ArrayLayout(data.ArrayLayout(signed(8), plan.length), plan.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps = -(-self._features // self._lanes)
        step, sample = Signal(range(max(2, steps))), Signal(range(max(2, self._samples)))
        latents = [
            [Signal(signed(8), name=f"latent{n}_{t}", reset_less=True) for t in range(self._samples)]
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
        rows = []
        for members in self.rows:
            vectors = []
            for number in members:
                part = self._table[number]
                vector = Cat(flat[part.offset : part.offset + part.length])
                vectors.append(Cat(vector, Const(0, 8 * (self._plan.length - part.length))))
            missing = self._plan.lanes - len(members)
            rows.append(Cat(*vectors, Const(0, 8 * self._plan.length * missing)))
        m.d.comb += self.vectors.as_value().eq(Array(rows)[self.row])
        return m


class VectorSearch(wiring.Component):
    """Index of the smallest ``bias_k - 2 <y, c_k>`` of each sub-vector; the lowest index on a tie.

    Parameters
    ----------
    plan: the search.
    table, features, samples, lanes: as for :class:`LatentBank`.

    Members
    -------
    codebook: records of bias and codeword, pass after pass.
    i: latents, as for :class:`LatentBank`; they are taken while no search runs.
    o: indices in the order of the table, once a pass over a codebook ends; a block takes at most ``plan.cycles``
        cycles from its last latent.
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
        self.index_bits = max(1, max(p.codewords - 1 for p in plan.passes).bit_length())
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(signed(8), lanes))),
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
        most_rows = max(plan.rows(p) for p in passes)
        pass_, k = Signal(range(max(2, len(passes)))), Signal(self.index_bits)
        row, chunk = Signal(range(max(2, most_rows))), Signal(range(max(2, plan.chunks)))
        most = max(p.count for p in passes)
        last_row, last_k, base, count = Signal(), Signal(), Signal.like(bank.row), Signal(range(most + 1))
        starts = [sum(plan.rows(p) for p in passes[:n]) for n in range(len(passes))]
        with m.Switch(pass_):
            for number, p in enumerate(passes):
                with m.Case(number):
                    m.d.comb += [
                        last_row.eq(row == plan.rows(p) - 1),
                        last_k.eq(k == p.codewords - 1),
                        base.eq(starts[number]),
                        count.eq(p.count),
                    ]
        scanning, loaded, run, codeword_end, take = Signal(), Signal(), Signal(), Signal(), Signal()
        last_chunk = chunk == plan.chunks - 1
        emitting, emitted = Signal(), Signal()
        m.d.comb += [
            scanning.eq(bank.full & ~emitting),
            run.eq(scanning & loaded),
            codeword_end.eq(run & last_chunk & last_row),
            take.eq(codeword.full & (~loaded | codeword_end)),
            codeword.take.eq(take),
            bank.row.eq(base + row),
        ]
        m.d.sync += loaded.eq(take | (loaded & ~codeword_end))
        pass_end = Signal()
        m.d.comb += pass_end.eq(codeword_end & last_k)
        with m.If(run):
            m.d.sync += chunk.eq(Mux(last_chunk, 0, chunk + 1))
            with m.If(last_chunk):
                m.d.sync += row.eq(Mux(last_row, 0, row + 1))
        with m.If(codeword_end):
            m.d.sync += k.eq(Mux(last_k, 0, k + 1))

        # Scores: one register a lane, then the comparison with the best so far of that row.
        record = codeword.active
        bias = record[: plan.bias_bits].as_signed()
        padded = Signal(8 * plan.taps * plan.chunks)
        m.d.comb += padded.eq(record[plan.bias_bits : plan.bias_bits + 8 * plan.length])
        word = Signal(data.ArrayLayout(signed(8), plan.taps))
        m.d.comb += word.eq(padded.word_select(chunk, 8 * plan.taps))
        score = [Signal(signed(plan.score_bits), name=f"score{lane}", reset_less=True) for lane in range(plan.lanes)]
        scored, scored_row, scored_k, scored_end = Signal(), Signal.like(row), Signal.like(k), Signal()
        m.d.sync += [scored.eq(run & last_chunk), scored_end.eq(pass_end)]
        with m.If(run):
            m.d.sync += [scored_row.eq(row), scored_k.eq(k)]
        best = [
            [Signal(signed(plan.score_bits), name=f"best{n}_{lane}", reset_less=True) for lane in range(plan.lanes)]
            for n in range(most_rows)
        ]
        index = [
            [Signal(self.index_bits, name=f"index{n}_{lane}", reset_less=True) for lane in range(plan.lanes)]
            for n in range(most_rows)
        ]
        for lane in range(plan.lanes):
            vector = Signal(8 * plan.taps * plan.chunks, name=f"vector{lane}")
            operand = Signal(data.ArrayLayout(signed(8), plan.taps), name=f"operand{lane}")
            total = Signal(signed(plan.score_bits), name=f"total{lane}")
            m.d.comb += [
                vector.eq(bank.vectors[lane].as_value()),
                operand.eq(vector.word_select(chunk, 8 * plan.taps)),
                total.eq(sum((operand[tap] * word[tap] for tap in range(plan.taps)), Const(0))),
            ]
            with m.If(run):
                m.d.sync += score[lane].eq(Mux(chunk == 0, bias, score[lane]) - (total << 1))
            so_far = Signal(signed(plan.score_bits), name=f"so_far{lane}")
            m.d.comb += so_far.eq(Array(best[n][lane] for n in range(most_rows))[scored_row])
            with m.If(scored & ((scored_k == 0) | (score[lane] < so_far))):
                for n in range(most_rows):
                    with m.If(scored_row == n):
                        m.d.sync += [best[n][lane].eq(score[lane]), index[n][lane].eq(scored_k)]

        # Emission: one index a cycle, in the order of the table.
        place = Signal(range(max(2, most)))
        flat = [index[n][lane] for n in range(most_rows) for lane in range(plan.lanes)]
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
