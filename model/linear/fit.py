"""Fitting a linear encoder: PCA, k-means, levels as wide as the bits allow, and a decoder by least squares; then all of
it trained together.

Spikes of the training split fit, those of the validation split choose: the width and the rounding of levels, what a bit
is worth, and how far the decoder is held back. What is better in the mean and in the worst spikes together is chosen.

Silence is 0 throughout: components are about it, nothing has a bias. What is twice as large then comes back twice as
large, as far as it is not rounded; a mean added in the decoder would not be.
"""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn.cluster import KMeans

from model.datasets.spikes import SpikeDataset
from model.evaluation import decode_units
from model.linear.decoder import LinearDecoder
from model.linear.inverse import fit_inverse
from model.linear.level_code import LevelCode, class_lengths, fit_groups, fit_level_code, level_rows
from model.linear.linear_model import FRACTION, LinearModel, columns_of, decimated, nearest_class, with_few_bits
from model.linear.refine import refined
from model.linear.sample import Sample, sample_of
from model.normalization import Normalization, about_silence, by_powers_of_two
from spikecae.design import Design
from spikecae.design.linear import Linear
from spikecae.evaluation.quality import Sndr, sndr

__all__ = [
    "column_bits",
    "fit_from",
    "fit_linear",
    "fit_width",
    "principal_map",
    "quality",
    "with_groups",
    "with_inverse",
    "with_weighed_classes",
    "within_bits",
]

ORDERS = (0, 1, 2, 3)
"""Of the Golomb codes of escaped levels."""
ROUNDINGS = tuple(parts / 2**FRACTION for parts in (2, 3, 4))
"""Of which the best on validation spikes is taken; what is less than a half widens the level 0."""
WORTHS = (0.3, 1.0, 1.5)
"""Of a bit in the training of map and classes, relative to high rate: that is taken which is best on validation spikes,
if it is better than no such training."""
STARTS = 4
"""Of k-means."""
OCTAVES = -12.0, 12.0
"""Least and largest width of a level: 2 to this power, in deviations of the training samples."""
CLOSE = 0.002
"""Octaves within which the width is found."""
COST_ROUNDS = 8
Progress = Callable[[str, int, int], None]


def fit_linear(design: Design, dataset: SpikeDataset, seed: int, progress: Progress | None = None) -> LinearModel:
    """A linear encoder for ``design``, from the training and the validation split of ``dataset``.

    Args:
        design: its ``encoder`` is of kind ``linear``.
        dataset: the spikes.
        seed: of k-means, and of the order of columns in the training.
        progress: called with the step's name, how much of it is done, and of how much.

    Raises:
        ValueError: the training spikes cannot be normalized, or are fewer than the design has latents or classes; no
            width of levels takes as few bits as it asks for.
    """
    if progress is not None:
        progress("principal components", 0, 1)
    normalization = by_powers_of_two(about_silence(dataset.train.adc, design.normalization.kind, design.adc.zero))
    start = _start(design, sample_of(dataset.train, normalization), normalization, seed)
    return fit_from(design, start, dataset, seed, progress)


def fit_from(
    design: Design, start: LinearModel, dataset: SpikeDataset, seed: int, progress: Progress | None = None
) -> LinearModel:
    """As :func:`fit_linear`, from the normalization, the map and the classes of ``start``.

    Raises:
        ValueError: no width of levels takes as few bits as the design asks for.
    """
    tell = progress or (lambda step, done, total: None)
    train, validation = (sample_of(split, start.normalization) for split in (dataset.train, dataset.validation))
    fitted: list[tuple[float, LinearModel]] = []

    def add(unit: LinearModel) -> None:
        model = fit_width(design, unit, train, validation)
        found = quality(design, model, validation)
        fitted.append((found.mean_db + found.worst_db, model))

    for number, rounding in enumerate(ROUNDINGS):
        tell("width of levels", number, len(ROUNDINGS))
        add(replace(start, rounding=rounding))
    coarse = max(fitted, key=itemgetter(0))[1]
    for number, worth in enumerate(WORTHS):
        tell("rate and distortion", number, len(WORTHS))
        add(refined(coarse, train, validation, worth, seed))
    tell("rate and distortion", len(WORTHS), len(WORTHS))
    return max(fitted, key=itemgetter(0))[1]


