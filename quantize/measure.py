"""Quality, rates, and what each layer's rounding costs, on held-out spikes."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.checkpoint import Checkpoint
from model.datasets.spikes import Split
from model.evaluation import decode_units
from model.metrics import SAMPLE_BITS, cr_entropy, entropy_bits, index_counts, sndr
from quantize.exponents import round_to, scale
from quantize.fake_quant import FakeQuantEncoder
from quantize.report import LayerReport, RateQuality
from spikecae.design import Design
from spikecae.payload import Events, wire_bits

__all__ = ["BLOCKS_PER_PACKET", "LayerMeter", "rate_quality"]

BATCH = 128
BLOCKS_PER_PACKET = 16


@torch.no_grad()
def rate_quality(
    design: Design,
    checkpoint: Checkpoint,
    codebook: Tensor,
    split: Split,
    indices: NDArray[np.integer],
    training_indices: NDArray[np.integer],
    code_lengths: NDArray[np.uint8],
) -> RateQuality:
    """What the float decoder makes of ``indices``, and what they cost.

    Args:
        design: block shape, converter.
        checkpoint: its decoder and normalization.
        codebook: float ``[K, L]``, the codewords that the indices stand for.
        split: the spikes that were encoded.
        indices: ``[B, N]``.
        training_indices: ``[B', N]`` of the training split, by the same encoder.
        code_lengths: (K,) Huffman code lengths.
    """
    outputs = [
        checkpoint.model.decoder(codebook[torch.from_numpy(part).long()]).numpy()
        for part in np.array_split(indices, math.ceil(len(indices) / BATCH))
    ]
    quality = sndr(split.spikes, decode_units(np.concatenate(outputs), checkpoint.normalization, design))
    codewords = design.codebook.codewords
    counts, training = index_counts(indices, codewords), index_counts(training_indices, codewords)
    entropy = entropy_bits(counts)
    expected = np.maximum(training, 1) / np.maximum(training, 1).sum()
    payload = code_lengths[indices].astype(np.int64).sum(axis=1)
    uncoded = len(indices) * design.block.spikes * design.block.samples * SAMPLE_BITS
    events = _events(design, split)

    def wire(events: Events | None) -> float:
        bits = wire_bits(payload, blocks_per_packet=BLOCKS_PER_PACKET, spikes=design.block.spikes, events=events)
        return uncoded / bits

    return RateQuality(
        sndr_mean_db=quality.mean_db,
        sndr_global_db=quality.global_db,
        entropy_bits_per_index=entropy,
        huffman_bits_per_index=float(payload.sum() / indices.size),
        code_cross_entropy_bits_per_index=float(-(counts * np.log2(expected)).sum() / indices.size),
        cr_entropy=cr_entropy(design, entropy),
        cr_huffman=float(uncoded / payload.sum()),
        cr_wire=wire(None),
        cr_wire_events=wire(events) if events else None,
        codewords_used=int(np.count_nonzero(counts)),
    )


def _events(design: Design, split: Split) -> Events | None:
    """A channel per block, and a time per neighbourhood or per queued spike; None where the data have no times."""
    if not np.isfinite(split.times_s).all():
        return None
    times = np.floor(split.times_s * design.recording.sampling_rate_hz + 0.5).astype(np.int64)
    if design.block.kind == "neighbourhood":
        times = times[:, :1]
    return Events(split.channels[:, 0].astype(np.int64), times.ravel())


class LayerMeter:
    """Collects, batch by batch, how float and integer values of every place differ."""

    def __init__(self, encoder: FakeQuantEncoder) -> None:
        self.encoder = encoder
        self.sums: dict[str, NDArray[np.float64]] = {}
        self.ranges: dict[str, tuple[float, float]] = {}

    def add(self, name: str, exact: Tensor, integer: Tensor) -> None:
        """``exact``: the float model's output of place ``name``; ``integer``: the fake-quantized one's, scaled."""
        exponent = self.encoder.exponents.activation[name]
        signed = name in ("normalize", "project")
        exact = exact.double()
        rounded = round_to(exact, exponent, 8, signed=signed)
        unlimited = torch.floor(scale(exact, exponent) + 0.5)
        own = scale(rounded, -exponent) - exact
        row = [
            float(exact.square().sum()),
            float(own.square().sum()),
            float((integer - exact).square().sum()),
            float((unlimited != rounded).sum()),
            float(exact.numel()),
        ]
        self.sums[name] = self.sums.get(name, np.zeros(5)) + row
        low, high = self.ranges.get(name, (math.inf, -math.inf))
        self.ranges[name] = (min(low, float(exact.min())), max(high, float(exact.max())))

    @torch.no_grad()
    def reports(self) -> list[LayerReport]:
        """One report per place, in order."""
        places = {place.name: place for place in self.encoder.folded.places()}
        exponents = self.encoder.exponents
        made = []
        for name, (signal, own, accumulated, saturated, count) in self.sums.items():
            extra: dict[str, int | float] = {}
            if name in places:
                place = places[name]
                weight = exponents.weight[name]
                shift = weight + exponents.activation[place.source] - exponents.activation[name]
                exact = place.convolution.weight
                error = self.encoder.parameters_of(place)[0] - exact
                extra = {
                    "weight_exponent_minimum": int(weight.min()),
                    "weight_exponent_maximum": int(weight.max()),
                    "shift_minimum": int(shift.min()),
                    "shift_maximum": int(shift.max()),
                    "weight_sqnr_db": _decibels(float(exact.square().sum()), float(error.square().sum())),
                }
            made.append(
                LayerReport(
                    name=name,
                    exponent=exponents.activation[name],
                    minimum=self.ranges[name][0],
                    maximum=self.ranges[name][1],
                    saturation_rate=saturated / count,
                    sqnr_db=_decibels(signal, own),
                    accumulated_sqnr_db=_decibels(signal, accumulated),
                    **extra,  # type: ignore[arg-type]
                )
            )
        return made


def _decibels(signal: float, error: float) -> float:
    least = np.finfo(np.float64).tiny
    return float(10 * np.log10(max(signal, least) / max(error, least)))
