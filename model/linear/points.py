"""Operating points of a linear encoder: one map at several rates.

A point has for itself what a chip keeps in tables: the scale of the samples, by which all levels are wider or narrower,
classes, boxes of levels and code tables; and a decoder that suits them. Which levels share a symbol is the chip's: what
takes the fewest bits at one rate may not do at another, where every group takes a bit at least. So groups are those
that take the smallest share of what points are asked for, all together.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset, Split
from model.linear.fit import ORDERS, column_bits, with_inverse, with_weighed_classes, within_bits
from model.linear.level_code import fit_boxes, fit_groups, fit_level_code, group_sizes, least_order, level_rows
from model.linear.linear_model import FRACTION, LOUDER, LinearModel
from model.linear.refine import BIT_WORTH
from model.linear.sample import sample_of
from model.normalization import Normalization
from spikecae.design import Design
from spikecae.design.linear import Linear
from spikecae.stages import Linear as LinearMap
from spikecae.widths import signed_width

__all__ = ["fit_points", "wider"]

CLASS_WORTH = BIT_WORTH * 4**FRACTION
"""What a bit of a class's code weighs at further points where the design gives it no weight, as ``rate_weight``."""


def fit_points(design: Design, fitted: LinearModel, dataset: SpikeDataset) -> tuple[LinearModel, ...]:
    """The models of the operating points of ``design``, with the map of the one that was fitted to its first.

    Args:
        design: the chip.
        fitted: that of a design without further points, which it is returned as.
        dataset: training spikes fit, validation spikes choose the widths of levels.

    Raises:
        ValueError: no width of levels takes as few bits as a point asks for.
    """
    first, *further = design.points
    if not further:
        return (fitted,)
    encoder, order = Linear.of(design.encoder), _least_order(fitted, dataset)
    points = [first, *map(_weighing, further)]
    apart = [fitted, *(_fit_point(point, fitted, dataset, order, None) for point in points[1:])]
    levels = [level_rows(model.quantize(_latents(model, dataset.train))[1]) for model in apart]
    shares = [encoder.bits_per_spike / point.bits_per_spike for point in encoder.points()]
    sizes = group_sizes(levels, shares, encoder.symbols, order)
    return tuple(_fit_point(point, fitted, dataset, order, sizes) for point in points)


def wider(first: LinearModel, width: float) -> LinearModel:
    """The same map of samples that are so many times as small; classes at the same place. A decoder is another's."""
    normalization = first.normalization
    return replace(
        first,
        normalization=Normalization(normalization.offset, (normalization.scale * width).astype(np.float32)),
        classes=first.classes / width,
        class_cost=np.zeros(len(first.classes)),
    )


def _weighing(design: Design) -> Design:
    """The design with classes that weigh what their codes cost: the fewer bits, the larger their share."""
    codebook = design.codebook
    update = {"rate_weight": codebook.rate_weight or CLASS_WORTH}
    return design.model_copy(update={"codebook": codebook.model_copy(update=update)})


def _least_order(model: LinearModel, dataset: SpikeDataset) -> int:
    """That of the code of escapes on a chip whose latents hold louder spikes: it is the same at all points, and numbers
    that may be large take bits where they are small, too."""
    reached = int(np.ceil(LOUDER * np.abs(_latents(model, dataset.train)).max() * 2**FRACTION))
    bits = min(signed_width(-reached, reached), LinearMap.widest_output) + (len(model.classes) > 0)
    return least_order(1 << (bits - 1 - FRACTION))


def _latents(model: LinearModel, split: Split) -> NDArray[np.float64]:
    return model.latents(model.normalization.apply(split.adc))


def _fit_point(
    design: Design, first: LinearModel, dataset: SpikeDataset, order: int, sizes: Sequence[int] | None
) -> LinearModel:
    """The model at a design's rate.

    Args:
        design: at the point.
        first: whose map it shares.
        dataset: the spikes.
        order: least one of the code of escapes.
        sizes: levels of each group; None for those that suit it best.
    """
    encoder, spikes = Linear.of(design.encoder), dataset.validation.spikes[..., 0].size

    def of_width(width: float) -> tuple[float, LinearModel]:
        model = wider(first, width)
        seen, held_out = (_latents(model, part) for part in (dataset.train, dataset.validation))
        model = with_weighed_classes(design, model, seen)
        chosen, levels = model.quantize(seen)
        rows = level_rows(levels)
        groups = fit_groups(rows, encoder.symbols) if sizes is None else fit_boxes(rows, sizes, encoder.symbols)
        model = replace(model, groups=groups)
        code = fit_level_code(chosen, len(model.classes), rows, groups, range(order, order + len(ORDERS)))
        return float(column_bits(model, code, held_out).sum()) / spikes, model

    model = within_bits(encoder.bits_per_spike, "a rate of encoder.further_bits_per_spike", of_width)
    return with_inverse(model, *(sample_of(part, model.normalization) for part in (dataset.train, dataset.validation)))
