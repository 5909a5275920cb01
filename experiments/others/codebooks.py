"""Nearest codewords of a few latents each, entropy-constrained, in place of levels; what is far from all escapes.

The search knows how far its winner is. Beyond a bound, a quantile of the training distances, a reserved symbol is sent,
the winner, and the residual in levels as Golomb codes: what training has not seen comes back as well, in more bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from experiments.others.places import Fitted, Sent
from model.baselines.product_vq import Codebook, fit_codebook
from model.linear.decoder import LinearDecoder
from model.linear.fit import ORDERS
from model.linear.inverse import fit_inverse
from model.linear.level_code import class_lengths
from model.linear.linear_model import LinearModel
from model.linear.sample import Sample
from spikecae.bitstream.bits import golomb, zigzag
from spikecae.bitstream.huffman import code_lengths

__all__ = ["CODEWORDS", "BookCoder", "Books", "at_bits", "fit_books", "parts_of"]

CODEWORDS = 128
"""Of a codebook, at most."""
START, STRIDE = -9.0, 2.0
"""Worth of a bit to begin with, and between tries until it lies between two; in octaves of the mean square of a
training column's latents."""
CLOSE = 0.003
"""Share of the bits within which the worth of a bit is found."""
TRIES = 12


@dataclass(frozen=True, eq=False)
class Books:
    """A codebook of ``l`` latents, with the length of its reserved symbol; what is farther than ``bound`` (squared)
    escapes, its residual as levels of width ``step`` in Golomb codes of an ``order``. Without escapes, the bound is
    infinite."""

    book: Codebook
    reserved: int = 0
    bound: float = np.inf
    step: float = 1.0
    order: int = 0

    def code(self, vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """What comes back of vectors ``[n, l]``, in how many bits ``[n]``, and which escape ``[n]``."""
        chosen = self.book.encode(vectors)
        values = self.book.codewords[chosen]
        sends = len(self.book.codewords) > 1 or np.isfinite(self.bound)
        bits = self.book.lengths[chosen].astype(np.int64) if sends else np.zeros(len(vectors), np.int64)
        residual = vectors - values
        far = np.square(residual).sum(axis=1) > self.bound
        levels = np.rint(residual[far] / self.step).astype(np.int64)
        values[far] += levels * self.step
        bits[far] += self.reserved + golomb(zigzag(levels), self.order)[1].sum(axis=1)
        return values, bits, far


def fit_books(vectors: NDArray[np.float64], weight: float, quantile: float, seed: int) -> Books:
    """A codebook for training vectors ``[n, l]`` at a ``weight`` of a bit; a ``quantile`` of 1 is none that escapes.

    A level of the residual errs by a third of the bound, about what a codeword does.
    """
    book = fit_codebook(vectors, CODEWORDS, weight, seed)
    if quantile == 1:
        return Books(book)
    chosen = book.encode(vectors)
    distances = np.square(vectors - book.codewords[chosen]).sum(axis=1)
    bound = float(np.quantile(distances, quantile))
    near = np.bincount(chosen[distances <= bound], minlength=len(book.codewords))
    lengths = code_lengths(np.append(near, (distances > bound).sum()))
    step = 2 * np.sqrt(max(bound, 1e-12) / vectors.shape[1])
    book = replace(book, lengths=lengths[:-1])
    made = [Books(book, int(lengths[-1]), bound, step, order) for order in ORDERS]
    return min(made, key=lambda books: int(books.code(vectors)[1].sum()))


@dataclass(frozen=True, eq=False)
class BookCoder:
    """A linear model's map, classes and decoder, with codebooks where it has levels."""

    model: LinearModel
    class_bits: NDArray[np.uint8]
    books: tuple[Books, ...]

    def quantized(self, blocks: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64], float]:
        """What the decoder is given of normalized blocks ``[n, M, D]``, ``[n, L, columns]``; bits of each block
        ``[n]``; and the share of the vectors that escape."""
        latents = self.model.latents(blocks)
        residual, chosen = parts_of(self.model, latents)
        edges = np.cumsum([0, *(books.book.codewords.shape[1] for books in self.books)])
        values, bits, far = np.zeros_like(residual), np.zeros(len(residual), np.int64), []
        for (low, high), books in zip(pairwise(edges), self.books, strict=True):
            values[:, low:high], taken, escaped = books.code(residual[:, low:high])
            bits += taken
            far.append(float(escaped.mean()))
        if chosen is not None:
            values += self.model.classes[chosen]
            bits += self.class_bits[chosen]
        columns = values.reshape(len(blocks), -1, values.shape[1]).transpose(0, 2, 1)
        return columns.astype(np.float32), bits.reshape(len(blocks), -1).sum(axis=1), float(np.mean(far))

    def sent(self, blocks: NDArray[np.float32]) -> Sent:
        """What comes back of normalized blocks."""
        columns, bits, _ = self.quantized(blocks)
        return Sent(self.model.decode(columns), bits)

    def work(self, columns_per_spike: float) -> dict[str, float]:
        """Multiply-accumulates of a spike, the search with them, and entries of the code tables."""
        words = sum(books.book.codewords.size for books in self.books if len(books.book.codewords) > 1)
        entries = self.class_bits.size + sum(
            len(books.book.codewords) + bool(np.isfinite(books.bound)) for books in self.books
        )
        macs = (self.model.weight.size + self.model.classes.size + words) * columns_per_spike
        return {"macs_per_spike": macs, "table_entries": float(entries)}