def _start(design: Design, train: Sample, normalization: Normalization, seed: int) -> LinearModel:
    """Principal components and classes, in deviations of the training samples; no groups yet, and no decoder."""
    encoder = Linear.of(design.encoder)
    samples = decimated(train.normalized, encoder.decimation)
    scale = normalization.scale.astype(np.float64)[:: encoder.decimation]
    weight = principal_map(samples, scale, encoder.features, joint=encoder.joint)
    count, bias = design.codebook.codewords, np.zeros(encoder.features)
    classes = np.zeros((0, len(bias)))
    if count > 1:
        columns = columns_of(samples, joint=encoder.joint) @ weight.T
        if len(columns) < count:
            raise ValueError(
                f"codebook.codewords = {count} classes of {len(columns)} training columns; use fewer, or more spikes"
            )
        classes = KMeans(count, n_init=STARTS, random_state=seed).fit(columns).cluster_centers_.astype(np.float64)
    decoder = LinearDecoder(len(bias), design.block.spikes, design.block.samples, joint=encoder.joint, classes=0)
    unweighed = np.zeros(len(classes))
    return LinearModel(normalization, encoder.decimation, weight, bias, classes, unweighed, 0.5, (), decoder)


def principal_map(
    normalized: NDArray[np.floating], scale: NDArray[np.float64], features: int, *, joint: bool
) -> NDArray[np.float64]:
    """Weight ``[L, D or M·D]`` that gives the first principal components of the converter's codes about silence, in
    root mean squares of all samples, for normalized blocks ``[n, M, D]``, of which ``scale`` ``[D]`` codes are a unit.

    Raises:
        ValueError: there are fewer samples or training columns than ``features``.
    """
    columns = columns_of(normalized, joint=joint)
    if features > min(columns.shape):
        raise ValueError(
            f"encoder.features = {features} must be at most the {columns.shape[1]} samples that are mapped, and the "
            f"{len(columns)} training columns; use fewer, or more spikes"
        )
    scale = np.tile(scale, columns.shape[1] // scale.size)
    codes = columns * scale
    _, basis = np.linalg.eigh(codes.T @ codes / len(codes))
    return np.asarray(basis[:, ::-1][:, :features].T * scale / np.sqrt(np.square(codes).mean()))


def fit_width(design: Design, unit: LinearModel, train: Sample, validation: Sample) -> LinearModel:
    """``unit`` with levels of such a width that validation spikes take the bits that the design asks for, or just less,
    and with groups and a decoder for them.

    Raises:
        ValueError: there is no such width.
    """
    wanted = Linear.of(design.encoder).bits_per_spike
    known, unknown = unit.mapped(train.normalized), unit.mapped(validation.normalized)
    spikes = validation.split.spikes[..., 0].size

    def of_width(width: float) -> tuple[float, LinearModel]:
        model = rounded(scaled(unit, width), known, design.quantization.weight_bits)
        seen, held_out = (model.latents_of(part) for part in (known, unknown))
        model = with_weighed_classes(design, model, seen)
        model, code = with_groups(design, model, seen)
        return float(column_bits(model, code, held_out).sum()) / spikes, model

    return with_inverse(within_bits(wanted, "encoder.bits_per_spike", of_width), train, validation)


def within_bits(wanted: float, key: str, of_width: Callable[[float], tuple[float, LinearModel]]) -> LinearModel:
    """The model whose levels are of such a width that spikes take the bits wanted, or just less.

    Args:
        wanted: bits of a spike.
        key: of the design file, that asks for them.
        of_width: those of a model whose levels are so many times as wide, and the model.

    Raises:
        ValueError: there is no such width.
    """
    tried: dict[float, LinearModel] = {}  # by their bits

    def excess(octaves: float) -> float:
        bits, model = of_width(2.0**octaves)
        tried[bits] = model
        return bits - wanted

    low = high = 0.0
    while low > OCTAVES[0] and excess(low) < 0:
        low -= 1
    while high < OCTAVES[1] and excess(high) > 0:
        high += 1
    if not min(tried) <= wanted <= max(tried):
        raise ValueError(
            f"{key} = {wanted:g} lies outside what levels can take, {min(tried):.3g} to "
            f"{max(tried):.3g}; change it, codebook.codewords or encoder.features"
        )
    brentq(excess, low, high, xtol=CLOSE)
    return tried[max(bits for bits in tried if bits <= wanted)]


def scaled(unit: LinearModel, width: float) -> LinearModel:
    """The same with levels ``width`` times as wide; without a cost of classes."""
    return replace(
        unit,
        weight=unit.weight / width,
        bias=unit.bias / width,
        classes=unit.classes / width,
        class_cost=np.zeros(len(unit.classes)),
    )


def rounded(model: LinearModel, columns: NDArray[np.float64], bits: int) -> LinearModel:
    """The same with weights of so many bits; classes suit them, by training columns ``[n, inputs]``."""
    weight = with_few_bits(model.weight, bits)
    classes = model.classes
    if len(classes):
        latents = columns @ model.weight.T + model.bias
        nearest = nearest_class(latents, classes)
        moved = columns @ weight.T + model.bias - latents
        sums = np.zeros_like(classes)
        np.add.at(sums, nearest, moved)
        classes = classes + sums / np.maximum(np.bincount(nearest, minlength=len(classes)), 1)[:, None]
    return replace(model, weight=weight, classes=classes)


def with_weighed_classes(design: Design, model: LinearModel, latents: NDArray[np.float64]) -> LinearModel:
    """The model with classes that weigh what their codes cost, as the design's rate weight says.

    Lengths of the classes' codes and the classes, means of the training latents ``[n, L, columns]`` that choose them,
    follow from the choices, and these from both, so that they are fitted in turn (entropy-constrained vector
    quantization, Chou, Lookabaugh and Gray 1989).
    """
    weight = design.codebook.rate_weight
    if not (weight and len(model.classes)):
        return model
    columns = latents.transpose(0, 2, 1).reshape(-1, latents.shape[1])
    for _ in range(COST_ROUNDS):
        chosen = model.choose(latents).ravel()
        counts = np.bincount(chosen, minlength=len(model.classes))
        sums = np.zeros_like(model.classes)
        np.add.at(sums, chosen, columns)
        means = np.where(counts[:, None], sums / np.maximum(counts, 1)[:, None], model.classes)
        cost = np.floor(weight * class_lengths(chosen, len(counts)) + 0.5)  # whole squared steps, as on the chip
        model = replace(model, classes=means, class_cost=cost / 4**FRACTION)
    return model


def with_groups(design: Design, model: LinearModel, latents: NDArray[np.float64]) -> tuple[LinearModel, LevelCode]:
    """The model with groups for training latents ``[n, L, columns]``, and their code."""
    chosen, levels = model.quantize(latents)
    rows = level_rows(levels)
    model = replace(model, groups=fit_groups(rows, Linear.of(design.encoder).symbols))
    return model, fit_level_code(chosen, len(model.classes), rows, model.groups, ORDERS)


def column_bits(model: LinearModel, code: LevelCode, latents: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bits of each column of latents ``[n, L, columns]``, int64 ``[n · columns]``."""
    chosen, levels = model.quantize(latents)
    return code.bits(chosen, level_rows(levels))


def with_inverse(model: LinearModel, train: Sample, validation: Sample) -> LinearModel:
    """The model with the linear decoder that suits it."""

    def pair(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return model.dequantize(*model.quantize(model.latents(sample.normalized))), sample.target

    return replace(model, decoder=fit_inverse(pair(train), pair(validation), model.sent_classes, joint=model.joint))


def quality(design: Design, model: LinearModel, sample: Sample) -> Sndr:
    """SNDR of what comes back."""
    return sndr(sample.split.spikes, decode_units(model.reconstruct(sample.normalized), model.normalization, design))
