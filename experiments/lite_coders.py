"""The coders that linear encoders are compared with, and they themselves: what comes back of blocks, in which bits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq

from experiments.sources import HC1, WAVE_CLUS, read
from experiments.training import DESIGNS
from model.baselines.vectors import spike_vectors
from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from model.evaluation import decode_units
from model.linear.fit import fit_linear
from model.linear.linear_model import LinearModel
from model.linear.points import fit_points
from quantize.compare import compare_batches
from quantize.linear.compare import check
from quantize.linear.integers import integer_linear, latents_sent
from quantize.linear.measure import escaped_share
from quantize.stage import integer_model
from spikecae import golden
from spikecae.design import Design, load_design
from spikecae.design.linear import Linear
from spikecae.evaluation.pca import PcaCoder, pca_coders
from spikecae.front_end.adc import codes_to_units
from spikecae.spec import EncoderSpec
from spikecae.spec.operating_points import check_operating_points

__all__ = ["POINTS", "Coded", "Coder", "Point", "cae_coder", "coders_of", "lite_coder", "pca_coder"]

BATCH = 256
"""Blocks that a decoder takes at a time."""

QUIET, LOUD = WAVE_CLUS
TETRODE, EMBEDDED = "HC1", "embedded"


@dataclass(frozen=True)
class Point:
    """A recording and a rate: the ``ratio`` of the comparison, and the linear encoder for it: that of a ``shipped``
    design, or another one in the autoencoder's design.

    ``bits`` a spike are asked for on validation spikes; what test spikes take is measured.
    """

    data: str
    ratio: float
    shipped: str = ""
    features: int = 0
    codewords: int = 1
    rate_weight: float = 0.0
    bits: float = 0.0

    @property
    def base(self) -> Design:
        """The design of the autoencoder for such spikes."""
        name = {TETRODE: "hc1", EMBEDDED: "neuropixels"}.get(self.data, "wave_clus")
        return load_design(DESIGNS / f"{name}.toml")

    @property
    def design(self) -> Design:
        """That of the linear encoder."""
        if self.shipped:
            return load_design(DESIGNS / f"{self.shipped}.toml")
        base = self.base
        joint = base.block.kind == "neighbourhood"
        classes = {"codewords": self.codewords, "rate_weight": self.rate_weight}
        update = {
            "encoder": Linear(features=self.features, joint=joint, bits_per_spike=self.bits),
            "codebook": base.codebook.model_copy(update=classes),
            "normalization": base.normalization.model_copy(update={"kind": "per_sample" if joint else "global"}),
        }
        return base.model_copy(update=update)

    @property
    def dataset(self) -> SpikeDataset:
        """Its spikes."""
        return read({**WAVE_CLUS, TETRODE: HC1, EMBEDDED: None}[self.data], self.base)


POINTS = {
    f"{point.data}, CR {point.ratio:g}": point
    for point in (
        Point(QUIET, 38.5, "lite"),
        Point(QUIET, 120, features=12, codewords=128, rate_weight=30.0, bits=8.5),
        Point(LOUD, 37, features=16, codewords=2, bits=28.3),
        Point(TETRODE, 30, "lite_tetrode"),
        Point(TETRODE, 200, features=10, codewords=128, rate_weight=60.0, bits=2.4),
        Point(EMBEDDED, 24.5, "lite_probe"),
    )
}
"""Recordings and rates, by what they are called."""


@dataclass(frozen=True, eq=False)
class Coded:
    """What came back, ``decoded`` float64 ``[n, M, D]`` in recording units, in how many ``bits`` ``[n]``, and, of the
    symbols that can escape, the share that does."""

    decoded: NDArray[np.float64]
    bits: NDArray[np.float64]
    escaped: float = 0.0


class Coder(Protocol):
    """Codes blocks of converter codes."""

    @property
    def spec(self) -> EncoderSpec | None:
        """Of an encoder in integers."""

    def __call__(self, adc: NDArray[np.int16], /) -> Coded:
        """Code and decode ``[n, M, D]``."""


@dataclass(frozen=True, eq=False)
class _InIntegers:
    """An encoder run by the golden model."""

    spec: EncoderSpec
    decode: Callable[[EncoderSpec, NDArray[np.int32]], NDArray[np.float64]]

    def __call__(self, adc: NDArray[np.int16], /) -> Coded:
        encoded = golden.encode(self.spec, adc)
        escaped = escaped_share(self.spec, encoded.indices)
        return Coded(self.decode(self.spec, encoded.indices), encoded.payload_bits.astype(np.float64), escaped)


def lite_coder(design: Design, dataset: SpikeDataset, seed: int) -> Coder:
    """A linear encoder fitted to ``dataset``, at the design's first operating point; as :func:`coders_of`."""
    return coders_of(design, fit_linear(design, dataset, seed), dataset)[0]


def coders_of(design: Design, fitted: LinearModel, dataset: SpikeDataset) -> tuple[Coder, ...]:
    """The linear encoder that was fitted to the first of a design's operating points, at all of them: in integers, each
    of them on the test split compared with the rounded model's."""
    coders: list[_InIntegers] = []
    for point, model in zip(design.points, fit_points(design, fitted, dataset), strict=True):
        spec, model = integer_linear(point, model, dataset, coders[0].spec if coders else None)
        check(spec, model, dataset.test.adc)
        coders.append(_InIntegers(spec, partial(_decoded, design, model)))
    check_operating_points([coder.spec for coder in coders])
    return tuple(coders)


def _decoded(design: Design, model: LinearModel, spec: EncoderSpec, indices: NDArray[np.int32]) -> NDArray[np.float64]:
    return decode_units(model.decode(latents_sent(spec, indices)), model.normalization, design)


def cae_coder(design: Design, checkpoint: Checkpoint, dataset: SpikeDataset) -> Coder:
    """The autoencoder in integers, calibrated on ``dataset``."""
    made = integer_model(design, checkpoint, dataset)
    list(compare_batches(made.spec, made.encoder, dataset.test.adc))

    @torch.no_grad()
    def decode(spec: EncoderSpec, indices: NDArray[np.int32]) -> NDArray[np.float64]:
        latents = torch.from_numpy(latents_sent(spec, indices))
        outputs = torch.cat([made.checkpoint.model.decoder(part) for part in latents.split(BATCH)])
        return decode_units(outputs.numpy(), made.checkpoint.normalization, design)

    return _InIntegers(made.spec, decode)


@dataclass(frozen=True, eq=False)
class _EntropyCoded:
    """PCA with uniform levels and their ideal code."""

    design: Design
    pca: PcaCoder
    spec: None = None

    def __call__(self, adc: NDArray[np.int16], /) -> Coded:
        vectors = codes_to_units(adc, self.design.adc).reshape(-1, len(self.pca.mean))
        levels = self.pca.levels(vectors)
        bits = self.pca.bits(levels).reshape(len(adc), -1).sum(axis=1)
        return Coded(self.pca.decode(levels).reshape(adc.shape), bits)


def pca_coder(design: Design, dataset: SpikeDataset, bits: float) -> Coder:
    """PCA of the training spikes, the step as wide as ``bits`` a spike of the test split ask for, to a thousandth."""
    train, test = (spike_vectors(split, design) for split in (dataset.train, dataset.test))

    def excess(octaves: float) -> float:
        (pca,) = pca_coders(train, [2.0**octaves])
        return float(pca.bits(pca.levels(test)).sum()) / dataset.test.spikes[..., 0].size - bits

    (pca,) = pca_coders(train, [2.0 ** brentq(excess, -4.0, 4.0, xtol=1e-3)])
    return _EntropyCoded(design, pca)
