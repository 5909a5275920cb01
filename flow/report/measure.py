"""Decoded test spikes, for the pictures: through the golden encoder and the float decoder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flow.report.ranges import Extremes
from flow.report.sent import SentCodewords, SentLevels, what_is_sent
from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.families import FAMILIES
from spikecae.design import Design
from spikecae.evaluation.quality import spike_decibels
from spikecae.golden import encode
from spikecae.spec import EncoderSpec

__all__ = ["Decoded", "decode_split"]

CHUNK = 64
"""Blocks encoded at a time: the golden model keeps every stage's output."""
MAX_BLOCKS = 1024
"""Enough for pictures; figures in numbers are the quantize stage's, over the whole split."""


@dataclass(frozen=True)
class Decoded:
    """Blocks of a split, evenly spaced, and what is left of them behind the link.

    Attributes:
        original: float32 ``[B, M, D]``, recording units.
        decoded: float64 ``[B, M, D]``, recording units.
        channels: int32 ``[B, M]``.
        sndr_db: float64 ``[B, M]``, of each spike; NaN of a silent one.
        sent: what was sent of them.
        extremes: by the stage's name, of the integers at every place of the encoder.
    """

    original: NDArray[np.float32]
    decoded: NDArray[np.float64]
    channels: NDArray[np.int32]
    sndr_db: NDArray[np.float64]
    sent: SentCodewords | SentLevels
    extremes: dict[str, Extremes]


@torch.no_grad()
def decode_split(design: Design, spec: EncoderSpec, checkpoint: Path, split: Split) -> Decoded:
    """Encode at most ``MAX_BLOCKS`` of a split with the golden model and decode them with the checkpoint's decoder.

    Raises:
        ValueError: the checkpoint is corrupt or of another encoder.
    """
    off_chip = FAMILIES.of(design).off_chip(design, checkpoint)
    latents = spec.latents.channels, spec.latents.samples
    parts, sent = [], []
    extremes: dict[str, Extremes] = {}
    chosen = np.linspace(0, len(split) - 1, min(len(split), MAX_BLOCKS)).astype(np.intp)
    original = split.spikes[chosen]
    for start in range(0, len(chosen), CHUNK):
        coded = encode(spec, split.adc[chosen[start : start + CHUNK]])
        indices = coded.indices
        sent.append(indices)
        for name, values in coded.taps.items():
            own = Extremes.of(values)
            extremes[name] = extremes[name] | own if name in extremes else own
        heard = spec.quantizer.dequantize(indices, latents[0] * latents[1]).reshape(len(indices), *latents)
        parts.append(off_chip.decoder(torch.from_numpy(heard)).numpy())
    decoded = decode_units(np.concatenate(parts), off_chip.normalization, design)
    return Decoded(
        original,
        decoded,
        split.channels[chosen],
        spike_decibels(original, decoded),
        what_is_sent(spec.quantizer, spec, np.concatenate(sent)),
        extremes,
    )
