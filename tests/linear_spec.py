"""Specs of linear encoders with random but well-scaled parameters, for tests that need no training."""

from dataclasses import replace

import numpy as np

from spikecae.bitstream.huffman import code_lengths
from spikecae.golden.levels import levels_of
from spikecae.golden.step import quantize, read_source
from spikecae.spec import EncoderSpec
from spikecae.stages import Classes, Huffman, LevelGroup, Levels, Linear, Normalize
from tests.random_spec import bumps

ADC_BITS = 10
EXPONENT = 4
"""Of normalized samples."""
BITS = 10
"""Of a latent."""
FRACTION = 3
ROUNDING = 3
ORDER = 2
MOST_SYMBOLS = 64
BLOCKS = 400
"""On which boxes and codes are made."""
WIDEST, NARROWEST = 4.0, 0.6
"""Levels that the first latents, and the last ones, deviate by."""


def random_linear_spec(spikes: int, samples: int, latents: int, *, joint: bool, classes: int, seed: int) -> EncoderSpec:
    """A spec of a linear encoder, for blocks like :func:`linear_adc`'s: a few of a hundred groups are escaped.

    Args:
        spikes: M.
        samples: D.
        latents: of a column.
        joint: whether all spikes of a block are mapped together.
        classes: how many; 1 for none.
        seed: of everything that is random.
    """
    rng = np.random.default_rng(seed)
    decimation = 2 if seed % 4 == 3 and samples % 2 == 0 else 1
    entries = 1 if seed % 2 else samples
    source = Normalize(
        name="normalize",
        offset=rng.integers(-20, 20, entries).astype(np.int16),
        gain=rng.integers(30000, 65536, entries).astype(np.uint16),
        shift=ADC_BITS + 6 + decimation,
        exponent=EXPONENT,
        decimation=decimation,
    )
    x = read_source(source, bumps(spikes, samples, ADC_BITS, BLOCKS, seed)).astype(float)
    columns = 1 if joint else spikes
    rows = x.reshape(BLOCKS * columns, -1)
    deviations = np.maximum(WIDEST * 0.8 ** np.arange(latents), NARROWEST)
    linear = _linear(rows, deviations, rng)
    y = _latents(linear, rows)
    quantizer = _levels(y, columns, _classes(y, classes, rng))
    coder = _coder(quantizer, y.reshape(BLOCKS, columns, latents))
    return EncoderSpec("linear", spikes, samples, ADC_BITS, (source, linear, quantizer, coder))


def further_point(spec: EncoderSpec, gain: float, seed: int) -> EncoderSpec:
    """Another operating point of a chip with such a spec: another gain, other classes, boxes and code tables."""
    rng = np.random.default_rng(seed)
    source, linear, first, _ = spec.stages
    source = replace(source, gain=np.rint(source.gain * gain).astype(np.uint16))
    x = read_source(source, linear_adc(spec, BLOCKS, seed)).astype(float)
    y = _latents(linear, x.reshape(BLOCKS * first.columns, -1))
    found = _classes(y, len(first.classes[0].words) if first.classes else 1, rng)
    _, levels = levels_of(replace(first, classes=found), y)
    low, high = np.quantile(levels, [0.01, 0.99], axis=0, method="nearest").astype(int)
    groups, at = [], 0
    for group in first.groups:
        own = slice(at, at + group.low.size)
        size = np.minimum(high[own] - low[own] + 1, group.size + 1)
        groups.append(replace(group, low=low[own].astype(np.int8), size=size.astype(np.uint8)))
        at += group.low.size
    quantizer = replace(first, classes=found, groups=tuple(groups))
    coder = _coder(quantizer, y.reshape(BLOCKS, first.columns, -1))
    return replace(spec, stages=(source, linear, quantizer, coder))


def _latents(linear: Linear, rows: np.ndarray) -> np.ndarray:
    """Of rows (n, inputs) of normalized samples."""
    y = np.floor(rows @ linear.weight[:, :, 0].T.astype(float) + linear.bias + 2.0 ** (linear.shift - 1))
    return np.clip(y.astype(np.int64) >> linear.shift, *linear.output_range)


def _coder(quantizer: Levels, y: np.ndarray) -> Huffman:
    """Code tables for columns like ``y`` (blocks, columns, latents)."""
    indices = quantize(quantizer, y.transpose(0, 2, 1).reshape(len(y), -1))
    symbols = quantizer.symbols
    lengths = []
    for table in range(len(quantizer.groups) + len(quantizer.classes)):
        own = [position for position in symbols.coded if symbols.tables[position] == table]
        lengths.append(code_lengths(np.bincount(indices[:, own].ravel(), minlength=symbols.sizes[own[0]])))
    return Huffman("huffman", tuple(lengths))


def linear_adc(spec: EncoderSpec, blocks: int, seed: int) -> np.ndarray:
    """(blocks, M, D) ADC codes: smooth bumps in noise, over the whole range of the converter."""
    return bumps(spec.spikes, spec.samples, spec.adc_bits, blocks, seed)


def _linear(rows: np.ndarray, deviations: np.ndarray, rng: np.random.Generator) -> Linear:
    """Random weights, scaled so that latents of rows (n, inputs) deviate by so many levels."""
    weight = rng.normal(0, 1, (deviations.size, rows.shape[1]))
    gain = deviations * 2.0**FRACTION / (rows @ weight.T).std(axis=0)
    shift = np.floor(np.log2(100 / (gain * np.abs(weight).max(axis=1)))).astype(np.int64)
    return Linear(
        name="linear",
        weight=np.rint(weight * (gain * 2.0**shift)[:, None]).astype(np.int8)[:, :, None],
        bias=rng.integers(-2000, 2000, deviations.size).astype(np.int32),
        weight_exponent=(shift - EXPONENT + FRACTION).astype(np.int8),
        input_exponent=EXPONENT,
        exponent=FRACTION,
        groups=1,
        input_signed=True,
        relu=False,
        output_bits=BITS,
    )


def _classes(y: np.ndarray, count: int, rng: np.random.Generator) -> tuple[Classes, ...]:
    if count == 1:
        return ()
    words = y[rng.choice(len(y), count, replace=False)].astype(np.int16)
    return (Classes(words, (words.astype(np.int64) ** 2).sum(axis=1).astype(np.int32), code_table=0),)


def _levels(y: np.ndarray, columns: int, classes: tuple[Classes, ...]) -> Levels:
    """Levels of columns like ``y`` (n, L), in groups as large as symbols allow."""

    def made(groups: tuple[LevelGroup, ...]) -> Levels:
        return Levels("levels", FRACTION, BITS, columns, FRACTION, ROUNDING, ORDER, classes, groups)

    apart = tuple(LevelGroup(np.zeros(1, np.int8), np.ones(1, np.uint8), 0) for _ in range(y.shape[1]))
    found = levels_of(made(apart), y)[1]
    low, high = np.quantile(found, [0.015, 0.985], axis=0, method="nearest").astype(int)
    boxes = list[list[int]]()
    symbols = 0
    for latent, size in enumerate(high - low + 1):
        if not boxes or symbols * size >= MOST_SYMBOLS or len(boxes[-1]) == 8:
            boxes, symbols = [*boxes, []], 1
        boxes[-1].append(latent)
        symbols *= int(size)
    return made(
        tuple(
            LevelGroup(low[box].astype(np.int8), (high - low + 1)[box].astype(np.uint8), number)
            for number, box in enumerate(boxes, start=len(classes))
        )
    )
