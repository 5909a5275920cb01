"""Figures of decoded spikes: quality and rate, peaks, templates, and PCA at equal bits."""

import numpy as np
from numpy.typing import NDArray

from spikecae.evaluation.pca import pca_coders
from spikecae.evaluation.quality import sndr, spike_decibels
from spikecae.evaluation.result import OfGroup, Quality

__all__ = ["LEAST_OF_GROUP", "amplitude_errors", "groups_of", "pca_beside", "quality_of"]

LEAST_OF_GROUP = 20
"""Events of a unit or channel, below which it is left out."""
OCTAVES = np.arange(-3.0, 4.1)
"""Of PCA's step, in deviations of the spikes: points of its curve."""
HALVINGS = 8
"""From there to the step at equal bits."""
MOST_VECTORS = 8_000
"""That PCA is fitted to, and measured on, at equal distances."""

Snippets = NDArray[np.float32]


def quality_of(original: Snippets, decoded: Snippets, bits: float) -> Quality:
    """Of snippets ``[..., D]`` that took ``bits`` altogether."""
    found = sndr(original, decoded)
    return Quality(
        sndr_mean_db=found.mean_db,
        sndr_global_db=found.global_db,
        sndr_worst_db=found.worst_db,
        bits_per_spike=bits / original[..., 0].size,
    )


def amplitude_errors(original: NDArray[np.floating], decoded: NDArray[np.floating]) -> NDArray[np.float64]:
    """By how much peaks ``[n]`` are larger than they were, in percent; NaN of those that were 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 100 * (np.asarray(decoded, np.float64) / original - 1)
    return np.where(np.isfinite(error), error, np.nan)


def groups_of(
    names: list[str], number: NDArray[np.integer], original: Snippets, decoded: Snippets, peak: NDArray[np.float64]
) -> list[OfGroup]:
    """Figures of each group of events, the worst first.

    Args:
        names: of the groups.
        number: ``[n]``, which group each event is of; negative for none.
        original, decoded: ``[n, P, D]``.
        peak: ``[n]``, errors of the amplitudes, percent.
    """
    made = []
    for group, name in enumerate(names):
        own = np.flatnonzero(number == group)
        if len(own) < LEAST_OF_GROUP:
            continue
        mine, back = original[own], decoded[own]
        templates = mine.mean(axis=0, dtype=np.float64), back.mean(axis=0, dtype=np.float64)
        lost = float(np.sqrt(np.square(templates[1] - templates[0]).sum() / np.square(templates[0]).sum()))
        made.append(
            OfGroup(
                name=name,
                events=len(own),
                sndr_mean_db=float(np.nanmean(spike_decibels(mine, back))),
                sndr_global_db=sndr(mine, back).global_db,
                amplitude_bias_percent=float(np.nanmedian(peak[own])),
                amplitude_error_percent=float(np.nanmedian(np.abs(peak[own]))),
                template_error_percent=100 * lost,
            )
        )
    return sorted(made, key=lambda group: group.sndr_global_db)


def pca_beside(
    fit: NDArray[np.float64], test: NDArray[np.float64], original: Snippets, bits_per_spike: float
) -> tuple[Quality | None, str | None, list[Quality], NDArray[np.float64]]:
    """PCA with entropy coding at equal bits, why there is none, its curve, and its spikes' decibels.

    Args:
        fit: ``[V, W]``, vectors that transform and code are fitted to.
        test: ``[n, W]``, vectors that rate and quality are measured on.
        original: of ``test``, before the converter: as many snippets ``[n·W/D, D]``.
        bits_per_spike: of the encoder, on ``test``.
    """
    nothing = np.empty(0)
    if len(fit) < fit.shape[1]:
        text = f"{len(fit)} vectors of {fit.shape[1]} values are too few to fit PCA to; give a longer recording"
        return None, text, [], nothing
    fit, kept = _thinned(fit), np.arange(len(test))[:: _stride(len(test))]
    test, original = test[kept], original.reshape(len(test), -1, original.shape[-1])[kept]

    def at(octave: float) -> tuple[Quality, NDArray[np.float64]]:
        (coder,) = pca_coders(fit, [2.0**octave])
        levels = coder.levels(test)
        decoded = coder.decode(levels).reshape(original.shape).astype(np.float32)
        return quality_of(original, decoded, float(coder.bits(levels).sum())), spike_decibels(original, decoded)

    curve = [at(float(octave))[0] for octave in OCTAVES]
    rates = [point.bits_per_spike for point in curve]
    if not rates[-1] <= bits_per_spike <= rates[0]:
        text = f"{bits_per_spike:.3g} bits lie outside what its steps give, {rates[-1]:.3g} to {rates[0]:.3g}"
        return None, text, curve, nothing
    fine, coarse = float(OCTAVES[0]), float(OCTAVES[-1])
    for _ in range(HALVINGS):
        middle = (fine + coarse) / 2
        if at(middle)[0].bits_per_spike > bits_per_spike:
            fine = middle
        else:
            coarse = middle
    found, decibels = at((fine + coarse) / 2)
    return found, None, curve, decibels.ravel()


def _stride(count: int) -> int:
    return max(1, -(-count // MOST_VECTORS))


def _thinned(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors[:: _stride(len(vectors))]
