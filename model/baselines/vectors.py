"""What every baseline codes: one vector per spike of a queue, or per neighbourhood of channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset, Split
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS, Sndr, sndr
from spikecae.front_end.adc import codes_to_units

__all__ = ["Coded", "coded", "first_half", "spike_vectors"]


@dataclass(frozen=True)
class Coded:
    """A coder at one setting: bits per spike (one channel's D samples), and quality, on the test split."""

    setting: str
    bits_per_spike: float
    cr: float
    sndr: Sndr


def spike_vectors(split: Split, design: Design) -> NDArray[np.float64]:
    """Vectors ``[V, D]`` (queue) or ``[V, M·D]`` (neighbourhood) after the converter, recording units."""
    width = design.block.samples * (1 if design.block.kind == "queue" else design.block.spikes)
    return codes_to_units(split.adc, design.adc).reshape(-1, width)


def first_half(dataset: SpikeDataset, design: Design) -> NDArray[np.float64]:
    """Vectors of the training and validation splits: all that coders without an epoch to pick are fitted on."""
    return np.concatenate([spike_vectors(split, design) for split in (dataset.train, dataset.validation)])


def coded(setting: str, bits: float, decoded: NDArray[np.float64], split: Split) -> Coded:
    """The point of a coder that spends ``bits`` on all of ``split`` and decodes it to ``decoded`` (recording units)."""
    blocks, spikes, samples = split.spikes.shape
    rate = bits / (blocks * spikes)
    ratio = samples * SAMPLE_BITS / rate if rate else float("inf")
    return Coded(setting, rate, ratio, sndr(split.spikes, decoded.reshape(split.spikes.shape)))
