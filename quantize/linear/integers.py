"""From a fitted linear encoder to the encoder spec: exponents, rounded parameters, refitted code tables and decoder."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.datasets.spikes import SpikeDataset
from model.linear.inverse import fit_inverse
from model.linear.level_code import LevelCode, fit_level_code, level_rows
from model.linear.linear_model import FRACTION, LOUDER, LinearModel
from model.linear.sample import sample_of
from quantize.normalization import input_table
from spikecae import golden
from spikecae.bitstream.huffman import code_lengths
from spikecae.canonical_code import MAX_LENGTH
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from spikecae.stages import Classes, Huffman, LevelGroup, Levels, Linear, Normalize
from spikecae.stages.checks import MAX_SHIFT
from spikecae.widths import integer_range, signed_width

__all__ = [
    "MAP",
    "QUANTIZER",
    "SOURCE",
    "WeightError",
    "columns_sent",
    "input_exponent",
    "integer_linear",
    "latents_sent",
    "louder",
]

SOURCE, MAP, QUANTIZER, CODER = "normalize", "linear", "levels", "huffman"
"""Names of the stages."""
INPUT_BITS = 8
LARGEST_SHIFT = 15
MOST_SATURATED = 0.003
"""Share of the samples of such spikes that the input may saturate. A finer input than that gives 0.1 dB at most, but
then larger spikes come back smaller."""
LEAST_BITS, MOST_BITS = 6, 12
"""Of a latent."""
LARGEST_ORDER = 5


class WeightError(ValueError):
    """A map whose weights are too large for their width."""


def integer_linear(
    design: Design, model: LinearModel, dataset: SpikeDataset, first: EncoderSpec | None = None
) -> tuple[EncoderSpec, LinearModel]:
    """The encoder spec of a fitted model, and the model with the decoder that suits what the spec's encoder sends.

    Args:
        design: the chip.
        model: fitted to it.
        dataset: training spikes fit exponents, code tables and decoder; validation spikes choose how far the decoder is
            held back.
        first: operating point 0 of the chip that this is a further one of, whose map, exponents and shifts it shares.

    Raises:
        ValueError: the parameters cannot be expressed in the chip's integers.
    """
    train = dataset.train.adc
    if first is None:
        source, mapped = _own_map(design, model, train)
        orders = range(LARGEST_ORDER + 1)
    else:
        shared, mapped = first.only(Normalize), first.only(Linear)
        source = _source(design, model, shared.exponent, shared.shift)
        order = first.only(Levels).order
        orders = range(order, order + 1)
    spec = _spec(design, source, mapped, model, None)
    spec = _spec(design, source, mapped, model, _code(spec, golden.Golden(spec).indices(train), model, orders))
    train_sample, held_out = (sample_of(part, model.normalization) for part in (dataset.train, dataset.validation))
    pairs = [(latents_sent(spec, golden.Golden(spec).indices(s.split.adc)), s.target) for s in (train_sample, held_out)]
    return spec, replace(
        model, decoder=fit_inverse(pairs[0], pairs[1], model.sent_classes, joint=model.joint, of_all=True)
    )


def _own_map(design: Design, model: LinearModel, adc: NDArray[np.int16]) -> tuple[Normalize, Linear]:
    """Normalization and map, at exponents and widths that suit training codes ``[n, M, D]`` and louder ones."""
    exponent = input_exponent(design, model, adc)
    source = _source(design, model, exponent)
    widest = _spec(design, source, _mapped(design, model, exponent, MOST_BITS), model, None)
    reached = golden.encode(widest, louder(design, adc)).taps[MAP]
    bits = max(LEAST_BITS, signed_width(int(reached.min()), int(reached.max())))
    return source, _mapped(design, model, exponent, bits)


def _source(design: Design, model: LinearModel, exponent: int, shift: int | None = None) -> Normalize:
    """The normalization, one entry for all samples where they are all alike; of a ``shift``, if one is given."""
    codes = model.decimation
    doubled = codes.bit_length() - 1
    table = input_table(model.normalization, exponent, None if shift is None else shift - doubled)
    entries = slice(0, 1 if design.normalization.kind == "global" else None)
    offset, shift = table.offset[entries].astype(np.int64) * codes, table.shift + doubled
    largest = integer_range(16, signed=True)[1]
    if np.abs(offset).max() > largest or shift > MAX_SHIFT:
        raise ValueError(
            f"sums of {codes} codes need an offset of {int(np.abs(offset).max())}, {largest} at most, and a shift of "
            f"{shift}, {MAX_SHIFT} at most; lower encoder.decimation"
        )
    return Normalize(SOURCE, offset.astype(np.int16), table.gain[entries], shift, exponent, codes)


def input_exponent(design: Design, model: LinearModel, adc: NDArray[np.int16]) -> int:
    """The finest exponent at which the input holds louder spikes, but for ``MOST_SATURATED`` of their samples."""
    values = model.normalization.apply(louder(design, adc))
    peak = float(np.quantile(np.abs(values), 1 - MOST_SATURATED))
    return int(np.floor(np.log2((integer_range(INPUT_BITS, signed=True)[1] + 0.5) / peak)))


def louder(design: Design, adc: NDArray[np.int16], gain: float = LOUDER) -> NDArray[np.int16]:
    """Codes of spikes ``gain`` times as large, as far as the converter has them."""
    converter = design.adc
    codes = np.floor(converter.zero + gain * (adc.astype(np.float64) - converter.zero) + 0.5)
    return np.clip(codes, converter.minimum, converter.maximum).astype(np.int16)


def columns_sent(spec: EncoderSpec, indices: NDArray[np.integer]) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """Class of each column ``[n, columns]``, None without classes, and levels ``[n, L, columns]`` of indices."""
    assert isinstance(spec.quantizer, Levels)
    return spec.quantizer.levels(indices)


def latents_sent(spec: EncoderSpec, indices: NDArray[np.integer]) -> NDArray[np.float32]:
    """What the decoder is given for indices ``[n, S]``: float32 ``[n, L, columns]``."""
    shape = spec.latents.channels, spec.latents.samples
    return spec.quantizer.dequantize(indices, shape[0] * shape[1]).reshape(-1, *shape)


def _mapped(design: Design, model: LinearModel, exponent: int, bits: int) -> Linear:
    """The map, each row of weights at an exponent of its own, as fine as weights, bias and shift allow."""
    peak = np.abs(model.weight).max(axis=1)
    room = np.floor(
        np.log2((integer_range(design.quantization.weight_bits, signed=True)[1] + 0.5) / np.maximum(peak, 2.0**-16))
    )
    of_weights = np.minimum(room, LARGEST_SHIFT + FRACTION - exponent).astype(np.int64)
    largest = (1 << (design.hardware.bias_bits - 1)) - 1.5
    room = np.minimum(room, np.floor(np.log2(largest / np.maximum(np.abs(model.bias), 1e-30))) - exponent)
    finest = np.minimum(room, LARGEST_SHIFT + FRACTION - exponent).astype(np.int64)
    if (finest + exponent < FRACTION).any():
        row = int(finest.argmin())
        width = design.quantization.weight_bits
        if finest[row] < of_weights[row]:
            kind, remedy = ValueError, "raise hardware.bias_bits, or"
        else:
            kind = WeightError
            remedy = "raise quantization.weight_bits and hardware.weight_bits," if width < INPUT_BITS else "raise"
            remedy += " encoder.features, or"
        raise kind(
            f"latent {row} has weights up to {peak[row]:.3g} levels and a bias of {model.bias[row]:.3g}, which leave "
            f"fewer than {FRACTION} bits behind the point; {remedy} lower encoder.bits_per_spike"
        )
    weight = np.floor(model.weight * 2.0 ** finest[:, None] + 0.5).astype(np.int8)
    bias = np.floor(model.bias * 2.0 ** (finest + exponent) + 0.5).astype(np.int32)
    return Linear(
        name=MAP,
        weight=weight[:, :, None],
        bias=bias,
        weight_exponent=finest.astype(np.int8),
        input_exponent=exponent,
        exponent=FRACTION,
        groups=1,
        input_signed=True,
        relu=False,
        input_bits=INPUT_BITS,
        output_bits=bits,
    )


def _quantizer(model: LinearModel, bits: int, columns: int, order: int) -> Levels:
    classes: tuple[Classes, ...] = ()
    if len(model.classes):
        low, high = integer_range(MOST_BITS, signed=True)
        words = np.clip(np.floor(model.classes * 2.0**FRACTION + 0.5), low, high).astype(np.int64)
        cost = np.floor(model.class_cost * 4.0**FRACTION + 0.5).astype(np.int64)
        bias = np.square(words).sum(axis=1) + cost
        classes = (Classes(words.astype(np.int16), bias.astype(np.int32), code_table=0),)
    groups = tuple(
        LevelGroup(box.low.astype(np.int8), box.size.astype(np.uint8), code_table=number)
        for number, box in enumerate(model.groups, start=len(classes))
    )
    rounding = round(model.rounding * 2**FRACTION)
    return Levels(QUANTIZER, FRACTION, bits, columns, FRACTION, rounding, order, classes, groups)


def _spec(design: Design, source: Normalize, mapped: Linear, model: LinearModel, code: LevelCode | None) -> EncoderSpec:
    """The spec with a code, or with one that only lets it run."""
    columns = design.encoder.latent_samples(design.block)
    if code is None:
        sizes = [*([len(model.classes)] if len(model.classes) else []), *(box.symbols for box in model.groups)]
        lengths = [code_lengths(np.ones(size)) for size in sizes]
        order = LARGEST_ORDER
    else:
        lengths = [*([code.class_lengths] if code.class_lengths.size else []), *(g.lengths for g in code.groups)]
        order = code.order
    quantizer = _quantizer(model, mapped.output_bits, columns, order)
    stages = (source, mapped, quantizer, Huffman(CODER, tuple(lengths)))
    return EncoderSpec(design.name, design.block.spikes, design.block.samples, design.adc.bits, stages)


def _code(spec: EncoderSpec, indices: NDArray[np.integer], model: LinearModel, orders: Sequence[int]) -> LevelCode:
    """The code for training indices, of one of ``orders``, its escapes no longer than a code word may be."""
    quantizer = spec.quantizer
    assert isinstance(quantizer, Levels)
    short = [order for order in orders if replace(quantizer, order=order).symbols.golomb_bits <= MAX_LENGTH]
    chosen, levels = columns_sent(spec, indices)
    return fit_level_code(chosen, len(model.classes), level_rows(levels), model.groups, short)
