"""The shape of the codeword search: sub-vectors, multipliers and widths."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rtl.shape.products import ceil_div
from spikecae.design import Hardware
from spikecae.stages import Codebook, VectorQuantizer
from spikecae.widths import signed_width

__all__ = ["SearchPass", "SearchPlan", "plan_search", "search_bias"]

MIN_PORT_BYTES = 8


@dataclass(frozen=True)
class SearchPass:
    """Consecutive sub-vectors that share a codebook: they are searched together, codeword by codeword."""

    first: int
    count: int
    codebook: int
    length: int
    codewords: int


@dataclass(frozen=True)
class SearchPlan:
    """The nearest-codeword search: ``lanes`` sub-vectors at a time, ``taps`` terms of each a cycle.

    Latents and codewords have ``bits``.
    """

    passes: tuple[SearchPass, ...]
    bits: int
    length: int
    lanes: int
    taps: int
    score_bits: int
    bias_bits: int
    port_bytes: int
    early_exit: bool

    @property
    def tail(self) -> int:
        """Elements that are scored in a second cycle, if at all: half of them, where a score takes one cycle."""
        return self.length // 2 if self.early_exit and self.chunks == 1 else 0

    @property
    def products(self) -> int:
        """Elements whose terms are products ``-2 y c``; those of the others are squares ``(y - c)**2``."""
        if not self.early_exit:
            return self.length
        return self.length - self.tail if self.tail else 0

    @property
    def chunks(self) -> int:
        """Cycles a score takes."""
        return ceil_div(self.length, self.taps)

    @property
    def record_words(self) -> int:
        """Memory words of a codeword with its bias."""
        return ceil_div(self.bits * self.length + self.bias_bits, 8 * self.port_bytes)

    @property
    def index_bits(self) -> int:
        """Width of an index."""
        return max(1, max(p.codewords - 1 for p in self.passes).bit_length())

    @property
    def multipliers(self) -> int:
        """Multipliers of the search."""
        return self.lanes * self.taps

    @property
    def macs(self) -> int:
        """Multiply-accumulates for a block."""
        return sum(p.codewords * p.count * p.length for p in self.passes)

    def rows(self, search_pass: SearchPass) -> int:
        """Steps over the sub-vectors of a pass."""
        return ceil_div(search_pass.count, self.lanes)

    @property
    def cycles(self) -> int:
        """Cycles from the last latent to the last index, the pipeline included."""
        return sum(p.codewords * max(self.rows(p) * self.chunks, self.record_words) + p.count + 3 for p in self.passes)


def plan_search(stage: VectorQuantizer, bits: int, hardware: Hardware, budget: int) -> SearchPlan:
    """The smallest search that ends before the next block's latents come, or the fastest if none does.

    One that is stationary has a lane for each sub-vector of a pass, whatever the budget.

    Args:
        stage: codebooks and sub-vectors.
        bits: width of a latent.
        hardware: the knobs.
        budget: cycles that it may take.

    Raises:
        ValueError: a bias exceeds what a loadable search has room for.
    """
    loadable = hardware.parameters == "ram"
    passes: list[SearchPass] = []
    for number, part in enumerate(stage.table):
        book = stage.codebooks[part.codebook].words
        if passes and passes[-1].codebook == part.codebook:
            last = passes.pop()
            passes.append(SearchPass(last.first, last.count + 1, last.codebook, last.length, last.codewords))
        else:
            passes.append(SearchPass(number, 1, part.codebook, part.length, len(book)))
    used = [stage.codebooks[p.codebook] for p in passes]
    length = max(p.length for p in passes)
    if loadable and any(int(book.bias.max()) > _largest_bias(length, bits) for book in used):
        raise ValueError(f"a search bias exceeds {_largest_bias(length, bits)}; lower codebook.rate_weight")

    @cache
    def widths(products: int) -> tuple[int, int]:
        bounds = [_any_search(length, products, bits)]
        if not loadable:
            bounds = [_search_bounds(book, products, bits) for book in used]
        bias_bits, score_bits = (max(signed_width(*limits) for limits in place) for place in zip(*bounds, strict=True))
        return bias_bits, score_bits

    def plan(lanes: int, taps: int, port: int) -> SearchPlan:
        bare = SearchPlan(tuple(passes), bits, length, lanes, taps, 0, 0, port, hardware.early_exit)
        bias_bits, score_bits = widths(bare.products)
        return replace(bare, score_bits=score_bits, bias_bits=bias_bits)

    widest = max(p.count for p in passes)
    ports = [MIN_PORT_BYTES << i for i in range(6)]
    if hardware.stationary == "all":
        candidates = [plan(widest, length, port) for port in ports]
    else:
        candidates = [plan(1, taps, MIN_PORT_BYTES) for taps in range(1, length + 1)]
        candidates += [plan(lanes, length, port) for lanes in range(1, widest + 1) for port in ports]
    fitting = [c for c in candidates if c.cycles <= budget]
    if not fitting:
        return min(candidates, key=lambda c: (c.cycles, c.multipliers, c.port_bytes))
    return min(fitting, key=lambda c: (c.multipliers, c.port_bytes, c.cycles))


def search_bias(book: Codebook, products: int) -> NDArray[np.int64]:
    """What each score starts from: the codebook's bias without the ``c**2`` of elements scored as squares."""
    squares: NDArray[np.int64] = (book.words[:, products:].astype(np.int64) ** 2).sum(axis=1)
    return book.bias.astype(np.int64) - squares


def _search_bounds(book: Codebook, products: int, bits: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Least and largest start, and score under way, of these codewords and any latents."""
    start = search_bias(book, products)
    words = book.words.astype(np.int64)
    half = 1 << (bits - 1)
    doubled = 2 * words[:, :products]
    extremes = np.sort(np.stack([-(half - 1) * doubled, half * doubled]), axis=0).sum(axis=2)
    squares = ((half + np.abs(words[:, products:])) ** 2).sum(axis=1)
    least, largest = start + extremes[0], start + extremes[1] + squares
    return (int(start.min()), int(start.max())), (int(least.min()), int(largest.max()))


def _largest_bias(length: int, bits: int) -> int:
    """|c|² is at most length · 2**(2·bits - 2); as much again is left for the rate term."""
    return (length << (2 * bits - 1)) - 1


def _any_search(length: int, products: int, bits: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """As :func:`_search_bounds`, of any codewords."""
    squares = length - products
    least, largest, swing = -squares << (2 * bits - 2), _largest_bias(length, bits), products << (2 * bits - 1)
    return (least, largest), (least - swing, largest + swing + squares * ((1 << bits) - 1) ** 2)
