from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from experiments import lite_others, own_codebooks
from experiments.others import contexts
from experiments.others.codebooks import BookCoder, fit_books
from experiments.others.fronts import STRIDE, Front
from experiments.others.places import PLACES
from model.datasets import Split
from model.linear.decoder import LinearDecoder
from model.linear.linear_model import LinearModel
from model.linear.sample import Sample, sample_of
from model.normalization import Normalization


def test_what_is_far_escapes_and_comes_back() -> None:
    rng = np.random.default_rng(0)
    centres = 10 * rng.normal(size=(4, 3))
    known = centres[rng.integers(4, size=400)] + 0.1 * rng.normal(size=(400, 3))
    books = fit_books(known, 0.01, 0.98, 0)
    values, bits, far = books.code(known)
    assert 0 < far.sum() < 20  # lengths have changed since the bound was found
    assert np.square(values - known).sum(axis=1)[~far].max() <= books.bound
    new = 40 * rng.normal(size=(50, 3))
    values, bits, far = books.code(new)
    assert far.all()
    assert np.abs(values - new).max() <= books.step / 2 + 1e-9
    assert bits.min() > books.reserved + books.book.lengths.min()
    plain = fit_books(known, 0.01, 1.0, 0)
    np.testing.assert_array_equal(plain.code(known)[1], plain.book.lengths[plain.book.encode(known)])
    # a prefix code of winners and the reserved symbol
    assert (2.0 ** -books.book.lengths.astype(float)).sum() + 2.0**-books.reserved <= 1


@pytest.mark.parametrize("contacts", [1, 2])
@pytest.mark.parametrize("decimation", [1, 2])
@pytest.mark.parametrize("stages", [0, 1, 2])
def test_a_front_begins_as_the_map_alone(contacts: int, decimation: int, stages: int) -> None:
    generator = torch.Generator().manual_seed(0)
    front = Front(contacts, decimation, stages, generator)
    columns = torch.randn(5, contacts, 12, generator=generator)
    alone = np.random.default_rng(1).normal(size=(3, contacts * 12 // decimation))
    means = columns.reshape(5, contacts, -1, decimation).mean(dim=-1).flatten(1)
    with torch.no_grad():
        latents = front(columns) @ front.weight(alone).T
    torch.testing.assert_close(latents, means @ torch.from_numpy(alone).float().T)
    taps = sum(layer.weight.numel() for layer in front.convolutions)
    assert front.macs(12) == taps * 12 // STRIDE


@pytest.fixture
def known() -> tuple[LinearModel, Sample]:
    rng = np.random.default_rng(0)
    adc = rng.integers(-40, 40, size=(30, 2, 16)).astype(np.int16)
    normalization = Normalization(np.zeros(16, np.int16), np.full(16, 16, np.float32))
    split = Split(adc, adc.astype(np.float32), np.zeros((30, 2)), np.zeros((30, 2), np.int32))
    decoder = LinearDecoder(6, 2, 16, joint=False, classes=0)
    classes, weight = 3 * rng.normal(size=(4, 6)), rng.normal(size=(6, 16))
    model = LinearModel(normalization, 1, weight, np.zeros(6), classes, np.zeros(4), 0.375, (), decoder)
    return model, sample_of(split, normalization)


def test_no_share_of_the_spike_before_is_no_difference(known: tuple[LinearModel, Sample]) -> None:
    model, sample = known
    chosen, levels, values = contexts._closed_loop(model, sample, 0.0)
    own, plain = model.quantize(model.latents(sample.normalized))
    assert chosen is not None
    assert own is not None
    np.testing.assert_array_equal(chosen, own.ravel())
    np.testing.assert_array_equal(levels, plain.transpose(0, 2, 1).reshape(levels.shape))
    back = model.dequantize(own, plain).transpose(0, 2, 1).reshape(values.shape)
    np.testing.assert_array_equal(values.astype(np.float32), back)
    _, _, other = contexts._closed_loop(model, sample, 0.5)
    rows = model.latents(sample.normalized).transpose(0, 2, 1).reshape(values.shape)
    assert np.abs(other - rows).max() <= 1  # no drift: the loop is closed


def test_tables_by_context_are_prefix_codes_and_take_fewer_bits_where_it_helps() -> None:
    rng = np.random.default_rng(0)
    context = [rng.integers(2, size=3000) for _ in range(2)]
    symbols = [(2 * part + (rng.random(3000) < 0.1)) % 4 for part in context]
    tables = contexts._by_context(symbols, context, 4, 2)
    assert ((2.0**-tables).sum(axis=1) <= 1).all()
    assert tables[context[1], symbols[1]].mean() < 1.3


def test_codebooks_stand_where_levels_were(known: tuple[LinearModel, Sample]) -> None:
    model, sample = known
    unit = replace(model, classes=np.zeros((0, 6)), class_cost=np.zeros(0))
    rows = unit.latents(sample.normalized).transpose(0, 2, 1).reshape(-1, 6)
    books = tuple(fit_books(rows[:, low:high], 0.0, 1.0, 0) for low, high in pairwise((0, 2, 6)))
    coder = BookCoder(unit, np.zeros(0, np.uint8), books)
    latents, bits, escaped = coder.quantized(sample.normalized)
    assert latents.shape == (len(sample.normalized), 6, sample.normalized.shape[1])
    assert escaped == 0
    np.testing.assert_array_equal(latents[:, :2, 0], books[0].code(rows[:: latents.shape[2], :2])[0].astype(np.float32))
    assert bits.shape == (len(latents),)


def test_every_place_takes_bits_and_every_row_is_told_apart() -> None:
    assert all(place.design.encoder.bits_per_spike == place.bits for place in PLACES.values())  # type: ignore[attr-defined]
    for experiment in (lite_others.EXPERIMENT, own_codebooks.EXPERIMENT):
        labels = [tuple(item.labels.items()) for item in experiment.configurations()]
        assert len(set(labels)) == len(labels)
