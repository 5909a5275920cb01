"""Where alternatives are compared with the linear encoder: recordings and rates, and the encoder as it is."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from experiments.lite_coders import POINTS, Point
from experiments.lite_safety import without_unit
from experiments.sources import WAVE_CLUS, tested_labels
from model.datasets import SpikeDataset
from model.evaluation import decode_units
from model.linear.evaluation import code_of
from model.linear.fit import column_bits, fit_linear, fit_width, with_inverse
from model.linear.level_code import LevelCode
from model.linear.linear_model import LinearModel
from model.linear.sample import Sample, sample_of
from quantize.linear.measure import worst_unit
from spikecae.design import Design
from spikecae.design.linear import Linear
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["PLACES", "Fitted", "Place", "Sent", "figures", "fitted", "level_work", "sent_as_levels", "settled"]


@dataclass(frozen=True)
class Place:
    """A point of the comparison of linear encoders, and the bits that a spike of the test split takes here."""

    point: str
    bits: float

    @property
    def of(self) -> Point:
        """The point."""
        return POINTS[self.point]

    @property
    def design(self) -> Design:
        """The linear encoder's, for these bits."""
        design = self.of.design
        encoder = Linear.of(design.encoder).model_copy(update={"bits_per_spike": self.bits})
        return design.model_copy(update={"encoder": encoder})


PLACES = {
    "D2 0.05, 26.7 bits": Place("D2 0.05, CR 38.5", 26.7),
    "D2 0.05, 8.5 bits": Place("D2 0.05, CR 120", 8.5),
    "D2 0.2, 27.7 bits": Place("D2 0.2, CR 37", 27.7),
    "HC1, 21 bits": Place("HC1, CR 30", 21.0),
    "embedded, 31.3 bits": Place("embedded, CR 24.5", 31.3),
}
"""By what they are called."""

MORE = 1.003
"""Times the bits wanted: a model takes less than is asked for."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A linear encoder in floats with latents on the chip's grid, the spikes, and the ``code`` of its levels.

    ``tuned`` are the blocks that take the bits asked for: those of the test split; where a unit is left out of training
    and the test split asks what becomes of it, those of the validation split.
    """

    place: Place
    design: Design
    dataset: SpikeDataset
    train: Sample
    validation: Sample
    test: Sample
    tuned: Sample
    model: LinearModel
    code: LevelCode


@dataclass(frozen=True, eq=False)
class Sent:
    """What comes back of a split's blocks, normalized ``[n, M, D]``, and the bits of each block ``[n]``."""

    decoded: NDArray[np.float32]
    bits: NDArray[np.integer]


@cache
def fitted(name: str, seed: int, unit: int = 0) -> Fitted:
    """The linear encoder at a place, fitted to all units, or to all but one."""
    place = PLACES[name]
    known = place.of.dataset
    dataset = without_unit(known, place.of, unit) if unit else known
    found = fit_linear(place.design, dataset, seed)
    train, validation, test = (
        sample_of(part, found.normalization) for part in (dataset.train, dataset.validation, dataset.test)
    )
    tuned = validation if unit else test
    model, code = settled(place.design, found, dataset, tuned)
    return Fitted(place, place.design, dataset, train, validation, test, tuned, model, code)


def settled(design: Design, unit: LinearModel, dataset: SpikeDataset, tuned: Sample) -> tuple[LinearModel, LevelCode]:
    """The model with levels so wide that blocks ``tuned`` take the design's bits, as closely as weights of few bits let
    them; all else is as training and validation spikes would have it."""
    train, validation = (sample_of(part, unit.normalization) for part in (dataset.train, dataset.validation))
    wanted = MORE * Linear.of(design.encoder).bits_per_spike
    asking = Linear.of(design.encoder).model_copy(update={"bits_per_spike": wanted})
    model = fit_width(design.model_copy(update={"encoder": asking}), unit, train, tuned)
    model = with_inverse(model, train, validation)
    return model, code_of(model, dataset)


def sent_as_levels(model: LinearModel, code: LevelCode, sample: Sample) -> Sent:
    """What a linear encoder makes of blocks."""
    bits = column_bits(model, code, model.latents(sample.normalized))
    return Sent(model.reconstruct(sample.normalized), bits.reshape(len(sample.split), -1).sum(axis=1))


def level_work(model: LinearModel, code: LevelCode, design: Design, front: int = 0) -> dict[str, float]:
    """Multiply-accumulates of a spike, ``front`` of a column before the map, and entries of the code tables."""
    columns = design.encoder.latent_samples(design.block)
    macs = (front + model.weight.size + model.classes.size) * columns / design.block.spikes
    entries = code.class_lengths.size + sum(group.lengths.size for group in code.groups)
    return {"macs_per_spike": macs, "table_entries": float(entries)}


def figures(at: Fitted, train: Sent, test: Sent) -> dict[str, float]:
    """Quality and rate of the test split, and of the training split."""
    design = at.design

    def units(sent: Sent) -> NDArray[np.float64]:
        return decode_units(sent.decoded, at.model.normalization, design)

    decoded, spikes = units(test), at.dataset.test.spikes
    quality, known = sndr(spikes, decoded), sndr(at.dataset.train.spikes, units(train))
    bits = float(test.bits.mean()) / design.block.spikes
    found = {
        "sndr_mean_db": quality.mean_db,
        "sndr_global_db": quality.global_db,
        "sndr_worst_db": quality.worst_db,
        "bits_per_spike": bits,
        "cr_huffman": design.block.samples * SAMPLE_BITS / bits,
        "training_mean_db": known.mean_db,
        "training_worst_db": known.worst_db,
        "training_bits": float(train.bits.mean()) / design.block.spikes,
    }
    if at.place.of.data in WAVE_CLUS:
        labels = tested_labels(WAVE_CLUS[at.place.of.data], spikes[..., 0].size)
        found["sndr_worst_unit_db"] = worst_unit(spikes, decoded, labels)
    return found
