"""PCA on a data set (:mod:`spikecae.evaluation.pca`): fitted on the training split, measured on the test split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.baselines.vectors import spike_vectors
from model.datasets.spikes import SpikeDataset, Split
from spikecae.design import Design
from spikecae.evaluation.pca import PcaCoder, pca_coders
from spikecae.evaluation.quality import Sndr, sndr

__all__ = ["OutsideCurve", "RatePoint", "pca_at_bits", "pca_curve"]

DEFAULT_STEPS = tuple(float(2**exponent) for exponent in np.arange(-3.0, 3.01, 0.25))


class OutsideCurve(ValueError):
    """A rate at which there is nothing to compare with."""


@dataclass(frozen=True)
class RatePoint:
    """One quantizer step (in deviations of the training spikes), the bits it costs per spike, and its quality."""

    step: float
    bits_per_spike: float
    sndr: Sndr


def pca_curve(design: Design, dataset: SpikeDataset, steps: Sequence[float] = DEFAULT_STEPS) -> list[RatePoint]:
    """Rate and quality on the test split for each of ``steps``.

    The channels of a neighbourhood are transformed together, the spikes of a queue one by one: the better way for each.
    The curve is empty where the training spikes do not vary.
    """
    train, test = (spike_vectors(split, design) for split in (dataset.train, dataset.test))
    return [
        _point(step, coder, test, dataset.test) for step, coder in zip(steps, pca_coders(train, steps), strict=False)
    ]


def pca_at_bits(curve: Sequence[RatePoint], bits: float) -> Sndr:
    """Quality at ``bits`` per spike, linear between the points of ``curve``.

    Raises:
        OutsideCurve: ``bits`` is less or more than any step gives.
    """
    if not curve:
        raise OutsideCurve("the training spikes do not vary, so that there is no PCA")
    points = sorted(curve, key=lambda point: point.bits_per_spike)
    rates = [point.bits_per_spike for point in points]
    if not rates[0] <= bits <= rates[-1]:
        raise OutsideCurve(
            f"{bits:.3g} bits per spike lie outside what PCA's steps give, {rates[0]:.3g} to {rates[-1]:.3g}"
        )
    figures = [(point.sndr.mean_db, point.sndr.global_db, point.sndr.worst_db) for point in points]
    return Sndr(*(float(np.interp(bits, rates, values)) for values in zip(*figures, strict=True)))


def _point(relative: float, coder: PcaCoder, test: NDArray[np.float64], split: Split) -> RatePoint:
    levels = coder.levels(test)
    spikes = split.spikes.shape[0] * split.spikes.shape[1]
    decoded = coder.decode(levels).reshape(split.spikes.shape)
    return RatePoint(relative, float(coder.bits(levels).sum()) / spikes, sndr(split.spikes, decoded))
