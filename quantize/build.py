"""From the fake-quantized model to the encoder spec: the same integers, without their scale."""

import numpy as np
import torch

from quantize.code import Code
from quantize.exponents import scale
from quantize.fake_quant import FakeQuantEncoder
from quantize.fold import Place
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from spikecae.stages import (
    Codebook,
    Convolution,
    Huffman,
    Normalize,
    Pool,
    Project,
    Residual,
    Stage,
    SubVector,
    VectorQuantizer,
)

__all__ = ["build_spec"]


@torch.no_grad()
def build_spec(design: Design, encoder: FakeQuantEncoder, code: Code) -> EncoderSpec:
    """The encoder spec of a calibrated (and perhaps fine-tuned) model.

    Args:
        design: the chip.
        encoder: the model; its rate bias must be the one that ``code`` was fitted with.
        code: the Huffman tables.

    Raises:
        ValueError: the parts contradict each other or a shift is out of range.
    """
    table, activation = encoder.table, encoder.exponents.activation
    convolutions = {place.name: _convolution(encoder, place) for place in encoder.folded.places()}
    stages: list[Stage] = [
        Normalize("normalize", table.offset, table.gain, table.shift, activation["normalize"]),
        convolutions["conv"],
    ]
    for number, size in enumerate(encoder.folded.pools):
        name = f"block{number}"
        parts = (convolutions[f"{name}.{part}"] for part in ("reduce", "conv", "expand"))
        stages += [Residual(name, *parts), Pool(f"pool{number}", size)]
    exponent = activation["project"]
    words = scale(encoder.codewords(), exponent).numpy().astype(np.int8)
    bias = (words.astype(np.int64) ** 2).sum(axis=1) + encoder.rate_bias.numpy()
    length = design.latent_samples
    stages += [
        convolutions["project"],
        VectorQuantizer(
            name="vq",
            exponent=exponent,
            codebooks=(Codebook(words, bias.astype(np.int32)),),
            table=tuple(
                SubVector(n * length, length, codebook=0, code_table=int(code_table))
                for n, code_table in enumerate(code.table)
            ),
        ),
        Huffman("huffman", tuple(code.lengths)),
    ]
    return EncoderSpec(design.name, design.block.spikes, design.block.samples, design.adc.bits, tuple(stages))


def _convolution(encoder: FakeQuantEncoder, place: Place) -> Convolution:
    weight, bias = encoder.parameters_of(place)
    activation, exponent = encoder.exponents.activation, encoder.exponents.weight[place.name]
    last, widths = place.name == "project", encoder.exponents.widths
    return (Project if last else Convolution)(
        name=place.name,
        weight=scale(weight, exponent[:, None, None]).numpy().astype(np.int8),
        bias=scale(bias, exponent + activation[place.source]).numpy().astype(np.int32),
        weight_exponent=exponent.numpy().astype(np.int8),
        input_exponent=activation[place.source],
        exponent=activation[place.name],
        groups=place.convolution.groups,
        input_signed=place.source == "normalize",
        relu=not last,
        input_bits=widths.output_bits(place.source),
        output_bits=widths.output_bits(place.name),
    )
