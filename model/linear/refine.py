"""Map, classes and inverse trained together on what is lost and what is sent, from where PCA and k-means leave them.

What a bit is worth follows from theory at high rate, where a level of width s costs s²/12 of squared error and 6 dB a
bit (Gish and Pierce 1968), times a weight.
"""

import math
from dataclasses import replace

import numpy as np
import torch

from model.linear.coder import Coder, Columns
from model.linear.linear_model import LinearModel, columns_of
from model.linear.sample import Sample

__all__ = ["BIT_WORTH", "price_of", "refined"]

RATE = 0.03
"""Adam's, relative to the mean magnitude of what it changes."""
BIT_WORTH = 2 * math.log(2) / 12
"""Squared error, in squared widths of a level, that a bit is worth at high rate."""


def refined(model: LinearModel, train: Sample, validation: Sample, worth: float, seed: int) -> LinearModel:
    """``model`` with a map and classes that suit the training blocks better; groups and decoder are no longer its own.

    Args:
        model: with an inverse.
        train: the blocks.
        validation: of the states on the way, that which suits these blocks best is kept.
        worth: what a bit is worth, relative to what it is at high rate.
        seed: of the order of the columns.
    """
    coder = Coder(model)
    known, held_out = _columns(model, train), _columns(model, validation)
    coder.fit(known, held_out, price_of(model, worth), RATE, torch.Generator().manual_seed(seed))
    weight, classes = (values.detach().double().numpy() for values in (coder.map.weight, coder.classes))
    return replace(model, weight=weight, classes=classes)


def price_of(model: LinearModel, worth: float) -> float:
    """Squared error of normalized samples that a bit is worth, if it is ``worth`` times as much as at high rate."""
    return worth * BIT_WORTH / float(np.square(model.weight).sum(axis=1).mean())


def _columns(model: LinearModel, sample: Sample) -> Columns:
    """What is mapped, and what it should come back as."""
    columns = model.mapped(sample.normalized), columns_of(sample.target, joint=model.joint)
    known, target = (torch.from_numpy(part).float() for part in columns)
    return known, target
