"""The decoder's linear inverse: least squares from the latents that are sent to the spikes."""

import numpy as np
import torch
from numpy.typing import NDArray

from model.linear.decoder import LinearDecoder
from model.linear.linear_model import columns_of

__all__ = ["fit_inverse"]

RIDGES = (0.0, 1e-4, 1e-3, 1e-2)
"""What is added to each latent's mean square, in shares of the latents' mean, of which the best is chosen."""

Pair = tuple[NDArray[np.floating], NDArray[np.floating]]


def fit_inverse(train: Pair, validation: Pair, *, joint: bool) -> LinearDecoder:
    """The linear decoder of least squared error on training blocks, held back as suits the validation blocks. It makes
    silence of latents that are 0.

    Args:
        train: latents that are sent ``[n, L, columns]``, and normalized blocks ``[n, M, D]``.
        validation: the same of other blocks.
        joint: whether one column stands for all spikes of a block.
    """
    known, target = _rows(train, joint)
    gram = known.T @ known / len(known)
    cross = known.T @ target / len(known)
    power = float(np.trace(gram)) / len(gram)
    tried = []
    held_out, wanted = _rows(validation, joint)
    for ridge in RIDGES:
        held_back = gram + (ridge * power + 1e-12) * np.eye(len(gram))
        weight = np.linalg.lstsq(held_back, cross, rcond=None)[0]
        error = float(np.square(held_out @ weight - wanted).sum())
        tried.append((error, ridge, weight))
    weight = min(tried, key=lambda item: item[:2])[2]
    _, spikes, samples = train[1].shape
    decoder = LinearDecoder(len(gram), spikes, samples, joint=joint)
    decoder.set_inverse(torch.from_numpy(weight.T))
    return decoder.eval()


def _rows(pair: Pair, joint: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    latents, blocks = pair
    return latents.astype(np.float64).transpose(0, 2, 1).reshape(-1, latents.shape[1]), columns_of(blocks, joint=joint)
