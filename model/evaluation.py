"""Running a model over spikes, and what comes of it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.autoencoder.network import Autoencoder
from model.datasets.spikes import Split
from model.metrics import bits_per_spike, cr_entropy, entropy_bits, index_counts
from model.normalization import Normalization
from spikecae.design import Design
from spikecae.evaluation.quality import Sndr, sndr
from spikecae.front_end.adc import codes_to_units

__all__ = ["Evaluation", "decode_units", "evaluate", "run_model"]

BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """Quality and rate on one split; ``counts`` int64 ``[K]`` says how often each codeword was sent."""

    sndr: Sndr
    counts: NDArray[np.int64]
    entropy_bits: float
    bits_per_spike: float
    cr_entropy: float

    @property
    def codewords_used(self) -> int:
        """Codewords that occur."""
        return int(np.count_nonzero(self.counts))


@torch.no_grad()
def run_model(
    model: Autoencoder, normalization: Normalization, adc: NDArray[np.int16]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Normalized reconstructions ``[B, M, D]`` and indices ``[B, N]`` of codes ``[B, M, D]``."""
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    outputs, indices = [], []
    for start in range(0, len(adc), BATCH):
        result = model(torch.from_numpy(normalization.apply(adc[start : start + BATCH])).to(device))
        outputs.append(result.output.cpu().numpy())
        indices.append(result.quantized.indices.cpu().numpy())
    model.train(training)
    return np.concatenate(outputs), np.concatenate(indices)


def decode_units(normalized: NDArray[np.float32], normalization: Normalization, design: Design) -> NDArray[np.float64]:
    """Recording units of normalized samples ``[B, M, D]``."""
    return codes_to_units(normalization.undo(normalized), design.adc)


def evaluate(model: Autoencoder, normalization: Normalization, split: Split, design: Design) -> Evaluation:
    """SNDR against the spikes before the converter (so that its steps and clipping count), and the indices' entropy."""
    outputs, indices = run_model(model, normalization, split.adc)
    counts = index_counts(indices, design.codebook.codewords)
    entropy = entropy_bits(counts)
    return Evaluation(
        sndr=sndr(split.spikes, decode_units(outputs, normalization, design)),
        counts=counts,
        entropy_bits=entropy,
        bits_per_spike=bits_per_spike(design, entropy),
        cr_entropy=cr_entropy(design, entropy),
    )
