"""Quality, rates, and what each layer's rounding costs, on held-out spikes."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.checkpoint import Checkpoint
from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.metrics import cr_entropy, entropy_bits, index_counts
from quantize.code import BATCH, Code
from quantize.fake_quant import FakeQuantEncoder
from quantize.fold import fold
from quantize.report import LayerReport, RateQuality, WeightReport
from quantize.scales import round_to, scale
from quantize.stages.base import SOURCE, width_of
from spikecae.bitstream.payload import Events, wire_bits
from spikecae.design import Design
from spikecae.evaluation.quality import SAMPLE_BITS, sndr

__all__ = ["measure_layers", "rate_quality", "split_events"]


@torch.no_grad()
def rate_quality(
    design: Design,
    checkpoint: Checkpoint,
    codebook: Tensor,
    split: Split,
    indices: NDArray[np.integer],
    code: Code,
) -> RateQuality:
    """What the float decoder makes of ``indices``, and what they cost.

    Args:
        design: block shape, converter.
        checkpoint: its decoder and normalization.
        codebook: float ``[K, L]``, the codewords that the indices stand for.
        split: the spikes that were encoded.
        indices: ``[B, N]``.
        code: made from the same encoder's indices of the training split.
    """
    outputs = [
        checkpoint.model.decoder(codebook[torch.from_numpy(part).long()]).numpy()
        for part in np.array_split(indices, math.ceil(len(indices) / BATCH))
    ]
    quality = sndr(split.spikes, decode_units(np.concatenate(outputs), checkpoint.normalization, design))
    codewords = design.codebook.codewords
    counts = index_counts(indices, codewords)
    entropy = entropy_bits(counts)
    payload = code.bits(indices).sum(axis=1)
    uncoded = len(indices) * design.block.spikes * design.block.samples * SAMPLE_BITS
    events = split_events(design, split)

    def wire(events: Events | None) -> float:
        bits = wire_bits(
            payload, blocks_per_packet=design.hardware.packet_blocks, spikes=design.block.spikes, events=events
        )
        return uncoded / bits

    return RateQuality(
        sndr_mean_db=quality.mean_db,
        sndr_global_db=quality.global_db,
        entropy_bits_per_index=entropy,
        huffman_bits_per_index=float(payload.sum() / indices.size),
        code_cross_entropy_bits_per_index=float(code.ideal_bits(indices).mean()),
        cr_entropy=cr_entropy(design, entropy),
        cr_huffman=float(uncoded / payload.sum()),
        cr_wire=wire(None),
        cr_wire_events=wire(events) if events else None,
        codewords_used=int(np.count_nonzero(counts)),
    )


def split_events(design: Design, split: Split) -> Events | None:
    """A channel per block, and a time per neighbourhood or per queued spike; None where the data have no times."""
    if not np.isfinite(split.times_s).all():
        return None
    times = np.floor(split.times_s * design.recording.sampling_rate_hz + 0.5).astype(np.int64)
    if design.block.kind == "neighbourhood":
        times = times[:, :1]
    return Events(split.channels[:, 0].astype(np.int64), times.ravel())


@torch.no_grad()
def measure_layers(checkpoint: Checkpoint, encoder: FakeQuantEncoder, adc: NDArray[np.int16]) -> list[LayerReport]:
    """How float and integer values of every rounded place differ on ADC codes ``[B, M, D]``, in order."""
    exact = fold(checkpoint.model.encoder)
    sums: dict[str, NDArray[np.float64]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for start in range(0, len(adc), BATCH):
        batch = adc[start : start + BATCH]
        integer = encoder(torch.from_numpy(batch))
        normalized = torch.from_numpy(checkpoint.normalization.apply(batch))
        for name, tap in {SOURCE: normalized, **exact(normalized)}.items():
            if name in encoder.exponents.activation:
                sums[name] = sums.get(name, 0) + _errors(encoder, name, tap.double(), integer[name])
                low, high = ranges.get(name, (math.inf, -math.inf))
                ranges[name] = (min(low, float(tap.min())), max(high, float(tap.max())))
    return [_layer_report(encoder, name, row, ranges[name]) for name, row in sums.items()]


def _errors(encoder: FakeQuantEncoder, name: str, exact: Tensor, integer: Tensor) -> NDArray[np.float64]:
    """Sums of squares of the signal, of this place's own error and of the accumulated one; saturated values; values."""
    exponent = encoder.exponents.activation[name]
    place = next((place for place in encoder.folded.places() if place.name == name), None)
    bits = width_of("input" if place is None else place.role, encoder.exponents.widths)
    rounded = round_to(exact, exponent, bits, signed=place is None or not place.relu)
    unlimited = torch.floor(scale(exact, exponent) + 0.5)
    own = scale(rounded, -exponent) - exact
    squares = [float(values.square().sum()) for values in (exact, own, integer - exact)]
    return np.array([*squares, float((unlimited != rounded).sum()), float(exact.numel())])


def _layer_report(
    encoder: FakeQuantEncoder, name: str, row: NDArray[np.float64], limits: tuple[float, float]
) -> LayerReport:
    signal, own, accumulated, saturated, count = row.tolist()
    exponents = encoder.exponents
    weight: WeightReport | None = None
    for place in encoder.folded.places():
        if place.name == name:
            exponent = exponents.weight[name]
            shift = exponent + exponents.activation[place.source] - exponents.activation[name]
            exact = place.convolution.weight
            error = encoder.parameters_of(place)[0] - exact
            weight = WeightReport(
                exponent_minimum=int(exponent.min()),
                exponent_maximum=int(exponent.max()),
                shift_minimum=int(shift.min()),
                shift_maximum=int(shift.max()),
                sqnr_db=_decibels(float(exact.square().sum()), float(error.square().sum())),
            )
    return LayerReport(
        name=name,
        exponent=exponents.activation[name],
        minimum=limits[0],
        maximum=limits[1],
        saturation_rate=saturated / count,
        sqnr_db=_decibels(signal, own),
        accumulated_sqnr_db=_decibels(signal, accumulated),
        weight=weight,
    )


def _decibels(signal: float, error: float) -> float:
    least = np.finfo(np.float64).tiny
    return float(10 * np.log10(max(signal, least) / max(error, least)))
