"""The search finds the codeword that ``docs/arithmetic.md``, section Search, defines: that of the smallest score, of
equal ones the lowest."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from amaranth.hdl import Array, Cat, Mux, Signal, Value, signed

from rtl.levels.nearest_class import NearestClass
from sim.formal.bench import Bench
from sim.formal.faults import with_fault
from sim.formal.parts import LEVELS, search_of
from sim.formal.property import Property
from spikecae.widths import signed_width

__all__ = ["search_properties"]

CODEWORDS, ROWS, BITS, LENGTH = 3, 2, 2, 2
LARGEST_BIAS = (LENGTH << 2 * BITS - 1) - 1
"""That a loadable chip has room for."""
WIDE = 16
"""Bits in which nothing of these overflows."""


class _Definition:
    """Scores of one sub-vector, in integers that have no width.

    Args:
        bench: of the search.
        vector: the sub-vector.
        words: the codebook's.
    """

    def __init__(self, bench: Bench, vector: Value, words: list[Signal]) -> None:
        m, plan = bench.m, bench.inside("plan")
        y = [_element(vector, 0, n) for n in range(LENGTH)]
        squares = sum((value * value for value in y[plan.products :]), start=_zero())
        scores, so_far, lane = [], [], []
        for word in words:
            start = word[: plan.bias_bits].as_signed()
            c = [_element(word, plan.bias_bits, n) for n in range(LENGTH)]
            bias = start + sum((value * value for value in c[plan.products :]), start=_zero())
            bench.assume((bias >= 0) & (bias <= LARGEST_BIAS))
            score = bias - 2 * sum((a * b for a, b in zip(y, c, strict=True)), start=_zero())
            scores.append(_wide(m, score))
            lane.append(_wide(m, score + squares))
            so_far.append(
                _wide(m, start + (y[0] - c[0]) * (y[0] - c[0]) if plan.early_exit else start - 2 * y[0] * c[0])
            )
        self.scores = Array(scores)
        self.of_lane = Array(lane)
        """With ``y**2`` of each element that is scored as a square."""
        self.half = Array(so_far)
        """The same of the first of two chunks."""

    def not_worse(self, k: Value, rival: Value) -> Value:
        """Whether a codeword is to be preferred to another one, or is the same."""
        mine, others = self.scores[k], self.scores[rival]
        return (mine < others) | ((mine == others) & (k <= rival))


def _search(*, early_exit: bool, taps: int) -> Bench:
    """Any one of two sub-vectors, and any rival of the codeword that is found for it."""
    bench = Bench(search_of(CODEWORDS, early_exit=early_exit, taps=taps))
    unit = bench.component
    bench.assume(bench.stays(unit.i, unit.i.ready))
    row, rival = bench.constant("row", 1), bench.constant("rival", 2)
    bench.assume(rival < CODEWORDS)
    rows, words = _latents(bench), _codewords(bench)
    definition = _Definition(bench, Array(rows)[row], words)
    given = unit.o.payload
    found = unit.o.valid & (bench.inside("place") == row)
    bench.prove(~found | ((given < CODEWORDS) & definition.not_worse(given, rival)))
    _walk(bench)
    _lane(bench, definition, row, rival)
    return bench


def _latents(bench: Bench) -> list[Value]:
    """The sub-vectors of the block: latents come sample after sample, and each sub-vector is of one feature."""
    unit, m, inside = bench.component, bench.m, bench.inside
    latents = [[Signal(BITS, name=f"latent{n}_{t}") for t in range(LENGTH)] for n in range(ROWS)]
    came = Signal(range(ROWS * LENGTH + 1))
    with m.If(unit.i.valid & unit.i.ready):
        m.d.sync += came.eq(came + 1)
    with m.If(inside("bank.done")):
        m.d.sync += came.eq(0)
    for n, row in enumerate(latents):
        for t, latent in enumerate(row):
            place = t * ROWS + n
            with m.If(unit.i.valid & unit.i.ready & (came == place)):
                m.d.sync += latent.eq(unit.i.payload[0])
            bench.prove((came <= place) | (inside(f"bank.latents.{n}.{t}") == latent.as_signed()))
    bench.prove((came <= ROWS * LENGTH) & (inside("bank.full") == (came == ROWS * LENGTH)))
    bench.prove((inside("bank.step") == came[0]) & (inside("bank.sample") == came[1]))
    return [Cat(row) for row in latents]


def _codewords(bench: Bench) -> list[Signal]:
    """Any codebook; words are fetched ahead, and each is in its place when its turn comes."""
    unit, m, inside = bench.component, bench.m, bench.inside
    words = [bench.constant(f"word{k}", len(unit.codebook.data)) for k in range(CODEWORDS)]
    read = Signal(range(CODEWORDS))
    with m.If(unit.codebook.en):
        m.d.sync += read.eq(unit.codebook.addr)
    bench.assume(unit.codebook.data == Array(words)[read])

    def before(k: Value) -> Value:
        return Mux(k == 0, CODEWORDS - 1, k - 1)[:2]

    address, offered, waits = inside("words.address"), inside("words.o").valid, inside("codeword.full")
    offer, k = Mux(offered, read, 0), inside("k")
    following = Mux(waits, before(offer), offer)
    bench.prove((address < CODEWORDS) & Mux(offered, read == before(address), address == 0))
    bench.prove((inside("codeword.at") == 0) & (offer < CODEWORDS))
    bench.prove(~waits | (offered & (inside("codeword.shadow.0") == Array(words)[following])))
    bench.prove(~inside("loaded") | (inside("codeword.active") == Array(words)[k]))
    bench.prove((k < CODEWORDS) & (k == Mux(inside("loaded"), before(following), following)))
    return words


def _walk(bench: Bench) -> None:
    """Rows to and fro for each codeword, then what was found, row after row."""
    inside, plan = bench.inside, bench.inside("plan")
    full, emitting, offered, ended = (
        inside("bank.full"),
        inside("emitting"),
        bench.component.o.valid,
        inside("scored_end"),
    )
    k, row, chunk = inside("k"), inside("row"), inside("chunk")
    bench.prove((inside("pass_") == 0) & (chunk < plan.chunks) & (inside("back") == k[0]))
    bench.prove((full & ~emitting) | ((k == 0) & (row == 0) & (chunk == 0)))
    bench.prove(~emitting | full)
    bench.prove((emitting == (offered | ended)) & ~(offered & ended))
    bench.prove(offered | (inside("place") == 0))
    bench.prove((inside("loaded") | (row == 0)) & (inside("loaded") | (chunk == 0)))


def _lane(bench: Bench, definition: _Definition, row: Value, rival: Value) -> None:
    """What is known of the best so far of a row."""
    m, inside, plan = bench.m, bench.inside, bench.inside("plan")
    walked, k, chunk, emitting = inside("row"), inside("k"), inside("chunk"), inside("emitting")
    scored, scored_row, scored_k = inside("lanes.0.scored"), inside("lanes.0.row"), inside("lanes.0.k")
    begun, compared, mine, waits = Signal(3), Signal(3), Signal(), Signal()
    m.d.comb += [
        begun.eq(Mux(emitting, CODEWORDS, k + Mux(inside("back"), row > walked, row < walked))),
        waits.eq(scored & (scored_row == row)),
        compared.eq(begun - waits),
        mine.eq(walked == row),
    ]
    best, index = _wide(m, inside("lanes.0._best")[row]), Array(inside("lanes.0").indices)[row]
    score = inside("lanes.0.score")
    known = compared != 0
    bench.prove(~waits | ((begun != 0) & (scored_k == begun - 1) & (score == definition.of_lane[scored_k])))
    bench.prove(~known | ((index < compared) & (best == definition.of_lane[index])))
    bench.prove(~known | (rival >= compared) | definition.not_worse(index, rival))
    bench.prove(~scored | (inside("bank.full") & (~emitting | inside("scored_end"))))
    if plan.chunks > 1:
        second = chunk == 1
        alive = inside("lanes.0.alive") if plan.early_exit else 1
        bench.prove(~second | ~scored)
        bench.prove(~(second & mine & alive) | (score == definition.half[k]))
        if plan.early_exit:
            held = Cat(inside("lanes.0").vector_row, inside("lanes.0").vector_chunk)
            bench.prove(~(second & mine & ~alive) | (known & (definition.half[k] >= best)))
            bench.prove(held == Cat(walked, second & alive))


def _classes() -> Bench:
    """Any rival of the class that is found for a column of two latents, compared one after the other."""
    classes, chunks = 3, 2
    squares = chunks << 2 * BITS - 2
    plan = replace(
        LEVELS,
        latents=chunks,
        elements=1,
        bits=BITS,
        classes=classes,
        element_bits=BITS,
        taps=1,
        bias_bits=(2 * squares - 1).bit_length(),
        score_bits=signed_width(-2 * squares, 4 * squares),
    )
    bench = Bench(NearestClass(plan))
    unit, m, inside = bench.component, bench.m, bench.inside
    reading, scoring, k, part, index = (inside(name) for name in ("reading", "scoring", "k", "part", "index"))
    busy, found = reading | scoring, Signal()
    column = bench.free("column", chunks * BITS)
    bench.assume(~(bench.seen & bench.past(busy | unit.start)) | (column == bench.past(column)))
    bench.assume(Value.cast(unit.column) == column.word_select(unit.chunk, BITS))
    bench.assume(~((unit.start | unit.fetch) & busy) & ~(unit.start & unit.fetch))
    words = [bench.constant(f"word{n}", len(unit.table.data)) for n in range(classes * chunks)]
    read = Signal(range(classes * chunks))
    with m.If(unit.table.en):
        m.d.sync += read.eq(unit.table.addr)
    bench.assume(unit.table.data == Array(words)[read])
    rival = bench.constant("rival", 2)
    bench.assume(rival < classes)
    m.d.sync += found.eq(unit.done)

    y = [_element(column, 0, n) for n in range(chunks)]
    halves, scores = [], []
    for n in range(classes):
        first, second = words[chunks * n : chunks * (n + 1)]
        halves.append(_wide(m, first[BITS:] - 2 * y[0] * _element(first, 0, 0)))
        scores.append(_wide(m, halves[-1] - 2 * y[1] * _element(second, 0, 0)))
    score, half = Array(scores), Array(halves)
    at, compared, winner = Signal(3), Signal(2), unit.winner
    m.d.comb += [
        at.eq(Mux(reading, k * chunks + part, classes * chunks)),
        compared.eq(Mux(busy, (at - scoring) >> 1, Mux(found, classes, 0))),
    ]
    mine, others = score[winner], score[rival]
    best = (mine < others) | ((mine == others) & (winner <= rival))
    bench.prove(~found | ((winner < classes) & best))
    bench.prove((compared == 0) | ((winner < compared) & (inside("best") == mine) & ((rival >= compared) | best)))
    bench.prove((k < classes) & (reading | ((k == 0) & (part == 0))))
    bench.prove(~scoring | ((index * chunks + unit.chunk == at - 1) & (read == at - 1)))
    bench.prove(~scoring | ((inside("last_part") == unit.chunk) & (inside("last_k") == (index == classes - 1))))
    bench.prove(~reading | (scoring == (at != 0)))
    bench.prove(~(scoring & unit.chunk) | (inside("score") == half[index]))
    bench.prove(~(busy & found) & (bench.past(busy) | ~bench.seen | (winner == bench.past(winner))))
    return bench


def _zero() -> Value:
    return Value.cast(0)


def _wide(m: Any, value: Any) -> Signal:
    signal = Signal(signed(WIDE))
    m.d.comb += signal.eq(value)
    return signal


def _element(word: Value, start: int, n: int) -> Value:
    return word[start + n * BITS : start + (n + 1) * BITS].as_signed()


def search_properties() -> Iterator[Property]:
    """Of each way to search."""
    ways = {
        "whole": (False, 2, "(score < self._best[row])", "(score <= self._best[row])"),
        "whole, in two chunks": (False, 1, "self.bias, score) - (total << 1)", "self.bias, score) - total"),
        "early exit": (True, 2, "(first < self._best[self.row])", "(first < self._best[0])"),
        "early exit, in two chunks": (
            True,
            1,
            "m.d.sync += alive.eq(can_win)",
            "m.d.sync += alive.eq(live & ~can_win)",
        ),
    }
    for way, (early_exit, taps, line, instead) in ways.items():
        bench = partial(_search, early_exit=early_exit, taps=taps)
        yield Property(
            name=f"search/{way}",
            component="VectorSearch",
            says="the codeword that is found for a sub-vector has the smallest score, of equal ones the lowest index",
            assumes="the codebook does not change, and its biases are in their range",
            bench=bench,
            broken=partial(with_fault, bench, "rtl.search.score_lane", line, instead),
            depth=2,
        )
    yield Property(
        name="search/classes",
        component="NearestClass",
        says="the class that is found for a column has the smallest score, of equal ones the lowest index",
        assumes="the column stays while classes are compared, and classes always",
        bench=_classes,
        broken=partial(with_fault, _classes, "rtl.levels.nearest_class", "(total < best)", "(total <= best)"),
        depth=2,
    )
