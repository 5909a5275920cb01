"""What a fitted linear encoder makes of spikes, in floats."""

import numpy as np

from model.datasets.spikes import SpikeDataset, Split
from model.evaluation import decode_units
from model.linear.fit import ORDERS, column_bits
from model.linear.fitting_report import LinearFigures
from model.linear.level_code import LevelCode, fit_level_code, level_rows
from model.linear.linear_model import LinearModel
from model.linear.sample import sample_of
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["code_of", "linear_figures"]


def code_of(model: LinearModel, dataset: SpikeDataset) -> LevelCode:
    """The Huffman code of a model's groups for training spikes."""
    latents = model.latents(sample_of(dataset.train, model.normalization).normalized)
    chosen, levels = model.quantize(latents)
    return fit_level_code(chosen, len(model.classes), level_rows(levels), model.groups, ORDERS)


def linear_figures(design: Design, model: LinearModel, code: LevelCode, split: Split) -> LinearFigures:
    """Quality and rate on a split, in a ``code`` that was made from other spikes."""
    sample = sample_of(split, model.normalization)
    decoded = decode_units(model.reconstruct(sample.normalized), model.normalization, design)
    quality = sndr(split.spikes, decoded)
    spikes = int(np.prod(split.spikes.shape[:2]))
    bits = float(column_bits(model, code, model.latents(sample.normalized)).sum()) / spikes
    return LinearFigures(
        blocks=len(split),
        sndr_mean_db=quality.mean_db,
        sndr_global_db=quality.global_db,
        sndr_worst_db=quality.worst_db,
        bits_per_spike=bits,
        cr_huffman=design.block.samples * SAMPLE_BITS / bits,
    )
