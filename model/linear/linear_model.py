"""A fitted linear encoder in floats: from normalized blocks to classes and levels, and back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from model.linear.decoder import LinearDecoder
from model.linear.level_code import Box
from model.normalization import Normalization
from spikecae.widths import integer_range

__all__ = ["FRACTION", "LOUDER", "LinearModel", "columns_of", "decimated", "nearest_class", "with_few_bits"]

FRACTION = 3
"""Bits behind the binary point of latents on the chip: rounding is a multiple of ``2**-FRACTION`` levels."""
LOUDER = 2
"""Spikes so many times as large as those of the training still fit into the chip's input and latents."""
BATCH = 1024
"""Blocks that the decoder takes at a time."""


@dataclass(frozen=True, eq=False)
class LinearModel:
    """The encoder and its decoder. Latents are in units of levels, and rounded to ``FRACTION`` bits before all else.

    Attributes:
        normalization: of the converter's codes.
        decimation: neighbouring samples of whose mean the map is, d.
        weight: float64 ``[L, D / d]`` for a map of each spike by itself, ``[L, M·D / d]`` for one of a block's spikes
            together.
        bias: float64 ``[L]``.
        classes: float64 ``[K, L]``, typical columns of latents; K is 0 without.
        class_cost: float64 ``[K]``, what choosing each class costs, in squared levels.
        rounding: 0 to 0.5; a level is ``sign(r) · floor(|r| + rounding)`` of the residual ``r``.
        groups: boxes of levels that share a symbol; they have L levels together.
        decoder: float32 latents ``[n, L, columns]`` to normalized blocks ``[n, M, D]``.
    """

    normalization: Normalization
    decimation: int
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    classes: NDArray[np.float64]
    class_cost: NDArray[np.float64]
    rounding: float
    groups: tuple[Box, ...]
    decoder: LinearDecoder

    @cached_property
    def joint(self) -> bool:
        """Whether a block has one column of latents."""
        return bool(self.weight.shape[1] * self.decimation != self.normalization.offset.size)

    def latents(self, blocks: NDArray[np.floating]) -> NDArray[np.float64]:
        """Latents ``[n, L, columns]`` of normalized blocks ``[n, M, D]``."""
        return self.latents_of(self.mapped(blocks), len(blocks))

    def latents_of(self, columns: NDArray[np.float64], blocks: int | None = None) -> NDArray[np.float64]:
        """Latents ``[n, L, columns]`` of mapped columns ``[n · columns, inputs]`` of so many blocks, by default of one
        column each."""
        latents = columns @ self.weight.T + self.bias
        return latents.reshape(len(columns) if blocks is None else blocks, -1, len(self.bias)).transpose(0, 2, 1)

    def mapped(self, blocks: NDArray[np.floating]) -> NDArray[np.float64]:
        """What is mapped of normalized blocks ``[n, M, D]``: columns of means of neighbours."""
        return columns_of(decimated(blocks, self.decimation), joint=self.joint)

    def choose(self, latents: NDArray[np.floating]) -> NDArray[np.int64]:
        """Class ``[n, columns]`` of latents ``[n, L, columns]``: the nearest one, what it costs counted."""
        return nearest_class(_on_grid(latents).transpose(0, 2, 1), _on_grid(self.classes), self.class_cost)

    def quantize(self, latents: NDArray[np.floating]) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
        """Class ``[n, columns]``, None without classes, and levels ``[n, L, columns]`` of latents of that shape."""
        residual = _on_grid(latents)
        chosen = None
        if len(self.classes):
            chosen = self.choose(latents)
            residual = residual - _on_grid(self.classes)[chosen].transpose(0, 2, 1)
        levels = np.sign(residual) * np.floor(np.abs(residual) + self.rounding)
        return chosen, levels.astype(np.int64)

    @property
    def sent_classes(self) -> NDArray[np.float64]:
        """Classes ``[K, L]`` as a decoder knows them."""
        return _on_grid(self.classes)

    def dequantize(self, chosen: NDArray[np.integer] | None, levels: NDArray[np.integer]) -> NDArray[np.float32]:
        """Latents ``[n, L, columns]`` that a class and levels stand for."""
        values = levels.astype(np.float64)
        if chosen is not None:
            values = values + _on_grid(self.classes)[chosen].transpose(0, 2, 1)
        return values.astype(np.float32)

    @torch.no_grad()
    def decode(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalized blocks ``[n, M, D]`` of latents ``[n, L, columns]``."""
        parts = [
            self.decoder(torch.from_numpy(latents[start : start + BATCH])).numpy()
            for start in range(0, len(latents), BATCH)
        ]
        return np.concatenate(parts)

    def reconstruct(self, blocks: NDArray[np.floating]) -> NDArray[np.float32]:
        """What comes back of normalized blocks ``[n, M, D]``."""
        return self.decode(self.dequantize(*self.quantize(self.latents(blocks))))


def nearest_class(
    columns: NDArray[np.float64], classes: NDArray[np.float64], cost: NDArray[np.float64] | float = 0.0
) -> NDArray[np.int64]:
    """Number of the nearest class ``[K, L]`` of each column of latents ``[..., L]``, with costs ``[K]``."""
    scores = np.square(classes).sum(axis=1) + cost - 2 * columns @ classes.T
    nearest: NDArray[np.int64] = scores.argmin(axis=-1)
    return nearest


def decimated(blocks: NDArray[np.floating], codes: int) -> NDArray[np.float64]:
    """Means of so many neighbours, float64 ``[n, M, D / codes]``, of blocks ``[n, M, D]``."""
    neighbours = blocks.astype(np.float64).reshape(*blocks.shape[:-1], -1, codes)
    return np.asarray(neighbours.mean(axis=-1), np.float64)


def with_few_bits(weight: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Weights ``[L, inputs]`` as signed integers of ``bits`` say them, each row at a power of two of its own."""
    peak = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 2.0**-16)
    finest = np.floor(np.log2((integer_range(bits, signed=True)[1] + 0.5) / peak))
    return np.asarray(np.floor(weight * 2.0**finest + 0.5) * 2.0**-finest)


def columns_of(blocks: NDArray[np.floating], *, joint: bool) -> NDArray[np.float64]:
    """What is mapped at a time, float64: spikes ``[n·M, D]`` of blocks ``[n, M, D]``, or the blocks ``[n, M·D]``."""
    return blocks.astype(np.float64).reshape(-1, blocks[0].size if joint else blocks.shape[-1])


def _on_grid(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.floor(values * 2.0**FRACTION + 0.5) * 2.0**-FRACTION, np.float64)
