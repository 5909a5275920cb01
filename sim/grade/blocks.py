"""Blocks for the benches: spikes, noise, what saturates, and what rare codes are for."""

import numpy as np
from numpy.typing import NDArray

from spikecae.canonical_code import canonical_codes
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from spikecae.widths import integer_range

__all__ = ["blocks_of_all_kinds", "codes_of", "with_all_lengths"]

CANDIDATES = 4000
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
    """Blocks (n, M, D), and behind them a few more, bumps and waves, soft and loud, for lengths and last bits of codes
    that they do not lead to."""
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
    chosen = []
    for number, own in enumerate(codes_of(spec, encode(spec, codes).indices)):
        if not own <= met:
            met |= own
            chosen.append(number)
    return np.concatenate([adc, codes[chosen]])


def codes_of(spec: EncoderSpec, indices: NDArray[np.integer]) -> list[set[tuple[int, int, int]]]:
    """Table, length in bits and last two bits of the codes of each block of indices (blocks, S)."""
    tables, places = spec.coder.tables, spec.symbols
    last = [canonical_codes(lengths) & 3 for lengths in tables]
    coded = [(places.tables[at], indices[:, at]) for at in places.coded]
    found = [(table, tables[table][own].tolist(), last[table][own].tolist()) for table, own in coded]
    return [{(table, bits[block], ends[block]) for table, bits, ends in found} for block in range(len(indices))]