def parts_of(model: LinearModel, latents: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Residuals ``[n · columns, L]`` of latents ``[n, L, columns]``, and the class of each; None without classes."""
    rows = latents.transpose(0, 2, 1).reshape(-1, latents.shape[1])
    if not len(model.classes):
        return rows, None
    chosen = model.choose(latents).ravel()
    return rows - model.classes[chosen], chosen


def at_bits(at: Fitted, unit: LinearModel, groups: Sequence[int], quantile: float, seed: int) -> BookCoder:
    """Codebooks for groups of the latents of ``unit``, a bit worth so much that blocks ``at.tuned`` take the bits asked
    for, or come closest; with the decoder that suits them."""
    latents = unit.latents(at.train.normalized)
    residual, chosen = parts_of(unit, latents)
    lengths = np.zeros(0, np.uint8) if chosen is None else class_lengths(chosen, len(unit.classes))
    power = float(np.square(residual).sum(axis=1).mean())
    edges = np.cumsum([0, *groups])

    def made(weight: float) -> BookCoder:
        return BookCoder(
            unit,
            lengths,
            tuple(fit_books(residual[:, low:high], weight * power, quantile, seed) for low, high in pairwise(edges)),
        )

    wanted = at.place.bits * at.design.block.spikes
    tried: list[tuple[float, float, BookCoder]] = []
    octaves = START
    for _ in range(TRIES):
        coder = made(2.0**octaves)
        tried.append((float(coder.quantized(at.tuned.normalized)[1].mean()) / wanted - 1, octaves, coder))
        if abs(tried[-1][0]) < CLOSE:
            break
        octaves = _next(tried)
    best = min(tried, key=lambda item: abs(item[0]))[2]
    return replace(best, model=replace(unit, decoder=_inverse(at, best)))


def _next(tried: Sequence[tuple[float, float, BookCoder]]) -> float:
    """The octave to try next: between the closest ones with too many and too few bits, or beyond all."""
    many = [(octaves, excess) for excess, octaves, _ in tried if excess > 0]
    few = [(octaves, excess) for excess, octaves, _ in tried if excess <= 0]
    if not few:
        return max(many)[0] + STRIDE
    if not many:
        return min(few)[0] - STRIDE
    (low, above), (high, below) = max(many), min(few)
    share = above / (above - below)
    return low + (high - low) * min(max(share, 0.1), 0.9)


def _inverse(at: Fitted, coder: BookCoder) -> LinearDecoder:
    def pair(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return coder.quantized(sample.normalized)[0], sample.target

    no_classes = np.zeros((0, len(coder.model.weight)))
    return fit_inverse(pair(at.train), pair(at.validation), no_classes, joint=coder.model.joint)
