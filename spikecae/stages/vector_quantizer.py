"""Vector quantizer: the nearest codeword of every sub-vector of the latents."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spikecae.limits import MOST_CODEWORDS, MOST_FEATURES, MOST_SAMPLES
from spikecae.stages.base import Quantizer, Symbols, Values, register
from spikecae.stages.checks import require, require_array, require_exponents, require_range
from spikecae.widths import accumulator_bounds, integer_range, signed_width

__all__ = ["Codebook", "SubVector", "VectorQuantizer"]


LATENT_BITS = 8
"""Widest latent that is searched for."""


@register
@dataclass(frozen=True, eq=False)
class Codebook:
    """Codewords and what the search adds to each score: ``|c|**2 + round(λ · code length)``."""

    words: NDArray[np.int8]  # (K, L)
    bias: NDArray[np.int32]  # (K,)

    def __post_init__(self) -> None:
        require(self.words.ndim == 2 and self.words.size > 0, f"codebook must be (K, L), got {self.words.shape}")
        codewords, length = self.words.shape
        require_range("codebook: codewords", codewords, 1, MOST_CODEWORDS)
        require_range("codebook: elements of a codeword", length, 1, MOST_SAMPLES)
        require_array("codebook.words", self.words, np.int8, self.words.shape)
        require_array("codebook.bias", self.bias, np.int32, (codewords,))
        require(bool(self.bias.min() >= 0), f"codebook.bias of codeword {int(self.bias.argmin())} is negative")

    @property
    def bounds(self) -> tuple[int, int]:
        """What ``bias - 2 <y, c>`` can reach for signed 8-bit latents."""
        low, high = accumulator_bounds(
            -2 * self.words.astype(np.int64), self.bias, integer_range(LATENT_BITS, signed=True)
        )
        return int(low.min()), int(high.max())

    @property
    def score_bits(self) -> int:
        """Width of a score."""
        return signed_width(*self.bounds)


@register
@dataclass(frozen=True)
class SubVector:
    """``length`` latents from ``offset`` on, coded by one codebook and one Huffman table."""

    offset: int
    length: int
    codebook: int
    code_table: int


@register
@dataclass(frozen=True, eq=False)
class VectorQuantizer(Quantizer):
    """Nearest codeword of each sub-vector of the latents, taken feature after feature, (N · T,).

    ``score_k = bias_k - 2 <y, c_k>``; the smallest wins, the lowest index on a tie.
    """

    kind = "vq"
    name: str
    exponent: int
    codebooks: tuple[Codebook, ...]
    table: tuple[SubVector, ...]

    def __post_init__(self) -> None:
        require_exponents(self.name, self.exponent)
        require_range(f"{self.name}: codebooks", len(self.codebooks), 1, MOST_FEATURES)
        require(len(self.table) > 0, f"{self.name}: no sub-vectors")
        for number, part in enumerate(self.table):
            where = f"{self.name}.table[{number}]"
            require(part.offset >= 0, f"{where}: offset {part.offset} is negative")
            require(0 <= part.codebook < len(self.codebooks), f"{where}: no codebook {part.codebook}")
            length = self.codebooks[part.codebook].words.shape[1]
            require(length == part.length, f"{where}: length {part.length}, but its codewords have {length}")
        unused = set(range(len(self.codebooks))) - {part.codebook for part in self.table}
        require(not unused, f"{self.name}.codebooks[{min(unused, default=0)}] is that of no sub-vector")

    @property
    def symbols(self) -> Symbols:
        """A codeword's index for each sub-vector."""
        sizes = (len(self.codebooks[part.codebook].words) for part in self.table)
        return Symbols(tuple(sizes), tuple(part.code_table for part in self.table))

    def dequantize(self, indices: NDArray[np.integer[Any]], latents: int) -> NDArray[np.float32]:
        """The codewords, as real values; 0 where no sub-vector lies."""
        values = np.zeros((len(indices), latents), np.float32)
        for position, part in enumerate(self.table):
            words = self.codebooks[part.codebook].words.astype(np.float32)
            values[:, part.offset : part.offset + part.length] = words[indices[:, position]]
        values *= np.float32(2.0**-self.exponent)
        return values

    def coefficients(self) -> Iterator[tuple[str, NDArray[np.int8]]]:
        """The words of the first codebook."""
        yield self.name, self.codebooks[0].words

    def with_coefficients(self, name: str, values: NDArray[np.int8]) -> Self:
        """Other words in it, under the same biases."""
        if name != self.name:
            raise KeyError(name)
        first, *others = self.codebooks
        return replace(self, codebooks=(Codebook(values, first.bias), *others))

    def faults(self, given: Values) -> Iterator[str]:
        """Latents of another exponent, sub-vectors beyond them, codewords wider than them."""
        if given.exponent != self.exponent:
            yield f"latents have exponent {given.exponent}, the codebooks {self.exponent}; they must be equal"
        if not given.signed:
            yield f"{self.name} takes signed latents, but what it gets is unsigned"
        if given.bits > LATENT_BITS:
            yield f"{self.name} takes latents of {LATENT_BITS} bits at most, but what it gets has {given.bits}"
        low, high = integer_range(given.bits, signed=True)
        for number, book in enumerate(self.codebooks):
            if book.words.min() < low or book.words.max() > high:
                yield f"{self.name}.codebooks[{number}] has words beyond the latents' {low}..{high}"
        latents = given.channels * given.samples
        for number, part in enumerate(self.table):
            if part.offset + part.length > latents:
                yield f"{self.name}.table[{number}] ends at {part.offset + part.length} of {latents}"
