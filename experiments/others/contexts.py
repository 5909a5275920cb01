"""Codes that know more: the spike before, or the class of their own spike; and differences to the spike before."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from experiments.others.places import Fitted, Sent
from model.linear.fit import column_bits
from model.linear.level_code import LevelCode, fit_groups, fit_level_code, level_rows
from model.linear.linear_model import LinearModel
from model.linear.sample import Sample
from spikecae.bitstream.bits import golomb, zigzag
from spikecae.bitstream.huffman import code_lengths
from spikecae.design.linear import Linear

__all__ = ["class_after_class", "differences", "levels_by_class"]

PRIORS = (4.0, 16.0, 64.0, 256.0)
"""Spikes that all spikes' shares count as in the table of one context; the best on validation spikes is taken."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the spike before that may be expected again; the best on validation spikes is taken."""


def class_after_class(at: Fitted) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Bits of each training and test column with a table of classes for each class of the column before of its
    place in the queue, and table entries."""
    chosen = [_classes(at.model, sample) for sample in (at.train, at.validation, at.test)]
    before = [np.concatenate([[0], part[:-1]]) for part in chosen]
    tables = _by_context(chosen, before, len(at.model.classes))
    found = []
    for sample, own, last in zip((at.train, at.test), chosen[::2], before[::2], strict=True):
        plain = column_bits(at.model, at.code, at.model.latents(sample.normalized))
        found.append(plain - at.code.class_lengths[own] + tables[last, own])
    return found[0], found[1], float(tables.size)


def levels_by_class(at: Fitted, *, of_the_one_before: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """The same with tables of levels for each class, of the column itself or of the one before."""
    samples = (at.train, at.validation, at.test)
    chosen = [_classes(at.model, sample) for sample in samples]
    contexts = [np.concatenate([[0], part[:-1]]) for part in chosen] if of_the_one_before else chosen
    rows = [level_rows(at.model.quantize(at.model.latents(sample.normalized))[1]) for sample in samples]
    bits = [at.code.class_lengths[own].astype(np.int64) for own in chosen]
    entries = 0.0
    for (low, high), group in zip(pairwise([*at.code.starts]), at.code.groups, strict=True):
        symbols = [group.box.index(part[:, low:high]) for part in rows]
        tables = _by_context(symbols, contexts, group.box.symbols, len(at.model.classes))
        entries += tables.size
        for number, (part, symbol, context) in enumerate(zip(rows, symbols, contexts, strict=True)):
            outside = symbol == group.box.symbols - 1
            bits[number] += tables[context, symbol]
            bits[number][outside] += golomb(zigzag(part[outside, low:high]), at.code.order)[1].sum(axis=1)
    return bits[0], bits[2], entries


def differences(at: Fitted) -> tuple[Sent, Sent, float]:
    """What comes back of training and test blocks where a share of the column before, as it came back, is subtracted
    before the class; and the share."""
    model = at.model
    best: tuple[float, float, LevelCode, LinearModel] | None = None
    for share in SHARES:
        chosen, levels, _ = _closed_loop(model, at.train, share)
        groups = fit_groups(levels, Linear.of(at.design.encoder).symbols)
        code = fit_level_code(chosen, len(model.classes), levels, groups, (0, 1, 2, 3))
        held_out = _closed_loop(model, at.validation, share)
        bits = float(code.bits(held_out[0], held_out[1]).mean())
        if best is None or bits < best[0]:
            best = bits, share, code, model
    assert best is not None
    _, share, code, _ = best
    sent = []
    for sample in (at.train, at.test):
        chosen, levels, values = _closed_loop(model, sample, share)
        columns = values.reshape(len(sample.split), -1, values.shape[1]).transpose(0, 2, 1)
        bits = code.bits(chosen, levels).reshape(len(sample.split), -1).sum(axis=1)
        sent.append(Sent(model.decode(columns.astype(np.float32)), bits))
    return sent[0], sent[1], share


def _closed_loop(
    model: LinearModel, sample: Sample, share: float
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64], NDArray[np.float64]]:
    """Class of each column, its levels ``[n, L]``, and the latents ``[n, L]`` that come back."""
    rows = level_rows(model.latents(sample.normalized))  # type: ignore[arg-type]
    last = np.zeros(rows.shape[1])
    chosen, levels, values = [], [], []
    for row in rows:
        expected = share * last
        own, level = model.quantize((row - expected)[None, :, None])
        last = expected + model.dequantize(own, level)[0, :, 0]
        chosen.append(0 if own is None else int(own[0, 0]))
        levels.append(level[0, :, 0])
        values.append(last)
    return (np.array(chosen) if len(model.classes) else None), np.stack(levels), np.stack(values)


def _classes(model: LinearModel, sample: Sample) -> NDArray[np.int64]:
    return model.choose(model.latents(sample.normalized)).ravel()


def _by_context(
    symbols: Sequence[NDArray[np.int64]],
    contexts: Sequence[NDArray[np.int64]],
    count: int,
    most: int | None = None,
) -> NDArray[np.int64]:
    """Code lengths ``[contexts, count]`` of training symbols, the tables of the prior that suits validation."""
    made = []
    shares = (np.bincount(symbols[0], minlength=count) + 0.5) / (len(symbols[0]) + 0.5 * count)
    for prior in PRIORS:
        rows = [
            np.bincount(symbols[0][contexts[0] == context], minlength=count) + prior * shares
            for context in range(most or count)
        ]
        tables = np.stack([code_lengths(row / min(row.min(), 1.0)) for row in rows]).astype(np.int64)
        made.append((int(tables[contexts[1], symbols[1]].sum()), prior, tables))
    return min(made, key=lambda item: item[:2])[2]
