"""Whether a spec is one of a design: its shape against what the design file asks for.

A kind of encoder says how its keys are read from a spec's stages with ``@encoder_keys.register``, a quantizer how those
of what it sends with ``@quantizer_keys.register``; without that, only what all kinds share is compared.
"""

from collections.abc import Iterable, Iterator
from functools import singledispatch
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spikecae.design import Design, Encoder, Linear, ResNeXt
from spikecae.spec import EncoderSpec
from spikecae.stages import (
    Classes,
    Codebook,
    Convolution,
    Levels,
    Normalize,
    Pool,
    Project,
    Quantizer,
    Residual,
    VectorQuantizer,
)
from spikecae.stages import Linear as LinearMap

__all__ = ["Difference", "differences", "encoder_keys", "quantizer_keys"]


class Difference(NamedTuple):
    """A key of the design file, what the spec was made for, and what the design says."""

    key: str
    in_spec: object
    in_design: object

    def __str__(self) -> str:
        return f"{self.key}: the spec has {self.in_spec}, the design {self.in_design}"


def differences(spec: EncoderSpec, design: Design) -> list[Difference]:
    """Where a spec contradicts a design, by the design's keys; empty where it can be of this design.

    What leaves no trace in a spec's shape, such as ``adc.lsb``, is not compared.
    """
    return [Difference(*found) for found in _compared(spec, design) if found[1] != found[2]]


def _compared(spec: EncoderSpec, design: Design) -> Iterator[tuple[str, object, object]]:
    block, widths = design.block, design.quantization
    yield "name", spec.design, design.name
    yield "block.spikes", spec.spikes, block.spikes
    yield "block.samples", spec.samples, block.samples
    yield "adc.bits", spec.adc_bits, design.adc.bits
    keys = encoder_keys(design.encoder, spec)
    yield from ((f"encoder.{key}", value, getattr(design.encoder, key)) for key, value in keys.items())
    yield from quantizer_keys(spec.quantizer, spec, design)
    convolutions = list(_convolutions(spec))
    handed_on = {part.output_bits for part in convolutions if part.relu}
    if len(handed_on) == 1:
        yield "quantization.activation_bits", handed_on.pop(), widths.activation_bits
    weights = max((part.weight_bits for part in convolutions), default=0)
    if weights > widths.weight_bits:  # wide weights may happen to be small
        yield "quantization.weight_bits", weights, widths.weight_bits
    if isinstance(spec.source, Normalize):
        table = np.stack([spec.source.offset.astype(np.int64), spec.source.gain.astype(np.int64)])
        kind = "global" if (table == table[:, :1]).all() else "per_sample"
        yield "normalization.kind", kind, design.normalization.kind


@singledispatch
def encoder_keys(encoder: Encoder, spec: EncoderSpec) -> dict[str, object]:
    """What keys of ``[encoder]``, of the kind of ``encoder``, must have been for the spec's transforms."""
    return {}


@encoder_keys.register
def _(encoder: ResNeXt, spec: EncoderSpec) -> dict[str, object]:
    if len(spec.transforms) < 2:
        return {"kind": _stages(spec)}
    first, *inner, last = spec.transforms
    blocks = [stage for stage in inner if isinstance(stage, Residual)]
    pools = [stage for stage in inner if isinstance(stage, Pool)]
    alternate = [stage for pair in zip(blocks, pools, strict=False) for stage in pair] == inner
    if not (isinstance(first, Convolution) and isinstance(last, Project) and blocks and alternate):
        return {"kind": _stages(spec)}

    def one(values: list[int]) -> object:
        return values[0] if len(set(values)) == 1 else values

    found: dict[str, object] = {
        "channels": first.outputs,
        "bottleneck": one([block.reduce.outputs for block in blocks]),
        "groups": one([block.conv.groups for block in blocks]),
        "kernel": one([block.conv.kernel for block in blocks]),
        "pools": [pool.size for pool in pools],
    }
    if len(blocks) > 1:
        # the weights of expand may be rounded differently in each place: its exponent has to suit the identity's
        found["share_blocks"] = all(np.array_equal(a.reduce.weight, b.reduce.weight) for a, b in pairwise(blocks))
    return found


@encoder_keys.register
def _(encoder: Linear, spec: EncoderSpec) -> dict[str, object]:
    if [type(stage) for stage in spec.transforms] != [LinearMap] or not isinstance(spec.quantizer, Levels):
        return {"kind": _stages(spec)}
    most = max(group.symbols for group in spec.quantizer.groups)
    found: dict[str, object] = {"symbols": f"a group of {most}"} if most > encoder.symbols else {}
    if spec.spikes > 1:  # one spike is mapped alike either way
        found["joint"] = spec.latents.samples == 1
    return found


@singledispatch
def quantizer_keys(quantizer: Quantizer, spec: EncoderSpec, design: Design) -> Iterator[tuple[str, object, object]]:
    """Keys about what is sent, each with its value in the spec and in the design."""
    yield from ()


@quantizer_keys.register
def _(quantizer: VectorQuantizer, spec: EncoderSpec, design: Design) -> Iterator[tuple[str, object, object]]:
    sizes = sorted(set(spec.symbols.sizes))
    yield "encoder.features", len(spec.symbols), design.encoder.features
    yield "codebook.codewords", sizes[0] if len(sizes) == 1 else sizes, design.codebook.codewords
    yield "quantization.latent_bits", spec.latents.bits, design.quantization.latent_bits
    tables, wanted = len(spec.coder.tables), design.quantization.code_tables
    if tables > 1 and wanted == "one":  # by position, there may be one that serves all
        yield "quantization.code_tables", f"{tables} tables", wanted
    yield from _rate_weight(quantizer.codebooks, design)


@quantizer_keys.register
def _(quantizer: Levels, spec: EncoderSpec, design: Design) -> Iterator[tuple[str, object, object]]:
    classes = max((len(classes.words) for classes in quantizer.classes), default=1)
    yield "encoder.features", quantizer.latents, design.encoder.features
    yield "codebook.codewords", classes, design.codebook.codewords
    yield from _rate_weight(quantizer.classes, design)


def _rate_weight(books: Iterable[Codebook | Classes], design: Design) -> Iterator[tuple[str, object, object]]:
    """What is added to a score beside the squared norm shows that bits have a weight."""
    biased = any((book.bias != np.square(book.words.astype(np.int64)).sum(axis=1)).any() for book in books)
    if biased != (design.codebook.rate_weight > 0):
        yield "codebook.rate_weight", "one above 0" if biased else 0.0, design.codebook.rate_weight


def _stages(spec: EncoderSpec) -> str:
    return "stages " + ", ".join(stage.kind for stage in spec.stages[1:-1])


def _convolutions(spec: EncoderSpec) -> Iterator[Convolution]:
    for stage in spec.transforms:
        if isinstance(stage, Convolution):
            yield stage
        elif isinstance(stage, Residual):
            yield from stage.convolutions
