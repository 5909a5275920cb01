"""The golden model: the encoder in exact integers, many blocks at a time, with a tap at every stage.

Dot products run as floating-point matrix products, in float32 where the bound of the weights stays
below 2**24 and in float64 otherwise, so that every partial sum is an exact integer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.arithmetic import rshift_round, saturate
from spikecae.huffman import encode_blocks
from spikecae.spec import EncoderSpec
from spikecae.stages import Convolution, Normalize, Pool, Residual, VectorQuantizer

__all__ = ["EncodedBlocks", "encode", "normalize", "search"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EncodedBlocks:
    """What the encoder made of a batch of blocks."""

    indices: NDArray[np.int32]
    """(blocks, S) codeword of each sub-vector."""
    payloads: list[bytes]
    """Huffman bits of each block, zero-padded to a byte."""
    payload_bits: NDArray[np.int64]
    """(blocks,) Huffman bits without the padding."""
    taps: dict[str, Integers]
    """Output of every stage by name, (blocks, channels, samples); ``vq`` is (blocks, S)."""


def encode(spec: EncoderSpec, adc: NDArray[np.int16], present: NDArray[np.bool_] | None = None) -> EncodedBlocks:
    """Encode blocks exactly as the hardware does.

    Args:
        spec: the encoder.
        adc: (blocks, M, D) ADC codes.
        present: (blocks, M), False for the missing spikes of a partial block; all present by default.

    Raises:
        ValueError: ``adc`` has another shape than the spec's blocks.
    """
    if adc.ndim != 3 or adc.shape[1:] != (spec.spikes, spec.samples):
        raise ValueError(f"blocks must be (n, {spec.spikes}, {spec.samples}) for {spec.design!r}, got {adc.shape}")
    taps: dict[str, Integers] = {}
    x = normalize(spec.normalize, adc)
    if present is not None:
        x = np.where(present[:, :, None], x, 0)
    taps[spec.normalize.name] = x
    indices = np.empty((len(adc), 0), dtype=np.int32)
    for stage in spec.stages[1:]:
        match stage:
            case Residual():
                identity = x
                for convolution in (stage.reduce, stage.conv):
                    x = taps[convolution.name] = convolve(convolution, x)
                shifted = identity << stage.identity_shift[None, :, None]
                x = taps[stage.expand.name] = requantize(stage.expand, accumulate(stage.expand, x) + shifted)
            case Convolution():
                x = taps[stage.name] = convolve(stage, x)
            case Pool():
                x = taps[stage.name] = x.reshape(*x.shape[:2], x.shape[2] // stage.size, stage.size).max(axis=3)
            case VectorQuantizer():
                indices = search(stage, x.reshape(len(x), x.shape[1] * x.shape[2]))
                taps[stage.name] = indices.astype(np.int64)
            case _:
                pass
    tables = spec.huffman.tables
    lengths = np.stack([tables[t][indices[:, i]] for i, t in enumerate(spec.table_of)], axis=1)
    return EncodedBlocks(
        indices=indices,
        payloads=encode_blocks(indices, tables, spec.table_of),
        payload_bits=lengths.sum(axis=1, dtype=np.int64),
        taps=taps,
    )


def normalize(stage: Normalize, adc: NDArray[np.int16]) -> Integers:
    """ADC codes (..., D) to signed 8 bit."""
    centred = adc.astype(np.int64) - stage.offset
    return saturate(rshift_round(centred * stage.gain, stage.shift), 8, signed=True)


def convolve(stage: Convolution, x: Integers) -> Integers:
    """(blocks, inputs, samples) to (blocks, outputs, samples), requantized."""
    return requantize(stage, accumulate(stage, x))


def requantize(stage: Convolution, accumulator: Integers) -> Integers:
    """Accumulators (blocks, outputs, samples) to the stage's 8-bit output."""
    if stage.relu:
        accumulator = np.maximum(accumulator, 0)
    rounded = rshift_round(accumulator, stage.shift[None, :, None])
    return saturate(rounded, 8, signed=stage.output_signed)


def accumulate(stage: Convolution, x: Integers) -> Integers:
    """The accumulators, bias included, (blocks, outputs, samples)."""
    blocks, channels, samples = x.shape
    groups, kernel = stage.groups, stage.kernel
    low, high = stage.bounds
    exact = np.float32 if max(-int(low.min()), int(high.max())) < 1 << 23 else np.float64
    pad = kernel // 2
    columns = np.zeros((kernel, channels, blocks, samples), dtype=exact)
    source = x.transpose(1, 0, 2)
    for tap in range(kernel):
        first, last = max(0, pad - tap), min(samples, samples + pad - tap)
        columns[tap, :, :, first:last] = source[:, :, first + tap - pad : last + tap - pad]
    by_group = columns.reshape(kernel, groups, channels // groups, blocks * samples).transpose(1, 2, 0, 3)
    operand = by_group.reshape(groups, kernel * channels // groups, blocks * samples)
    weight = stage.weight.astype(exact).reshape(groups, stage.outputs // groups, -1)
    product = (weight @ operand).reshape(stage.outputs, blocks, samples).transpose(1, 0, 2)
    return product.astype(np.int64) + stage.bias.astype(np.int64)[None, :, None]


def search(stage: VectorQuantizer, latents: Integers) -> NDArray[np.int32]:
    """Nearest codeword of every sub-vector; the lowest index on a tie.

    Args:
        stage: codebooks and the table of sub-vectors.
        latents: (blocks, N · T) signed 8-bit latents, feature after feature.

    Returns:
        (blocks, S) indices.
    """
    indices = np.empty((len(latents), len(stage.table)), dtype=np.int32)
    for position, part in enumerate(stage.table):
        codebook = stage.codebooks[part.codebook]
        y = latents[:, part.offset : part.offset + part.length].astype(np.float64)
        scores = codebook.bias - 2.0 * (y @ codebook.words.T.astype(np.float64))
        indices[:, position] = scores.argmin(axis=1)
    return indices
