"""Canonical, length-limited Huffman codes, and the packing of their bits, most significant bit first.

Lengths come from package-merge (Larmore and Hirschberg 1990), which is optimal under the limit.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikecae import acceleration
from spikecae.bitstream.bits import golomb
from spikecae.canonical_code import MAX_LENGTH, canonical_codes, canonical_order, check_lengths
from spikecae.stages.base import GOLOMB, Symbols

__all__ = [
    "code_lengths",
    "code_words",
    "decode_blocks",
    "encode_blocks",
    "lookup",
    "pack_bits",
    "positions",
    "stray_escapes",
]


def code_lengths(counts: ArrayLike, limit: int = MAX_LENGTH) -> NDArray[np.uint8]:
    """Optimal code lengths under ``limit``.

    Args:
        counts: (K,) occurrences of each symbol; a symbol never seen is counted as one occurrence so
            that every symbol can be coded.
        limit: longest length allowed, in bits.

    Returns:
        (K,) lengths in bits. One symbol alone gets length 1.

    Raises:
        ValueError: ``limit`` is too small for K symbols, or a count is negative or not finite.
    """
    weights = np.asarray(counts, dtype=np.float64)
    if weights.ndim != 1 or weights.size == 0 or not np.all((weights >= 0) & (weights < np.inf)):
        raise ValueError(f"counts must be a vector of finite non-negative numbers, got {weights}")
    symbols = weights.size
    if symbols > 1 << limit:
        raise ValueError(f"{symbols} symbols cannot be coded in {limit} bits; raise the limit")
    weights = np.maximum(weights, 1.0)
    if symbols == 1:
        return np.ones(1, dtype=np.uint8)
    order = np.argsort(weights, kind="stable")
    leaves = [(float(weights[symbol]), (int(symbol),)) for symbol in order]
    packages: list[tuple[float, tuple[int, ...]]] = []
    for _ in range(limit):
        merged = sorted(leaves + packages, key=lambda item: item[0])
        packages = [
            (merged[i][0] + merged[i + 1][0], merged[i][1] + merged[i + 1][1]) for i in range(0, len(merged) - 1, 2)
        ]
    lengths = np.zeros(symbols, dtype=np.uint8)
    for _, members in packages[: symbols - 1]:
        np.add.at(lengths, list(members), 1)
    return lengths


def pack_bits(codes: NDArray[np.integer], lengths: NDArray[np.integer]) -> bytes:
    """Concatenate right-aligned code words, most significant bit first, zero-padded to a byte.

    Args:
        codes: (n,) code words.
        lengths: (n,) their lengths in bits.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    kernels = acceleration.kernels()
    if kernels is not None:
        packed = np.zeros(-(-int(lengths.sum()) // 8), dtype=np.uint8)
        kernels.pack_bits(np.asarray(codes, dtype=np.int64), lengths, packed)
        return packed.tobytes()
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    place = np.repeat(ends, lengths) - 1 - np.arange(total)
    bits = (np.repeat(np.asarray(codes, dtype=np.int64), lengths) >> place) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def encode_blocks(indices: NDArray[np.integer], tables: Sequence[NDArray[np.uint8]], symbols: Symbols) -> list[bytes]:
    """Code each block's indices by themselves.

    Args:
        indices: (blocks, S) index at each position.
        tables: code tables (lengths).
        symbols: what the positions are.

    Returns:
        One byte string per block, its last byte zero-padded.

    Raises:
        ValueError: as for :func:`code_words`.
    """
    words, lengths = code_words(indices, tables, symbols)
    bits = lengths.sum(axis=1)
    padding = -bits % 8
    packed = pack_bits(np.column_stack([words, 0 * padding]).ravel(), np.column_stack([lengths, padding]).ravel())
    ends = np.cumsum(bits + padding) // 8
    return [packed[end - size : end] for end, size in zip(ends.tolist(), ((bits + 7) // 8).tolist(), strict=True)]


def code_words(
    indices: NDArray[np.integer], tables: Sequence[NDArray[np.uint8]], symbols: Symbols
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Right-aligned code word of each index, and its length in bits, (blocks, S) each; 0 bits of one that is not sent.

    Raises:
        ValueError: an index is outside its table, or an escape that is not sent is not 0.
    """
    words, lengths = np.empty(indices.shape, dtype=np.int64), np.empty(indices.shape, dtype=np.int64)
    sizes, table_of, escaped_by = positions(symbols)
    outside = (indices < 0) | (indices >= sizes)
    if outside.any():
        row, position = np.argwhere(outside)[0]
        what = "numbers that its escape can be" if table_of[position] == GOLOMB else "symbols that its code table has"
        raise ValueError(
            f"index {indices[row, position]} at position {position} is outside the {sizes[position]} {what}; give the "
            "indices that the encoder of this spec makes"
        )
    for number, table in enumerate(tables):
        columns = np.flatnonzero(table_of == number) if (table_of != number).any() else slice(None)
        own = indices[:, columns]
        words[:, columns] = _codes(table.tobytes())[own]
        lengths[:, columns] = table[own]
    escapes = np.flatnonzero(table_of == GOLOMB)
    if escapes.size:
        stray = stray_escapes(indices, symbols)
        if stray.any():
            row, position = np.argwhere(stray)[0]
            by = escaped_by[position]
            raise ValueError(
                f"index {indices[row, position]} at position {position} must be 0: it is sent only where position {by} "
                f"has its last symbol, {sizes[by] - 1}, and that has {indices[row, by]}; set one of them right"
            )
        by = escaped_by[escapes]
        words[:, escapes], bits = golomb(indices[:, escapes], symbols.order)
        lengths[:, escapes] = np.where(indices[:, by] == sizes[by] - 1, bits, 0)
    return words, lengths


@lru_cache(maxsize=64)
def positions(symbols: Symbols) -> NDArray[np.int64]:
    """Sizes, code tables, and what lets them be sent, of all positions, (3, S); not to be written to."""
    rows = np.array([symbols.sizes, symbols.tables, symbols.escaped_by or (-1,) * len(symbols)], np.int64)
    rows.flags.writeable = False
    return rows


def stray_escapes(indices: NDArray[np.integer], symbols: Symbols) -> NDArray[np.bool_]:
    """Which of the indices (blocks, S) are numbers other than 0 of escapes that are not sent."""
    sizes, table_of, escaped_by = positions(symbols)
    escapes = np.flatnonzero(table_of == GOLOMB)
    by = escaped_by[escapes]
    stray = np.zeros(indices.shape, np.bool_)
    stray[:, escapes] = (indices[:, escapes] != 0) & (indices[:, by] != sizes[by] - 1)
    return stray


@lru_cache(maxsize=256)
def _codes(lengths: bytes) -> NDArray[np.int64]:
    return canonical_codes(np.frombuffer(lengths, dtype=np.uint8)).astype(np.int64)


def decode_blocks(
    payloads: Sequence[bytes], tables: Sequence[NDArray[np.uint8]], symbols: Symbols
) -> NDArray[np.int32]:
    """Undo :func:`encode_blocks`; all blocks advance together, one position at a time.

    Raises:
        ValueError: a payload ends before its last index, or holds an escape that none of its numbers is.
    """
    found, taken = lookup(tables)
    bits = np.array([8 * len(payload) for payload in payloads], dtype=np.int64)
    width = int(bits.max(initial=0)) // 8 + 3
    stream = np.zeros((len(payloads), width), dtype=np.int64)
    for row, payload in enumerate(payloads):
        stream[row, : len(payload)] = np.frombuffer(payload, dtype=np.uint8)
    rows = np.arange(len(payloads))
    at = np.zeros(len(payloads), dtype=np.int64)
    indices = np.empty((len(payloads), len(symbols)), dtype=np.int32)
    sizes = symbols.sizes
    for position, (size, table, by) in enumerate(positions(symbols).T.tolist()):
        byte = np.minimum(at >> 3, width - 3)
        window = (stream[rows, byte] << 16) | (stream[rows, byte + 1] << 8) | stream[rows, byte + 2]
        prefix = (window >> (8 - (at & 7))) & 0xFFFF
        if table == GOLOMB:
            sent = indices[:, by] == sizes[by] - 1
            numbers, lengths = _numbers(prefix, symbols.order)
            numbers, lengths = np.where(sent, numbers, 0), np.where(sent, lengths, 0)
        else:
            numbers, lengths = found[table, prefix], taken[table, prefix]
        at += lengths
        if np.any(at > bits):
            short = int(np.argmax(at > bits))
            raise ValueError(f"payload of block {short} ends within index {position} of {len(symbols)}")
        if np.any(numbers >= size):
            block = int(np.argmax(numbers >= size))
            raise ValueError(f"payload of block {block}: index {position} is {numbers[block]}, {size - 1} at most")
        indices[:, position] = numbers
    return indices


def _numbers(prefix: NDArray[np.int64], order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers whose Golomb codes 16 bits begin with, and the codes' lengths; 2**16 for each of a longer code."""
    _, used = np.frexp(prefix.astype(np.float64))
    lengths = 2 * (MAX_LENGTH - used.astype(np.int64)) + 1 + order
    numbers = (prefix >> np.maximum(MAX_LENGTH - lengths, 0)) - (1 << order)
    return np.where(lengths > MAX_LENGTH, 1 << MAX_LENGTH, numbers), lengths


def lookup(tables: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Symbol and code length for every 16-bit prefix, (tables, 65536) each; not to be written to."""
    return _lookup(tuple(table.tobytes() for table in tables))


@lru_cache(maxsize=8)
def _lookup(tables: tuple[bytes, ...]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    symbols = np.zeros((len(tables), 1 << MAX_LENGTH), dtype=np.int32)
    taken = np.ones(symbols.shape, dtype=np.uint8)
    for row, table in enumerate(tables):
        lengths = np.frombuffer(table, dtype=np.uint8)
        check_lengths(lengths)
        order = canonical_order(lengths)
        prefixes = 1 << (MAX_LENGTH - lengths[order].astype(np.int64))
        used = prefixes.sum()  # all but where there is only one symbol
        symbols[row, :used] = np.repeat(order, prefixes)
        taken[row, :used] = np.repeat(lengths[order], prefixes)
    return symbols, taken
