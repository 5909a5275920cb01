"""What a quantizer sent of the spikes that are shown, for the pictures of it."""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.huffman import code_words
from spikecae.spec import EncoderSpec
from spikecae.stages import Levels, Quantizer, VectorQuantizer

__all__ = ["SentCodewords", "SentLevels", "what_is_sent"]


@dataclass(frozen=True)
class SentCodewords:
    """Of ``n`` blocks.

    Attributes:
        counts: int64 ``[K]``, how often each codeword was sent.
        bits: int64 ``[n]``, of each block.
    """

    counts: NDArray[np.int64]
    bits: NDArray[np.int64]

    @property
    def payload_bits(self) -> dict[str, int]:
        """Of all blocks, by what they are of."""
        return {"codewords": int(self.bits.sum())}


@dataclass(frozen=True)
class SentLevels:
    """Of ``n`` blocks.

    Attributes:
        levels: int64 ``[n, L, columns]``.
        escaped: bool ``[n, L, columns]``, of a group that lies outside of its table.
        classes: int64 ``[K]``, how often each class was sent; empty without classes.
        bits: int64 ``[n]``, of each block.
        class_bits: of all blocks, what their classes take.
        escape_bits: of all blocks, what levels outside of their tables take, without the symbols that announce them.
    """

    levels: NDArray[np.int64]
    escaped: NDArray[np.bool_]
    classes: NDArray[np.int64]
    bits: NDArray[np.int64]
    class_bits: int = 0
    escape_bits: int = 0

    @property
    def payload_bits(self) -> dict[str, int]:
        """Of all blocks, by what they are of."""
        tables = int(self.bits.sum()) - self.class_bits - self.escape_bits
        return {"class": self.class_bits, "levels, by their tables": tables, "escaped levels": self.escape_bits}


@singledispatch
def what_is_sent(quantizer: Quantizer, spec: EncoderSpec, indices: NDArray[np.int32]) -> SentCodewords | SentLevels:
    """What indices (blocks, S) of a spec's quantizer say.

    Raises:
        TypeError: nothing here knows this kind of quantizer.
    """
    raise TypeError(f"the report does not know stages of kind {quantizer.kind!r}")


@what_is_sent.register
def _(quantizer: VectorQuantizer, spec: EncoderSpec, indices: NDArray[np.int32]) -> SentCodewords:
    codewords = max(len(book.words) for book in quantizer.codebooks)
    _, bits = code_words(indices, spec.coder.tables, spec.symbols)
    return SentCodewords(np.bincount(indices.ravel(), minlength=codewords).astype(np.int64), bits.sum(axis=1))


@what_is_sent.register
def _(quantizer: Levels, spec: EncoderSpec, indices: NDArray[np.int32]) -> SentLevels:
    chosen, levels = quantizer.levels(indices)
    rows = indices.reshape(len(indices), quantizer.columns, -1)
    place, outside = len(quantizer.classes), []
    for group in quantizer.groups:
        escaped = rows[:, :, place] == group.symbols - 1
        outside += group.low.size * [escaped]
        place += 1 + group.low.size
    classes = max((len(classes.words) for classes in quantizer.classes), default=0)
    counts = np.bincount(np.zeros(0, np.int64) if chosen is None else chosen.ravel(), minlength=classes)
    _, bits = code_words(indices, spec.coder.tables, spec.symbols)
    first = np.arange(0, indices.shape[1], indices.shape[1] // quantizer.columns)
    numbers = np.setdiff1d(np.arange(indices.shape[1]), spec.symbols.coded)
    return SentLevels(
        levels,
        np.stack(outside, axis=1),
        counts.astype(np.int64),
        bits.sum(axis=1),
        class_bits=int(bits[:, first].sum()) if quantizer.classes else 0,
        escape_bits=int(bits[:, numbers].sum()),
    )
