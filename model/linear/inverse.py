"""The decoder's linear inverse: least squares from the latents that are sent to the spikes."""

import numpy as np
import torch
from numpy.typing import NDArray

from model.linear.decoder import LinearDecoder
from model.linear.linear_model import columns_of, nearest_class

__all__ = ["fit_inverse"]

RIDGES = (0.0, 1e-4, 1e-3, 1e-2)
"""What is added to each latent's mean square, in shares of the latents' mean, of which the best is chosen."""
HOLDS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""How much a class's own matrix is held to that for all: as if so many times the training columns had said that they do
not differ. The best is chosen, if it is better than none of its own."""

Pair = tuple[NDArray[np.floating], NDArray[np.floating]]
Rows = NDArray[np.float64]


def fit_inverse(
    train: Pair, validation: Pair, classes: NDArray[np.float64], *, joint: bool, of_all: bool = False
) -> LinearDecoder:
    """The decoder of least squared error on training blocks, held back as suits the validation blocks: a matrix for
    all, and what suits each class better. It makes silence of latents that are 0.

    Args:
        train: latents that are sent ``[n, L, columns]``, and normalized blocks ``[n, M, D]``.
        validation: the same of other blocks.
        classes: ``[K, L]``, in the latents' unit; K is 0 without.
        joint: whether one column stands for all spikes of a block.
        of_all: once they have chosen how far it is held back, validation blocks are fitted to as well.
    """
    known, target = _rows(train, joint)
    held_out, wanted = _rows(validation, joint)
    ridge = min(RIDGES, key=lambda tried: _loss(wanted - held_out @ _shared(known, target, tried)))
    weight = _shared(known, target, ridge)
    hold = _best_hold((known, target - known @ weight), (held_out, wanted - held_out @ weight), classes)
    if of_all:
        known, target = np.concatenate([known, held_out]), np.concatenate([target, wanted])
        weight = _shared(known, target, ridge)
    _, spikes, samples = train[1].shape
    decoder = LinearDecoder(known.shape[1], spikes, samples, joint=joint, classes=len(classes))
    decoder.set_inverse(torch.from_numpy(weight.T))
    if hold is not None:
        own = _of_classes(known, target - known @ weight, classes, hold)
        decoder.set_classes(torch.from_numpy(classes), torch.from_numpy(own.transpose(0, 2, 1)))
    return decoder.eval()


def _shared(known: Rows, target: Rows, ridge: float) -> Rows:
    """The matrix ``[L, outputs]`` for all columns."""
    gram = known.T @ known / len(known)
    cross = known.T @ target / len(known)
    power = float(np.trace(gram)) / len(gram)
    held_back = gram + (ridge * power + 1e-12) * np.eye(len(gram))
    return np.asarray(np.linalg.lstsq(held_back, cross, rcond=None)[0])


def _of_classes(known: Rows, missed: Rows, classes: Rows, hold: float) -> NDArray[np.float64]:
    """What a class's matrix makes of its columns' latents of what the shared one missed, ``[K, L, outputs]``."""
    chosen = nearest_class(known, classes)
    held_back = hold * np.diag(np.square(known).sum(axis=0) + 1e-12)
    found = []
    for k in range(len(classes)):
        own = known[chosen == k]
        found.append(np.linalg.solve(own.T @ own + held_back, own.T @ missed[chosen == k]))
    return np.stack(found)


def _best_hold(train: tuple[Rows, Rows], validation: tuple[Rows, Rows], classes: Rows) -> float | None:
    """Of latents and what the shared matrix missed; None where classes have nothing of their own."""
    if not len(classes):
        return None
    held_out, wanted = validation
    chosen = nearest_class(held_out, classes)
    best, least = None, _loss(wanted)
    for hold in HOLDS:
        left = wanted.copy()
        for k, own in enumerate(_of_classes(*train, classes, hold)):
            left[chosen == k] -= held_out[chosen == k] @ own
        if _loss(left) < least:
            best, least = hold, _loss(left)
    return best


def _loss(missed: Rows) -> float:
    """Of columns' errors ``[n, outputs]``: the mean of their powers in decibels, but for a constant."""
    return float(np.log(np.square(missed).sum(axis=1) + 1e-12).mean())


def _rows(pair: Pair, joint: bool) -> tuple[Rows, Rows]:
    latents, blocks = pair
    return latents.astype(np.float64).transpose(0, 2, 1).reshape(-1, latents.shape[1]), columns_of(blocks, joint=joint)
