"""The search with early exit: the same index for every latent there is, and operands that hold still."""

from itertools import product

import numpy as np
import pytest

from rtl.planning import make_plan
from rtl.search.vector_search import VectorSearch
from rtl.shape.search_plan import SearchPlan, plan_search
from rtl.stages.vector_quantizer import codebook_words
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design, Hardware
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Huffman, SubVector, VectorQuantizer
from tests.random_spec import random_spec
from tests.rtl.shapes import hardware
from tests.rtl.streams import Port, pack, run

FEATURES, SAMPLES = 4, 4
"""Latents of ``tiny``."""
FASTEST, FAST, MIDDLE, SLOW = 1, 40, 120, 10_000
"""Cycles a search may take: with the first every row takes one cycle in all, with the last every element."""


def quantized(tiny: Design, words: np.ndarray, bias: np.ndarray) -> EncoderSpec:
    """``tiny`` with as many sub-vectors of the codewords' length as its latents hold."""
    spec = random_spec(tiny, 13)
    length = words.shape[1]
    table = tuple(SubVector(at, length, 0, 0) for at in range(0, FEATURES * SAMPLES - length + 1, length))
    quantizer = VectorQuantizer("vq", spec.quantizer.exponent, (Codebook(words, bias),), table)
    stages = (*spec.stages[:-2], quantizer, Huffman("huffman", (code_lengths(np.ones(len(words), dtype=int)),)))
    return EncoderSpec(spec.design, spec.spikes, spec.samples, spec.adc_bits, stages)


