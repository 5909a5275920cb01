"""Other parameters for a chip whose parameters are loaded: random ones, so that every bit of a word matters somewhere.

Trained weights leave high bits and whole codewords idle; a fault there would not show. The last codeword is the first
one again, so that there are ties.
"""

from dataclasses import replace
from functools import singledispatch

import numpy as np

from spikecae.bitstream.huffman import code_lengths
from spikecae.canonical_code import MAX_LENGTH
from spikecae.design import Hardware
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Convolution, Huffman, Levels, Normalize, Residual, Stage, VectorQuantizer
from spikecae.widths import integer_range

__all__ = ["with_random_parameters"]

SPREAD = 40
"""Of activations, in steps."""


def with_random_parameters(spec: EncoderSpec, hardware: Hardware, seed: int) -> EncoderSpec:
    """A spec of the same shape, with random and well-scaled integers; two seeds differ in all of them."""
    rng = np.random.default_rng(seed)
    return replace(spec, stages=tuple(_randomized(stage, hardware, rng) for stage in spec.stages))


@singledispatch
def _randomized(stage: Stage, hardware: Hardware, rng: np.random.Generator) -> Stage:
    """Stages without parameters stay as they are."""
    return stage


@_randomized.register
def _(stage: Normalize, hardware: Hardware, rng: np.random.Generator) -> Stage:
    size = stage.offset.size
    offset = rng.integers(-40, 40, size).astype(np.int16)
    return replace(stage, offset=offset, gain=rng.integers(1 << 14, 1 << 16, size).astype(np.uint16))


@_randomized.register
def _convolution(stage: Convolution, hardware: Hardware, rng: np.random.Generator) -> Convolution:
    low, high = integer_range(hardware.weight_bits, signed=True)
    weight = rng.integers(low, high + 1, stage.weight.shape).astype(np.int8)
    deviation = SPREAD * high / np.sqrt(3) * np.sqrt(weight[0].size)
    gain = np.log2(deviation / (SPREAD << max(0, stage.output_bits - 8)))
    rarely = np.where(rng.random(stage.outputs) < 0.1, rng.integers(0, 3, stage.outputs), 0)
    shift = np.maximum(0, np.rint(gain + rng.integers(-1, 2, stage.outputs) + rarely))
    bias = rng.integers(-1, 2, stage.outputs) * 2.0 ** rng.uniform(0, hardware.bias_bits - 2, stage.outputs)
    return replace(
        stage,
        weight=weight,
        bias=bias.astype(np.int32),
        weight_exponent=(shift - stage.input_exponent + stage.exponent).astype(np.int8),
    )


@_randomized.register
def _(stage: Residual, hardware: Hardware, rng: np.random.Generator) -> Stage:
    layers = (_convolution(layer, hardware, rng) for layer in (stage.reduce, stage.conv, stage.expand))
    reduce, conv, expand = layers
    return replace(stage, reduce=reduce, conv=conv, expand=expand)


@_randomized.register
def _(stage: VectorQuantizer, hardware: Hardware, rng: np.random.Generator) -> Stage:
    books = []
    for book in stage.codebooks:
        words = np.rint(rng.normal(0, 2 * SPREAD, book.words.shape)).clip(-128, 127).astype(np.int8)
        words[-1] = words[0]
        norms = (words.astype(np.int64) ** 2).sum(axis=1)
        bias = norms + rng.integers(0, 100, len(words))
        bias[-1] = bias[0]
        books.append(Codebook(words, bias.astype(np.int32)))
    return replace(stage, codebooks=tuple(books))


@_randomized.register
def _(stage: Levels, hardware: Hardware, rng: np.random.Generator) -> Stage:
    classes = tuple(
        replace(
            book,
            words=rng.permutation(book.words.ravel()).reshape(book.words.shape),
            bias=rng.permutation(book.bias),
        )
        for book in stage.classes
    )
    groups = tuple(
        replace(group, low=(group.low + rng.integers(-2, 2, group.low.size)).clip(-128, 0).astype(np.int8))
        for group in stage.groups
    )
    return replace(stage, classes=classes, groups=groups)


@_randomized.register
def _(stage: Huffman, hardware: Hardware, rng: np.random.Generator) -> Stage:
    weights = (2 ** rng.permutation(np.linspace(0, MAX_LENGTH - 1, table.size)) for table in stage.tables)
    return replace(stage, tables=tuple(code_lengths(own) for own in weights))
