"""Encoder specs of a design before it is trained: the shape is the design's, the numbers come from made-up spikes.

Area, cycles and the analytic energy follow from the shape. How many groups the levels of a linear encoder form follows
from spikes, and is as good as these are.
"""

from collections.abc import Callable

import numpy as np
import torch

from flow.price.made_up import made_up_spikes
from model.autoencoder.network import Autoencoder
from model.by_kind import ByKind
from model.checkpoint import Checkpoint
from model.datasets.spikes import SpikeDataset
from model.linear.decoder import LinearDecoder
from model.linear.fit import fit_width, principal_map
from model.linear.linear_model import LinearModel, columns_of, decimated
from model.linear.points import fit_points
from model.linear.sample import sample_of
from model.normalization import about_silence, by_powers_of_two, fit_normalization
from quantize.build import build_spec
from quantize.code import fit_code
from quantize.linear.integers import integer_linear
from quantize.stage import calibrated_encoder
from spikecae.design import Design, Linear, ResNeXt
from spikecae.spec import EncoderSpec

__all__ = ["network_spec", "untrained_specs"]

Made = Callable[[Design], list[EncoderSpec]]
UNTRAINED = ByKind[Made]("flow/price/untrained.py")
LINEAR_BLOCKS, NETWORK_BLOCKS = 768, 64
SEED = 0


def untrained_specs(design: Design) -> list[EncoderSpec]:
    """A spec of the design's shape, and one for each further operating point.

    Raises:
        ValueError: the design's widths or rates cannot be met, or no file here knows its kind of encoder.
    """
    return UNTRAINED.of(design)(design)


def network_spec(design: Design, model: Autoencoder) -> EncoderSpec:
    """The spec of a network as it is, for instance with random weights.

    Raises:
        ValueError: one of its layers has no integer form, or a number none in the chip's widths.
    """
    adc = made_up_spikes(design, NETWORK_BLOCKS).train.adc
    normalization = fit_normalization(adc, design.normalization.kind)
    encoder = calibrated_encoder(design, Checkpoint(model.eval(), normalization, epoch=0), adc)
    return build_spec(design, encoder, fit_code(encoder, adc, design.codebook.rate_weight))


def _network(design: Design) -> list[EncoderSpec]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return [network_spec(design, Autoencoder(design))]


def _linear(design: Design) -> list[EncoderSpec]:
    spikes = made_up_spikes(design, max(LINEAR_BLOCKS, 4 * design.encoder.features, 4 * design.codebook.codewords))
    start = _unfitted(design, spikes)
    train, validation = (sample_of(split, start.normalization) for split in (spikes.train, spikes.validation))
    model = fit_width(design, start, train, validation)
    found: list[EncoderSpec] = []
    for point, fitted in zip(design.points, fit_points(design, model, spikes), strict=True):
        found.append(integer_linear(point, fitted, spikes, found[0] if found else None)[0])
    return found


def _unfitted(design: Design, spikes: SpikeDataset) -> LinearModel:
    """Principal components, and some of the spikes as classes; no groups yet, and no decoder."""
    encoder, block, count = Linear.of(design.encoder), design.block, design.codebook.codewords
    normalization = by_powers_of_two(about_silence(spikes.train.adc, design.normalization.kind, design.adc.zero))
    samples = decimated(normalization.apply(spikes.train.adc), encoder.decimation)
    scale = normalization.scale.astype(np.float64)[:: encoder.decimation]
    weight = principal_map(samples, scale, encoder.features, joint=encoder.joint)
    columns = columns_of(samples, joint=encoder.joint) @ weight.T
    drawn = np.random.default_rng(SEED).choice(len(columns), count if count > 1 else 0, replace=False)
    decoder = LinearDecoder(encoder.features, block.spikes, block.samples, joint=encoder.joint, classes=0)
    bias, unweighed = np.zeros(encoder.features), np.zeros(drawn.size)
    return LinearModel(normalization, encoder.decimation, weight, bias, columns[drawn], unweighed, 0.5, (), decoder)


UNTRAINED.register(ResNeXt, _network)
UNTRAINED.register(Linear, _linear)
