"""Golden scalar quantizer with classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import Integers
from spikecae.golden.step import quantize, quantizer_taps
from spikecae.stages.levels import Levels

__all__ = ["classes_of", "columns_of", "levels_of", "scores_of"]


def scores_of(stage: Levels, columns: Integers) -> Integers:
    """How far each column (n, L) is from each class, (n, K): squared distances, less what all of a column's have."""
    (classes,) = stage.classes
    scores: Integers = classes.bias.astype(np.int64) - 2 * columns @ classes.words.astype(np.int64).T
    return scores


def classes_of(stage: Levels, columns: Integers) -> Integers:
    """Nearest class of each column (n, L); the lowest index on a tie."""
    nearest: Integers = scores_of(stage, columns).argmin(axis=1)
    return nearest


def levels_of(stage: Levels, columns: Integers) -> tuple[Integers | None, Integers]:
    """Class (n,), None without classes, and levels (n, L) of columns of latents (n, L)."""
    chosen, residual = None, columns
    if stage.classes:
        chosen = classes_of(stage, columns)
        residual = columns - stage.classes[0].words[chosen].astype(np.int64)
    return chosen, np.sign(residual) * ((np.abs(residual) + stage.rounding) >> stage.fraction)


def columns_of(stage: Levels, latents: NDArray[np.integer[Any]]) -> Integers:
    """What is quantized together, (n · columns, L), of blocks' latents (n, L · columns)."""
    blocks = latents.astype(np.int64).reshape(len(latents), stage.latents, stage.columns)
    return blocks.transpose(0, 2, 1).reshape(-1, stage.latents)


@quantize.register
def symbols(stage: Levels, latents: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Class and groups' symbols of every column, escaped levels behind the reserved ones."""
    blocks = len(latents)
    chosen, levels = levels_of(stage, columns_of(stage, latents))
    made = [] if chosen is None else [chosen]
    at = 0
    for group in stage.groups:
        own = levels[:, at : at + group.low.size]
        at += group.low.size
        digits = own - group.low
        inside = ((digits >= 0) & (digits < group.size)).all(axis=1)
        symbol = np.zeros(len(own), np.int64)
        for digit, size in zip(digits.T, group.size.tolist(), strict=True):
            symbol = symbol * size + digit
        made.append(np.where(inside, symbol, group.symbols - 1))
        made += list(np.where(inside, 0, np.where(own.T >= 0, 2 * own.T, -2 * own.T - 1)))
    return np.stack(made, axis=1).reshape(blocks, stage.columns * len(made)).astype(np.int32)


@quantizer_taps.register
def taps(stage: Levels, indices: NDArray[np.int32]) -> dict[str, Integers]:
    """The levels (blocks, L, columns)."""
    return {stage.name: stage.levels(indices)[1]}
