"""Other parameters for a chip whose parameters are loaded: random ones, so that every bit of a word matters somewhere.

Trained weights leave high bits and whole codewords idle; a fault there would not show. Codewords lie near latents, in
pairs that differ by little, so that low bits of latents and biases decide; the last one is the first again, for ties.
"""

from dataclasses import replace
from functools import singledispatch
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.grade.blocks import blocks_of_all_kinds
from spikecae.arithmetic import Integers
from spikecae.bitstream.huffman import code_lengths
from spikecae.canonical_code import MAX_LENGTH
from spikecae.design import Hardware
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from spikecae.stages import Classes, Codebook, Convolution, Huffman, Levels, Normalize, Residual, Stage, VectorQuantizer
from spikecae.widths import integer_range

__all__ = ["with_random_parameters"]

Words = TypeVar("Words", Classes, Codebook)

SPREAD = 40
"""Of activations, in steps."""
TYPICAL_BLOCKS = 48
"""Whose latents codewords are near."""
RARE = 0.15
"""Share of outputs with a shift of these: with a small one low bits of a sum show, with a large one high bits."""
RARE_SHIFTS = (0, 1, 2, 9, 12)


def with_random_parameters(spec: EncoderSpec, hardware: Hardware, seed: int) -> EncoderSpec:
    """A spec of the same shape, with random and well-scaled integers; two seeds differ in all of them."""
    rng = np.random.default_rng(seed)
    made = replace(spec, stages=tuple(_randomized(stage, hardware, rng) for stage in spec.stages))
    if not isinstance(made.quantizer, VectorQuantizer):
        return made
    latents = encode(made, blocks_of_all_kinds(made, TYPICAL_BLOCKS, seed)).taps[made.transforms[-1].tap]
    near = _with_codewords_near(made.quantizer, latents.reshape(TYPICAL_BLOCKS, -1), rng)
    return replace(made, stages=(*made.stages[:-2], near, made.coder))


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
    rare = (rng.random(stage.outputs) < RARE) & stage.relu  # without, a latent would hardly move
    usual = np.maximum(0, np.rint(gain + rng.integers(-1, 2, stage.outputs)))
    shift = np.where(rare, rng.choice(RARE_SHIFTS, stage.outputs), usual)
    bits = hardware.bias_bits - 1
    bias = rng.integers(-1, 2, stage.outputs) * 2 ** rng.uniform(0, bits if stage.relu else usual + 3, stage.outputs)
    bias = np.where(rare & (shift > usual), 2.0**bits * rng.uniform(0.3, 1, stage.outputs), bias)
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
    finest = reduce.input_exponent - expand.input_exponent  # the identity is not shifted
    exponents = expand.weight_exponent.clip(finest, finest + hardware.identity_shift)
    return replace(stage, reduce=reduce, conv=conv, expand=replace(expand, weight_exponent=exponents))


@_randomized.register
def _(stage: Levels, hardware: Hardware, rng: np.random.Generator) -> Stage:
    classes = tuple(
        _with_a_tie(replace(book, words=_of_any_size(book.words, stage.bits, rng), bias=rng.permutation(book.bias)))
        for book in stage.classes
    )
    groups = tuple(
        replace(group, low=(group.low + rng.integers(-2, 2, group.low.size)).clip(-128, 0).astype(np.int8))
        for group in stage.groups
    )
    return replace(stage, classes=classes, groups=groups)


def _with_a_tie(book: Words) -> Words:
    """Its last word is the first again."""
    words, bias = book.words.copy(), book.bias.copy()
    words[-1], bias[-1] = words[0], bias[0]
    return replace(book, words=words, bias=bias)


def _of_any_size(words: NDArray[np.int16], bits: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Half of them as they are, in another order, and half over the whole range of so many bits."""
    low, high = integer_range(bits, signed=True)
    anew = rng.integers(low, high + 1, words.shape).astype(np.int16)
    return np.where(rng.random(words.shape) < 0.5, anew, rng.permutation(words.ravel()).reshape(words.shape))


@_randomized.register
def _(stage: Huffman, hardware: Hardware, rng: np.random.Generator) -> Stage:
    return replace(stage, tables=tuple(code_lengths(_frequencies(table.size, rng)) for table in stage.tables))


def _frequencies(symbols: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(symbols,) from very rare to common in no order; the last, a codeword that never wins, has any but the ends."""
    spread, order = 2 ** np.linspace(0, MAX_LENGTH - 1, symbols), rng.permutation(symbols - 1)
    never = 1 + order[0] % (symbols - 2)
    return np.append(np.delete(spread, never)[order], spread[never])


def _with_codewords_near(stage: VectorQuantizer, latents: Integers, rng: np.random.Generator) -> VectorQuantizer:
    """Codewords that are drawn from latents (blocks, N · T)."""
    books = []
    for number, book in enumerate(stage.codebooks):
        parts = [part for part in stage.table if part.codebook == number]
        vectors = np.concatenate([latents[:, part.offset : part.offset + part.length] for part in parts])
        words = rng.choice(vectors, len(book.words))
        half = len(words) // 2
        words[half:] = words[: len(words) - half] + rng.integers(-2, 3, words[half:].shape)
        words = words.clip(-128, 127)
        bias = (words**2).sum(axis=1) + rng.integers(0, 8, len(words))
        books.append(_with_a_tie(Codebook(words.astype(np.int8), bias.astype(np.int32))))
    return replace(stage, codebooks=tuple(books))