class Watched:
    """A search that ran on vectors (n, length): its indices, and how often its second operands changed."""

    def __init__(self, spec: EncoderSpec, search: SearchPlan, vectors: np.ndarray) -> None:
        count, (most, length) = len(spec.quantizer.table), (FEATURES * SAMPLES, search.length)
        blocks = -(-len(vectors) // count)
        latents = np.zeros((blocks, most), dtype=int)
        padded = np.concatenate([vectors, np.zeros((blocks * count - len(vectors), length), dtype=int)])
        latents[:, : count * length] = padded.reshape(blocks, count * length)
        beats = latents.reshape(blocks, FEATURES, SAMPLES).transpose(0, 2, 1).reshape(-1, 1)
        dut = VectorSearch(search, spec.quantizer.table, FEATURES, SAMPLES, 1)
        sink = Port(dut.o, count=blocks * count)
        words = codebook_words(spec.quantizer, search)
        lane = dut.lanes[0]
        self.operands: list[tuple[int, ...]] = []
        watched = (lane.run, lane.tail_row) if search.tail else (lane.run, lane.vector_row, lane.vector_chunk)
        run(
            dut,
            [Port(dut.i, [pack(beat) for beat in beats])],
            [sink],
            tables=[(dut.codebook, words)],
            limit=1_000_000,
            watch=(watched, lambda _, *values: self.operands.append(values)),
        )
        self.indices = np.array(sink.got)[: len(vectors)]


def smallest(words: np.ndarray, bias: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The search as arithmetic.md defines it: ``argmin`` takes the lowest index on a tie."""
    return (bias - 2 * vectors @ words.astype(int).T).argmin(axis=1)


@pytest.mark.parametrize("loadable", [False, True])
@pytest.mark.parametrize("budget", [FASTEST, FAST, SLOW])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_every_small_latent_gets_the_same_index(tiny: Design, length: int, budget: int, loadable: bool) -> None:
    """All latents of these values, against codewords that tie, repeat, lie in the corners, and cost rate."""
    values = {1: range(-128, 128), 2: [-128, *range(-8, 8), 126, 127], 3: [-128, -2, -1, 0, 1, 2, 127]}[length]
    rng = np.random.default_rng(length)
    words = rng.integers(-4, 5, (7, length)).astype(np.int8)
    words[3], words[5], words[6] = words[1], 127, -128
    rate = np.array([0, 0, 1, 0, 5, 0, 0])
    bias = ((words.astype(int) ** 2).sum(axis=1) + rate).astype(np.int32)
    vectors = np.array(list(product(values, repeat=length)))
    spec = quantized(tiny, words, bias)
    search = plan_search(
        spec.quantizer, spec.latents.bits, Hardware(parameters="ram" if loadable else "rom", early_exit=True), budget
    )
    assert (search.chunks == 1) == (budget != SLOW or length == 1)
    assert (search.lanes == len(spec.quantizer.table)) == (budget == FASTEST)
    found = Watched(spec, search, vectors)
    np.testing.assert_array_equal(found.indices, smallest(words, bias, vectors))


@pytest.mark.parametrize("budget", [FASTEST, SLOW])
def test_a_search_does_not_remember_the_one_before(tiny: Design, budget: int) -> None:
    """Of one row only, whose first score is compared while the second is under way; distances grow and shrink."""
    rng = np.random.default_rng(9)
    words = rng.integers(-60, 61, (9, FEATURES * SAMPLES)).astype(np.int8)
    bias = (words.astype(int) ** 2).sum(axis=1).astype(np.int32)
    near = words[rng.integers(0, 9, 40)].astype(int)
    vectors = (near + rng.integers(-1, 2, near.shape) * np.array([[1], [60]] * 20)).clip(-128, 127)
    spec = quantized(tiny, words, bias)
    search = plan_search(spec.quantizer, spec.latents.bits, Hardware(parameters="rom", early_exit=True), budget)
    assert search.rows(search.passes[0]) == 1
    assert (search.chunks == 1) == (budget == FASTEST)
    found = Watched(spec, search, vectors)
    np.testing.assert_array_equal(found.indices, smallest(words, bias, vectors))


def live_chunks(words: np.ndarray, bias: np.ndarray, vector: np.ndarray, ends: list[int]) -> int:
    """Chunks behind the first that are computed for a vector: while what is known leaves room to win."""
    rest = vector.astype(int) - words
    best, live = None, 0
    for k in range(len(words)):
        distance = np.cumsum(rest[k] ** 2) + bias[k] - (words[k].astype(int) ** 2).sum()
        known = [int(distance[end - 1]) for end in ends]
        for partial in known[:-1]:
            if best is not None and partial >= best:
                break
            live += 1
        if best is None or known[-1] < best:
            best = known[-1]
    return live


@pytest.mark.parametrize("budget", [MIDDLE, SLOW])
def test_a_candidate_that_cannot_win_holds_its_operands(tiny: Design, budget: int) -> None:
    """The second half, or the next chunk, is fetched as often as the definition of the exit says, and not once more."""
    rng = np.random.default_rng(5)
    words = rng.integers(-40, 41, (24, 4)).astype(np.int8)
    bias = (words.astype(int) ** 2).sum(axis=1).astype(np.int32)
    vectors = rng.integers(-40, 41, (32, 4))
    spec = quantized(tiny, words, bias)
    search = plan_search(spec.quantizer, spec.latents.bits, Hardware(parameters="rom", early_exit=True), budget)
    ends = [2, 4] if search.chunks == 1 else list(range(search.taps, 4 + 1, search.taps))
    assert search.lanes == 1
    assert search.chunks == (1 if budget == MIDDLE else 4)
    found = Watched(spec, search, vectors)
    np.testing.assert_array_equal(found.indices, smallest(words, bias, vectors))
    live = sum(live_chunks(words, bias, vector, ends) for vector in vectors)
    possible = len(vectors) * len(words) * (len(ends) - 1)
    assert live < possible / 2, "the exit must have something to do"
    changes = sum(now != before for before, now in zip(found.operands, found.operands[1:], strict=False))
    fresh = 0 if search.tail else len(vectors) * len(words)
    """Each candidate's first chunk is fetched anyway."""
    assert 0.8 * (live + fresh) < changes <= live + fresh


def test_the_cycles_are_those_of_a_search_without(tiny: Design) -> None:
    """Early exit saves toggles, not cycles."""
    spec = random_spec(tiny, 3)
    for fold in (1, 2, 4, 8, 16):
        plans = [make_plan(spec, hardware(fold, early_exit=early_exit)) for early_exit in (False, True)]
        assert plans[0].cycles_per_block == plans[1].cycles_per_block
        assert plans[0].latency == plans[1].latency
        assert plans[0].quantizer.multipliers == plans[1].quantizer.multipliers
