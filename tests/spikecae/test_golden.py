"""The golden model against the rules of docs/arithmetic.md, written out with Python integers, one value at a time."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from spikecae.bitstream.huffman import decode_blocks
from spikecae.design import Design
from spikecae.golden import Golden, encode
from spikecae.golden.vector_quantizer import search
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Convolution, Levels, Linear, Pool, Residual, SubVector, VectorQuantizer
from tests.any_spec import AnySpec
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec

Rows = list[list[int]]


def divide(a: int, s: int) -> int:
    return (a + (1 << (s - 1))) >> s if s > 0 else a << -s


def clamp(a: int, low: int, high: int) -> int:
    return max(low, min(high, a))


def accumulate(stage: Convolution, x: Rows, c: int, t: int) -> int:
    per_group = len(x) // stage.groups
    first = c // (stage.outputs // stage.groups) * per_group
    total = int(stage.bias[c])
    for i in range(per_group):
        for j in range(stage.kernel):
            at = t + j - stage.kernel // 2
            if 0 <= at < len(x[0]):
                total += int(stage.weight[c, i, j]) * x[first + i][at]
    return total


def requantize(stage: Convolution, a: int, c: int) -> int:
    a = max(a, 0) if stage.relu else a
    rounded = divide(a, stage.input_exponent + int(stage.weight_exponent[c]) - stage.exponent)
    top = 2**stage.output_bits
    return clamp(rounded, 0, top - 1) if stage.relu else clamp(rounded, -top // 2, top // 2 - 1)


def convolve(stage: Convolution, x: Rows, identity: Rows | None = None, identity_exponent: int = 0) -> Rows:
    y = []
    for c in range(stage.outputs):
        shift = stage.input_exponent + int(stage.weight_exponent[c]) - identity_exponent
        row = []
        for t in range(len(x[0])):
            a = accumulate(stage, x, c, t)
            row.append(requantize(stage, a + (identity[c][t] << shift) if identity else a, c))
        y.append(row)
    return y


def linear_map(stage: Linear, x: Rows) -> Rows:
    """A row of columns for each latent."""
    columns = x if stage.inputs == len(x[0]) else [[value for row in x for value in row]]
    y = []
    for c in range(stage.outputs):
        weights = [int(weight) for weight in stage.weight[c, :, 0]]
        sums = [sum(w * v for w, v in zip(weights, column, strict=True)) for column in columns]
        y.append([requantize(stage, int(stage.bias[c]) + total, c) for total in sums])
    return y


def levels_by_hand(stage: Levels, x: Rows) -> tuple[Rows, list[int]]:
    """Levels (L, columns), and the indices of all positions."""
    levels, indices = [[0] * len(x[0]) for _ in x], []
    for t in range(len(x[0])):
        column = [row[t] for row in x]
        word = [0] * len(column)
        for classes in stage.classes:
            scores = [
                int(bias) - 2 * sum(a * int(b) for a, b in zip(column, word, strict=True))
                for bias, word in zip(classes.bias, classes.words, strict=True)
            ]
            indices.append(scores.index(min(scores)))
            word = [int(element) for element in classes.words[indices[-1]]]
        for latent, (value, element) in enumerate(zip(column, word, strict=True)):
            distance = value - element
            level = (abs(distance) + stage.rounding) // 2**stage.fraction
            levels[latent][t] = level if distance > 0 else -level
        latent = 0
        for group in stage.groups:
            own = [levels[latent + i][t] for i in range(len(group.low))]
            boxes = [range(int(low), int(low) + int(size)) for low, size in zip(group.low, group.size, strict=True)]
            if all(level in box for level, box in zip(own, boxes, strict=True)):
                every = list(itertools.product(*boxes))
                indices += [every.index(tuple(own)), *[0] * len(own)]
            else:
                indices += [group.symbols - 1, *(2 * n if n >= 0 else -2 * n - 1 for n in own)]
            latent += len(own)
    return levels, indices


def by_hand(spec: EncoderSpec, adc: np.ndarray, present: np.ndarray | None = None) -> dict[str, Any]:
    """Every tap of one block (M, D)."""
    table, codes = spec.source, spec.source.decimation
    offset, gain = (
        list(map(int, array)) * (spec.samples if array.size == 1 else 1) for array in (table.offset, table.gain)
    )
    x = [
        [
            clamp(
                divide((sum(map(int, row[t * codes : (t + 1) * codes])) - offset[t]) * gain[t], table.shift), -128, 127
            )
            for t in range(len(row) // codes)
        ]
        for row in adc
    ]
    if present is not None:
        x = [row if there else [0] * len(row) for row, there in zip(x, present, strict=True)]
    taps: dict[str, Any] = {"normalize": x}
    for stage in spec.stages[1:]:
        if isinstance(stage, Residual):
            identity = x
            for part in (stage.reduce, stage.conv):
                x = taps[part.name] = convolve(part, x)
            x = taps[stage.expand.name] = convolve(stage.expand, x, identity, stage.reduce.input_exponent)
        elif isinstance(stage, Linear):
            x = taps[stage.name] = linear_map(stage, x)
        elif isinstance(stage, Convolution):
            x = taps[stage.name] = convolve(stage, x)
        elif isinstance(stage, Pool):
            x = taps[stage.name] = [[max(row[t : t + stage.size]) for t in range(0, len(row), stage.size)] for row in x]
    if isinstance(spec.quantizer, Levels):
        taps["levels"], _ = levels_by_hand(spec.quantizer, x)
        return taps
    flat = [value for row in x for value in row]
    taps["vq"] = []
    for part in spec.quantizer.table:
        y = flat[part.offset : part.offset + part.length]
        book = spec.quantizer.codebooks[part.codebook]
        scores = [
            int(bias) - 2 * sum(a * int(b) for a, b in zip(y, word, strict=True))
            for bias, word in zip(book.bias, book.words, strict=True)
        ]
        taps["vq"].append(min(range(len(scores)), key=lambda k: (scores[k], k)))
    return taps


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_tap_is_that_of_plain_integers(tiny: Design, seed: int) -> None:
    spec = random_spec(tiny, seed)
    adc = random_adc(tiny, 3, seed)
    taps = encode(spec, adc).taps
    for block in range(3):
        expected = by_hand(spec, adc[block])
        assert taps.keys() == expected.keys()
        for name, tap in expected.items():
            assert taps[name][block].tolist() == tap, f"{name} of block {block}"


@pytest.mark.parametrize(
    "changes", [{"kernel": 5}, {"kernel": 1, "pools": [4]}, {"groups": 1}, {"groups": 8, "pools": [2, 1, 2]}], ids=str
)
def test_other_shapes(tiny: Design, changes: dict[str, Any]) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update=changes)})
    spec = random_spec(design, 5)
    adc = random_adc(design, 1, 5)
    expected = by_hand(spec, adc[0])
    taps = encode(spec, adc).taps
    assert {name: taps[name][0].tolist() for name in taps} == expected


def products(spec: EncoderSpec) -> int:
    """Of a block, roughly."""
    weights = sum(values.size for stage in spec.stages for _, values in stage.coefficients())
    return weights * spec.samples * spec.spikes


@pytest.mark.parametrize("part", range(5))
def test_any_spec(part: int) -> None:
    """Grouped and wide first convolutions, pools and projections at any place, every exponent, shift and bias."""
    tried = 0
    for seed in range(part, 400, 5):
        try:
            spec = AnySpec(seed).spec()
        except ValueError:
            continue
        if products(spec) > 20_000:
            continue
        tried += 1
        codes = np.random.default_rng(seed).integers(-(2**15), 2**15, (1, spec.spikes, spec.samples))
        coded = encode(spec, codes.astype(np.int16))
        expected = by_hand(spec, codes[0])
        assert {name: tap[0].tolist() for name, tap in coded.taps.items()} == expected, seed
        if isinstance(spec.quantizer, Levels):
            assert coded.indices[0].tolist() == levels_by_hand(spec.quantizer, expected[spec.transforms[-1].tap])[1]
    assert tried > 20


@pytest.mark.parametrize(("joint", "classes"), [(False, 1), (False, 8), (True, 1), (True, 5)])
def test_a_linear_encoder(joint: bool, classes: int) -> None:
    spec = random_linear_spec(3, 16, 9, joint=joint, classes=classes, seed=classes)
    adc = linear_adc(spec, 200, seed=50)
    coded = encode(spec, adc)
    for block in range(20):
        expected = by_hand(spec, adc[block])
        assert {name: tap[block].tolist() for name, tap in coded.taps.items()} == expected
        assert coded.indices[block].tolist() == levels_by_hand(spec.quantizer, expected["linear"])[1]
    reserved = [
        coded.indices[:, position] == spec.symbols.sizes[position] - 1
        for position in set(spec.symbols.escaped_by) - {-1}
    ]
    assert 0.005 < np.mean(reserved) < 0.1
    assert len(np.unique(coded.taps["levels"])) > 8


@pytest.mark.parametrize("joint", [False, True])
def test_a_linear_map_is_a_matrix_product(joint: bool) -> None:
    """Exact in float64, whose rounding half up is floor(x + ½)."""
    spec = random_linear_spec(4, 24, 6, joint=joint, classes=1, seed=2)
    linear = spec.only(Linear)
    taps = encode(spec, linear_adc(spec, 300, seed=3)).taps
    columns = taps["normalize"].reshape(300, 1 if joint else 4, -1).astype(float)
    sums = np.einsum("oi,nci->noc", linear.weight[:, :, 0].astype(float), columns) + linear.bias[:, None]
    rounded = np.floor(sums / 2.0 ** linear.shift[:, None] + 0.5)
    assert np.array_equal(taps["linear"], np.clip(rounded, -512, 511))


def test_what_levels_stand_for_is_less_than_a_step_away() -> None:
    spec = random_linear_spec(2, 16, 7, joint=False, classes=4, seed=6)
    coded, quantizer = encode(spec, linear_adc(spec, 300, seed=7)), spec.only(Levels)
    stood_for = quantizer.dequantize(coded.indices, 14) * 2.0**quantizer.exponent
    distance = np.abs(coded.taps["linear"].reshape(300, 14) - stood_for)
    step = 1 << quantizer.fraction
    assert distance.max() == step - quantizer.rounding - 1


@pytest.mark.parametrize(("activations", "latents"), [(6, 5), (4, 8), (8, 4)])
def test_narrow_values_saturate_where_they_end(tiny: Design, activations: int, latents: int) -> None:
    widths = tiny.quantization.model_copy(update={"activation_bits": activations, "latent_bits": latents})
    design = tiny.model_copy(update={"quantization": widths})
    spec = random_spec(design, 8)
    adc = random_adc(design, 4, 8)
    taps = encode(spec, adc).taps
    for block in range(4):
        expected = by_hand(spec, adc[block])
        assert {name: tap[block].tolist() for name, tap in taps.items()} == expected
    assert taps["pool0"].max() == 2**activations - 1
    assert (taps["project"].min(), taps["project"].max()) == (-(2 ** (latents - 1)), 2 ** (latents - 1) - 1)


def test_missing_spikes_are_zero_after_normalization(spec: EncoderSpec, tiny: Design) -> None:
    adc = random_adc(tiny, 2, 7)
    present = np.array([[True, True], [True, False]])
    taps = encode(spec, adc, present).taps
    assert np.any(spec.source.offset != 0)
    for block in range(2):
        expected = by_hand(spec, adc[block], present[block])
        assert {name: taps[name][block].tolist() for name in taps} == expected


def test_sums_beyond_24_bits_are_exact(tiny: Design) -> None:
    """A shift of 20 bits whose rounding hangs on the last of them, below an identity of up to 28."""
    spec = random_spec(tiny, seed=6)
    block = spec.stages[2]
    outputs = block.expand.outputs
    expand = dataclasses.replace(
        block.expand,
        weight=np.sign(block.expand.weight).astype(np.int8),
        bias=np.full(outputs, (1 << 22) + (1 << 19), np.int32),
        weight_exponent=np.full(outputs, 20, np.int8),
    )
    stages = (*spec.stages[:2], dataclasses.replace(block, expand=expand), *spec.stages[3:])
    spec = dataclasses.replace(spec, stages=stages)
    assert expand.shift.tolist() == [20] * outputs
    adc = random_adc(tiny, 6, seed=6)
    taps = encode(spec, adc).taps
    for block in range(6):
        expected = by_hand(spec, adc[block])
        assert {name: taps[name][block].tolist() for name in taps} == expected


def test_every_stage_of_the_test_is_alive(spec: EncoderSpec, tiny: Design) -> None:
    """Else the comparisons above would compare zeros."""
    for name, tap in encode(spec, random_adc(tiny, 50, 9)).taps.items():
        assert len(np.unique(tap)) >= 8, name


def test_the_lowest_index_wins_a_tie() -> None:
    words = np.array([[1, 1], [3, -1], [3, -1], [-3, 1]], np.int8)
    bias = (words.astype(np.int32) ** 2).sum(axis=1, dtype=np.int32)
    stage = VectorQuantizer("vq", 0, (Codebook(words, bias),), (SubVector(0, 2, 0, 0),))
    latents = np.array([[3, -1], [2, 0], [0, 0], [-3, 1]])  # (2, 0) is as far from word 0 as from 1
    assert search(stage, latents)[:, 0].tolist() == [1, 0, 0, 3]


def test_rate_bias_moves_the_decision() -> None:
    words = np.array([[0, 0], [4, 0]], np.int8)
    bias = np.array([0, 16 + 9], np.int32)
    stage = VectorQuantizer("vq", 0, (Codebook(words, bias),), (SubVector(0, 2, 0, 0),))
    assert search(stage, np.array([[3, 0], [4, 0]]))[:, 0].tolist() == [0, 1]  # 25 − 24 > 0 but 25 − 32 < 0


def test_payload_is_the_code_of_the_indices(spec: EncoderSpec, tiny: Design) -> None:
    coded = encode(spec, random_adc(tiny, 40, 11))
    assert np.array_equal(coded.indices, coded.taps["vq"])
    assert np.array_equal(decode_blocks(coded.payloads, spec.coder.tables, spec.symbols), coded.indices)
    assert [len(payload) for payload in coded.payloads] == [-(-bits // 8) for bits in coded.payload_bits]


def test_blocks_do_not_depend_on_each_other(spec: EncoderSpec, tiny: Design) -> None:
    adc = random_adc(tiny, 9, 12)
    together = encode(spec, adc)
    alone = [encode(spec, adc[block : block + 1]).payloads[0] for block in range(9)]
    assert together.payloads == alone
    assert encode(spec, adc[:0]).payloads == []


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_indices_are_the_same_on_any_number_of_cores(
    spec: EncoderSpec, tiny: Design, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr("spikecae.golden.model.usable_cores", lambda: cores)
    monkeypatch.setattr("spikecae.golden.network.CACHED_VALUES", 7 * 16 * 16)  # 7 blocks at a time
    adc = random_adc(tiny, 100, 13)
    expected = encode(spec, adc).indices
    model = Golden(spec)
    for count in (100, 0, 1, 7, 8, 99):  # buffers are used again
        assert np.array_equal(model.indices(adc[:count]), expected[:count])


def test_blocks_of_another_shape_are_refused(spec: EncoderSpec) -> None:
    with pytest.raises(ValueError, match=r"must be \(n, 2, 16\) for 'tiny', got \(3, 2, 18\)"):
        encode(spec, np.zeros((3, 2, 18), np.int16))
