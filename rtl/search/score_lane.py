"""One lane of the search: scores of its sub-vectors against the codeword held, and the best so far of each."""

from collections.abc import Iterable

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.shape.search_plan import SearchPlan

__all__ = ["ScoreLane"]


class ScoreLane(wiring.Component):
    """Index of the smallest ``bias_k - 2 <y, c_k>`` of each row; the lowest index on a tie.

    With early exit, the last elements of a score are squared differences ``(y - c)**2`` in place of ``-2 y c``, and
    the bias lacks their ``c**2``. That adds the sub-vector's own ``y**2`` to all of its scores alike, so that the same
    codeword wins; and what is still to come is never negative, so that a candidate not below the best score so far
    cannot win any more. Its remaining operands are not fetched: they hold what they were.

    Parameters
    ----------
    plan: the search.
    rows: most rows in a pass.
    index_bits: width of an index.

    Members
    -------
    run: In(1): score this chunk of this row against codeword ``k``.
    row: In(range(max(2, rows))): which row.
    chunk: In(range(max(2, plan.chunks))): which chunk.
    k: In(index_bits): which codeword.
    last_chunk: In(1): it is the last of its row.
    next_row: In(range(max(2, rows))): the row that comes next.
    next_chunk: In(range(max(2, plan.chunks))): the chunk that comes next.
    bias: In(signed(plan.bias_bits)): of the codeword.
    word: In(plan.length × signed(plan.bits)): its elements.
    vector_row: Out(range(max(2, rows))): the row to read.
    vector_chunk: Out(range(max(2, plan.chunks))): what is multiplied of its elements.
    vector: In((plan.length - plan.tail) × signed(plan.bits)): these, no latency.
    tail_row: Out(range(max(2, rows))): the row to read elements behind the first half of (only of a search with a
        tail).
    tail: In(plan.tail × signed(plan.bits)): these, no latency (only of a search with a tail).
    indices: Out(rows × index_bits): best of each row, two cycles after the last chunk of the last codeword.

    Cycles
    ------
    Latency: 2 cycles from the last chunk of the last codeword.
    Throughput: a chunk a cycle.
    """

    def __init__(self, plan: SearchPlan, rows: int, index_bits: int) -> None:
        self._plan = plan
        self._rows = rows
        row, chunk = range(max(2, rows)), range(max(2, plan.chunks))
        members: dict[str, object] = {
            "run": In(1),
            "row": In(row),
            "chunk": In(chunk),
            "k": In(index_bits),
            "last_chunk": In(1),
            "next_row": In(row),
            "next_chunk": In(chunk),
            "bias": In(signed(plan.bias_bits)),
            "word": In(data.ArrayLayout(signed(plan.bits), plan.length)),
            "vector_row": Out(row),
            "vector_chunk": Out(chunk),
            "vector": In(data.ArrayLayout(signed(plan.bits), plan.length - plan.tail)),
            "indices": Out(index_bits).array(rows),
        }
        if plan.tail:
            members |= {"tail_row": Out(row), "tail": In(data.ArrayLayout(signed(plan.bits), plan.tail))}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._best = Array(self._score_signal(f"best{n}") for n in range(self._rows))
        if self._plan.tail:
            self._with_tail(m)
        elif self._plan.early_exit:
            self._with_hold(m)
        else:
            self._whole(m)
        return m

    def _score_signal(self, name: str) -> Signal:
        return Signal(signed(self._plan.score_bits), name=name, reset_less=True)

    def _keep(self, m: Module, scored: Value, row: Value, k: Value, score: Value) -> None:
        """Remember a score that is the first of its row or below the best."""
        with m.If(scored & ((k == 0) | (score < self._best[row]))):
            for n in range(self._rows):
                with m.If(row == n):
                    m.d.sync += [self._best[n].eq(score), self.indices[n].eq(k)]

    def _unknown(self, scored: Value, row: Value, k: Value) -> Value:
        """Whether the row's best score is still that of another search: its first is missing, or being compared."""
        return (self.k == 0) | (scored & (k == 0) & (row == self.row))

    def _operands(self, m: Module) -> tuple[data.View, data.View]:
        """The ``taps`` elements of vector and codeword in ``vector_chunk``, zero behind the end."""
        plan = self._plan
        chosen = []
        for name, elements in (("operand", self.vector), ("weight", self.word)):
            padded = Signal(plan.bits * plan.taps * plan.chunks, name=f"{name}s")
            part = Signal(data.ArrayLayout(signed(plan.bits), plan.taps), name=name)
            m.d.comb += [
                padded.eq(elements.as_value()),
                part.eq(padded.word_select(self.vector_chunk, plan.bits * plan.taps)),
            ]
            chosen.append(part)
        return chosen[0], chosen[1]

    def _whole(self, m: Module) -> None:
        """Every chunk is added; the score is compared one cycle after the last."""
        score, total = self._score_signal("score"), self._score_signal("total")
        scored, row, k = Signal(), Signal.like(self.row), Signal.like(self.k)
        operand, weight = self._operands(m)
        m.d.comb += [
            self.vector_row.eq(self.row),
            self.vector_chunk.eq(self.chunk),
            total.eq(_product(operand, weight)),
        ]
        m.d.sync += scored.eq(self.run & self.last_chunk)
        with m.If(self.run):
            m.d.sync += [row.eq(self.row), k.eq(self.k)]
            m.d.sync += score.eq(Mux(self.chunk == 0, self.bias, score) - (total << 1))
        self._keep(m, scored, row, k, score)

    def _with_tail(self, m: Module) -> None:
        """Half of a score in one cycle, the other half in the next by multipliers of its own, if it can still win."""
        plan = self._plan
        head = plan.length - plan.tail
        total, start, score = (self._score_signal(name) for name in ("total", "start", "score"))
        first = self._score_signal("first")
        live, scored, k = Signal(), Signal(), Signal.like(self.k)
        row = Signal.like(self.tail_row, reset_less=True)
        tail_word = Signal(data.ArrayLayout(signed(plan.bits), plan.tail), reset_less=True)
        heads = [self.word[n] for n in range(head)]
        m.d.comb += [
            self.vector_row.eq(self.row),
            self.tail_row.eq(row),
            total.eq(_product(self.vector, heads)),
            first.eq(self.bias - (total << 1)),
            live.eq(self.run & (self._unknown(scored, row, k) | (first < self._best[self.row]))),
            score.eq(start + _distance(self.tail, tail_word)),
        ]
        m.d.sync += scored.eq(live)
        with m.If(live):
            m.d.sync += [start.eq(first), row.eq(self.row), k.eq(self.k)]
            m.d.sync += [tail_word[n].eq(self.word[head + n]) for n in range(plan.tail)]
        self._keep(m, scored, row, k, score)

    def _with_hold(self, m: Module) -> None:
        """Chunk after chunk on the same multipliers, until a candidate cannot win; its last chunks are left out."""
        score, total, so_far = (self._score_signal(name) for name in ("score", "total", "so_far"))
        alive, live, can_win = Signal(), Signal(), Signal()
        scored, row, k = Signal(), Signal.like(self.row), Signal.like(self.k)
        operand, weight = self._operands(m)
        m.d.comb += [
            total.eq(_distance(operand, weight)),
            so_far.eq(Mux(self.chunk == 0, self.bias, score) + total),
            live.eq(self.run & ((self.chunk == 0) | alive)),
            can_win.eq(live & (self._unknown(scored, row, k) | (so_far < self._best[self.row]))),
        ]
        m.d.sync += scored.eq(can_win & self.last_chunk)
        with m.If(self.run):
            m.d.sync += alive.eq(can_win)
            with m.If(can_win | self.last_chunk):
                m.d.sync += [self.vector_row.eq(self.next_row), self.vector_chunk.eq(self.next_chunk)]
        with m.If(can_win):
            m.d.sync += [score.eq(so_far), row.eq(self.row), k.eq(self.k)]
        self._keep(m, scored, row, k, score)


def _product(a: Iterable[Value], b: Iterable[Value]) -> Value:
    return sum((x * y for x, y in zip(a, b, strict=True)), Const(0))


def _distance(a: Iterable[Value], b: Iterable[Value]) -> Value:
    differences = [x - y for x, y in zip(a, b, strict=True)]
    return sum((d * d for d in differences), Const(0))
