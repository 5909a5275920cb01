"""Blocks for the benches: spikes, noise, what saturates, and what rare codes are for."""

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers
from spikecae.bitstream.huffman import code_words
from spikecae.golden import encode
from spikecae.golden.levels import columns_of, scores_of
from spikecae.spec import EncoderSpec
from spikecae.stages import Levels
from spikecae.widths import integer_range

__all__ = ["blocks_of_all_kinds", "codes_of", "with_all_lengths"]

CANDIDATES = 4000
OF_A_PAIR = 3
UNDECIDED = 8
"""Most that squared distances to two classes differ by."""
QUIETEST = 8
"""As a power of two below the converter's range."""


def blocks_of_all_kinds(spec: EncoderSpec, blocks: int, seed: int) -> NDArray[np.int16]:
    """(blocks, M, D) codes: bumps in noise over the whole range of the converter, then noise over all of it, then its
    ends by turns."""
    rng = np.random.default_rng(seed)
    shape = (blocks, spec.spikes, spec.samples)
    least, most = integer_range(spec.adc_bits, signed=True)
    t = np.arange(spec.samples)
    centre, width = rng.uniform(0, spec.samples, (*shape[:2], 1)), rng.uniform(2, 8, (*shape[:2], 1))
    height = least * rng.uniform(-1, 1, (*shape[:2], 1))
    codes = np.rint(height * np.exp(-(((t - centre) / width) ** 2)) + rng.normal(0, most / 60, shape))
    quarter = blocks // 4
    codes[-quarter:] = rng.integers(least, most + 1, (quarter, *shape[1:]))
    codes[-2:] = np.where(rng.random((2, *shape[1:])) < 0.5, least, most)
    return codes.clip(least, most).astype(np.int16)


def with_all_lengths(spec: EncoderSpec, adc: NDArray[np.int16], seed: int) -> NDArray[np.int16]:
    """Blocks (n, M, D), behind them a few more, bumps and waves, soft and loud, for lengths, last bits and places
    of codes that they do not lead to, and for classes that are nearly as near as another."""
    rng = np.random.default_rng(seed)
    shape = (CANDIDATES, spec.spikes, 1)
    t = np.arange(spec.samples)
    bumps = np.exp(-(((t - rng.uniform(0, spec.samples, shape)) / rng.uniform(1, 8, shape)) ** 2))
    least, most = integer_range(spec.adc_bits, signed=True)
    loud, noise = (most * 2.0 ** -rng.uniform(0, QUIETEST, shape) for _ in range(2))
    sign = rng.choice((-1, 1), shape)
    envelope = np.exp(-(((t - rng.uniform(0, spec.samples, shape)) / rng.uniform(1, spec.samples, shape)) ** 2))
    waves = envelope * np.cos(np.pi * rng.uniform(0, 1, shape) * t + rng.uniform(0, 2 * np.pi, shape))
    candidates = np.concatenate([sign * loud * bumps + rng.normal(0, 1, bumps.shape) * noise / 4, loud * waves])
    codes = np.rint(candidates).clip(least, most).astype(np.int16)
    met = set().union(*codes_of(spec, encode(spec, adc).indices))
    found = encode(spec, codes)
    chosen = []
    for number, own in enumerate(codes_of(spec, found.indices)):
        if not own <= met:
            met |= own
            chosen.append(number)
    chosen += _undecided(spec, found.taps[spec.transforms[-1].tap])
    return np.concatenate([adc, codes[chosen]])


def _undecided(spec: EncoderSpec, latents: Integers) -> list[int]:
    """Of blocks those in which a column is all but as near to a second class as to the nearest: for each two classes
    the few where it is so most of all."""
    stage = spec.quantizer
    if not isinstance(stage, Levels) or not stage.classes:
        return []
    scores = scores_of(stage, columns_of(stage, latents.reshape(len(latents), -1)))
    columns, nearest = np.arange(len(scores)), scores.argsort(axis=1, kind="stable")
    first, second = nearest[:, 0], nearest[:, 1]
    margins = scores[columns, second] - scores[columns, first]
    closest = np.flatnonzero((margins > 0) & (margins <= UNDECIDED))
    order = closest[margins[closest].argsort(kind="stable")]
    pairs = first[order] * scores.shape[1] + second[order]
    chosen = (column for pair in np.unique(pairs) for column in order[pairs == pair][:OF_A_PAIR])
    return sorted({int(column) // stage.columns for column in chosen})


def codes_of(spec: EncoderSpec, indices: NDArray[np.integer]) -> list[set[tuple[int, ...]]]:
    """Of the codes of each block of indices (blocks, S): table, length in bits and last two bits; and length with last
    bit and how many bits of the byte that it comes to are there."""
    words, lengths = code_words(indices, spec.coder.tables, spec.symbols)
    there = (np.cumsum(lengths, axis=1) - lengths) % 8
    tables = np.broadcast_to(spec.symbols.tables, lengths.shape)
    ends, places = np.stack([tables, lengths, words & 3], axis=2), np.stack([lengths, 8 * (words & 1) + there], axis=2)
    sent = lengths > 0
    return [
        {tuple(code) for of in (ends, places) for code in of[block][sent[block]].tolist()}
        for block in range(len(indices))
    ]
