"""Kernels compiled by Numba: the fused codeword search, and Huffman codes to bits and back.

Each does what the Python beside its caller does, and is tested against that.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

__all__ = ["pack_bits", "read_payload", "search_kernel"]


def _compile(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile when first called, and keep the result on disk if there is a place for it."""
    compiled: Callable[..., Any]
    try:
        compiled = njit(function, nogil=True, cache=True, **options)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        compiled = njit(function, nogil=True, **options)
    return compiled


@cache
def search_kernel(length: int, index_bits: int, single: bool, wide: bool) -> Callable[..., None]:
    """The search for vectors of one length with indices of so many bits: known, they make it a third faster.

    With ``single``, scores are exact in float32, else in float64. With ``wide``, score and index together take more
    than 31 bits.
    """
    real: Any = np.float32 if single else np.float64
    integer: Any = np.int64 if wide else np.int32
    start, mask = np.iinfo(integer).max, (1 << index_bits) - 1

    def search(y: Any, weights: Any, bias: Any, found: Any) -> None:
        """Compare score and index as one integer, so that the lowest index wins a tie: y (n, L), weights (L, ≥ K)."""
        for row in range(y.shape[0]):
            best = integer(start)
            for k in range(bias.size):
                score = bias[k]
                for at in range(length):
                    score += real(y[row, at]) * weights[at, k]
                best = min(best, integer((integer(score) << index_bits) | integer(k)))
            found[row] = best & integer(mask)

    return _compile(search, fastmath={"contract"})  # fused or not, sums are exact


@_compile
def pack_bits(words: Any, lengths: Any, packed: Any) -> None:
    """Write right-aligned code words of up to 64 bits into ``packed`` (bytes, zeros before), first bit first."""
    at = 0
    for number in range(words.size):
        left = lengths[number]
        while left > 0:
            room = 8 - (at & 7)
            taken = min(room, left)
            bits = (words[number] >> (left - taken)) & ((1 << taken) - 1)
            packed[at >> 3] |= np.uint8(bits << (room - taken))
            left -= taken
            at += taken


@_compile
def _golomb(data: Any, size: int, at: int, order: int, longest_prefix: int) -> tuple[int, int]:
    """Number and place behind it; a place behind ``size`` if there is no number."""
    zeros = 0
    while at < size and not data[at >> 3] >> (7 - (at & 7)) & 1:
        zeros += 1
        at += 1
    width = order + zeros + 1
    if zeros > longest_prefix or at + width > size:
        return 0, size + 1
    number = 0
    for _ in range(width):
        number = number << 1 | (data[at >> 3] >> (7 - (at & 7)) & 1)
        at += 1
    return number - (1 << order), at


@_compile
def read_payload(
    data: Any,
    size: int,
    symbols: Any,
    taken: Any,
    positions: Any,
    times_of: Any,
    orders: tuple[int, int, int, int],
    indices: Any,
    channels: Any,
    times: Any,
) -> bool:
    """Decode a coded payload; whether it was all right.

    Args:
        data: uint8, two bytes longer than the payload.
        size: bits of the payload.
        symbols: (tables, 65536) symbol for each prefix.
        taken: (tables, 65536) bits of its code.
        positions: (3, S) size and table of each position, a negative one for an escape, and what lets that be sent.
        times_of: (blocks,) times that each block has.
        orders: Golomb orders of channels, times and escapes; longest prefix of zeros.
        indices: (blocks, S), filled in.
        channels: (blocks,), filled in if there are times.
        times: (times_of.sum(),), filled in; without the modulus.
    """
    channel_order, time_order, escape_order, longest = orders
    sizes, table_of, escaped_by = positions[0], positions[1], positions[2]
    at, channel, first, time = 0, 0, 0, 0
    for block in range(indices.shape[0]):
        if times_of[block]:
            number, at = _golomb(data, size, at, channel_order, longest)
            if at > size:
                return False
            channel += -((number + 1) // 2) if number & 1 else number // 2
            channels[block] = channel
        for spike in range(times_of[block]):
            number, at = _golomb(data, size, at, time_order, longest)
            if at > size:
                return False
            if spike == 0:
                first += -((number + 1) // 2) if number & 1 else number // 2
                times[time] = first
            else:
                times[time] = times[time - 1] + number
            time += 1
        for position in range(indices.shape[1]):
            table = table_of[position]
            if table < 0:
                by, number = escaped_by[position], 0
                if indices[block, by] == sizes[by] - 1:
                    number, at = _golomb(data, size, at, escape_order, longest)
                    if at > size or number >= sizes[position]:
                        return False
                indices[block, position] = number
                continue
            byte = at >> 3
            window = np.int64(data[byte]) << 16 | np.int64(data[byte + 1]) << 8 | np.int64(data[byte + 2])
            prefix = window >> (8 - (at & 7)) & 0xFFFF
            indices[block, position] = symbols[table, prefix]
            at += taken[table, prefix]
            if at > size:
                return False
    return size - at < 8 and not (at < size and data[at >> 3] << (at & 7) & 0xFF)
