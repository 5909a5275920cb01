"""Encoder specs with random but well-scaled parameters, for tests that need no training."""

import numpy as np

from spikecae.bitstream.huffman import code_lengths
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
from spikecae.widths import integer_range

EXPONENT = 4


def random_spec(design: Design, seed: int, *, rate_weight: float = 2.0) -> EncoderSpec:
    """A spec of the design's shape whose activations neither vanish nor saturate everywhere."""
    rng = np.random.default_rng(seed)
    encoder, block = design.encoder, design.block
    widths = design.quantization
    low, high = integer_range(widths.weight_bits, signed=True)
    least, most = integer_range(widths.latent_bits, signed=True)
    exponents = {bits: EXPONENT + bits - 8 for bits in (4, 5, 6, 8)}

    def convolution(
        name: str, inputs: int, outputs: int, *, kernel: int, groups: int, signed: bool, relu: bool, kind=Convolution
    ):
        input_bits = 8 if name == "conv" else widths.activation_bits
        output_bits = widths.activation_bits if relu else widths.latent_bits
        fan_in = inputs // groups * kernel
        gain = int(np.log2(40 * np.sqrt(fan_in))) + widths.weight_bits - 8
        return kind(
            name=name,
            weight=rng.integers(low, high + 1, (outputs, inputs // groups, kernel)).astype(np.int8),
            bias=rng.integers(-2000, 2000, outputs).astype(np.int32),
            weight_exponent=rng.integers(gain - 1, gain + 2, outputs).astype(np.int8),
            input_exponent=exponents[input_bits],
            exponent=exponents[output_bits],
            groups=groups,
            input_signed=signed,
            relu=relu,
            input_bits=input_bits,
            output_bits=output_bits,
        )

    channels, narrow, groups = encoder.channels, encoder.bottleneck, encoder.groups
    stages: list[Stage] = [
        Normalize(
            name="normalize",
            offset=rng.integers(-20, 20, block.samples).astype(np.int16),
            gain=rng.integers(30000, 65536, block.samples).astype(np.uint16),
            shift=design.adc.bits + 7,
            exponent=EXPONENT,
        ),
        convolution("conv", block.spikes, channels, kernel=1, groups=1, signed=True, relu=True),
    ]
    for number, size in enumerate(encoder.pools):
        name = f"block{number}"
        stages += [
            Residual(
                name=name,
                reduce=convolution(
                    f"{name}.reduce", channels, narrow, kernel=1, groups=groups, signed=False, relu=True
                ),
                conv=convolution(
                    f"{name}.conv", narrow, narrow, kernel=encoder.kernel, groups=groups, signed=False, relu=True
                ),
                expand=convolution(
                    f"{name}.expand", narrow, channels, kernel=1, groups=groups, signed=False, relu=True
                ),
            ),
            Pool(name=f"pool{number}", size=size),
        ]
    project = convolution(
        "project", channels, encoder.features, kernel=1, groups=1, signed=False, relu=False, kind=Project
    )
    words = rng.integers(-60, 60, (design.codebook.codewords, design.latent_samples)) >> (8 - widths.latent_bits)
    words = words.clip(least, most).astype(np.int8)
    lengths = code_lengths(rng.pareto(1.0, design.codebook.codewords) * 100)
    norms = (words.astype(np.int64) ** 2).sum(axis=1)
    bias = norms + np.floor(rate_weight * lengths + 0.5).astype(np.int64)
    parts = tuple(
        SubVector(n * design.latent_samples, design.latent_samples, codebook=0, code_table=0)
        for n in range(encoder.features)
    )
    stages += [
        project,
        VectorQuantizer("vq", exponents[widths.latent_bits], (Codebook(words, bias.astype(np.int32)),), parts),
        Huffman("huffman", (lengths,)),
    ]
    return EncoderSpec(design.name, block.spikes, block.samples, design.adc.bits, tuple(stages))


def random_adc(design: Design, blocks: int, seed: int) -> np.ndarray:
    """(blocks, M, D) ADC codes: smooth bumps in noise, over the whole range of the converter."""
    return bumps(design.block.spikes, design.block.samples, design.adc.bits, blocks, seed)


def bumps(spikes: int, samples: int, bits: int, blocks: int, seed: int) -> np.ndarray:
    """The same for blocks of so many spikes, and a signed converter of so many bits."""
    rng = np.random.default_rng(seed)
    shape = (blocks, spikes, samples)
    least, most = integer_range(bits, signed=True)
    t = np.arange(samples)
    centre = rng.uniform(0, samples, (*shape[:2], 1))
    bump = np.exp(-(((t - centre) / rng.uniform(2, 8, (*shape[:2], 1))) ** 2))
    signal = least * rng.uniform(-1, 1, (*shape[:2], 1)) * bump + rng.normal(0, 8, shape)
    return np.clip(np.rint(signal), least, most).astype(np.int16)
