"""Blocks for the benches: spikes, noise, and what saturates."""

import numpy as np
from numpy.typing import NDArray

from spikecae.spec import EncoderSpec
from spikecae.widths import integer_range

__all__ = ["blocks_of_all_kinds"]


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
