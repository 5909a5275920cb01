"""Normalizer, requantizer, folded products and the search, each against plain Python integers or PyTorch."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.packets.block_writer import BlockWriter
from rtl.packets.huffman_coder import HuffmanCoder
from rtl.planning import make_plan
from rtl.search.vector_search import VectorSearch
from rtl.stages.huffman import code_starts
from rtl.stages.vector_quantizer import codebook_words
from rtl.units.convolution import Convolution
from rtl.units.normalizer import Normalizer
from rtl.units.projector import Projector
from rtl.units.requantizer import Requantizer, requantize
from rtl.units.still_product import still_product, tree
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_spec
from tests.rtl.components import latency_of
from tests.rtl.shapes import blocks, entry_bits, hardware, projection
from tests.rtl.streams import Port, pack, run, unpack


class _Requantize(wiring.Component):
    def __init__(self, bits: int, *, relu: bool) -> None:
        self._relu = relu
        self._bits = bits
        super().__init__({"i": In(stream.Signature(unsigned(bits + 5))), "o": Out(stream.Signature(unsigned(8)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = Signal(signed(self._bits))
        m.d.comb += [
            value.eq(self.i.payload[: self._bits].as_signed()),
            self.o.payload.eq(requantize(m, "q", value, self.i.payload[self._bits :], 8, relu=self._relu)),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
        ]
        return m


@pytest.mark.parametrize("relu", [True, False])
def test_requantize_rounds_half_up_and_saturates(relu: bool) -> None:
    """Against exact fractions: floor(a / 2**s + 1/2), clamped."""
    cases = [(a, s) for s in (0, 1, 2, 5, 12, 31) for a in (-2048, -513, -3, -2, -1, 0, 1, 2, 3, 255, 256, 511, 2047)]
    dut = _Requantize(12, relu=relu)
    sink = Port(dut.o, count=len(cases))
    run(dut, [Port(dut.i, [pack([a], 12) | s << 12 for a, s in cases])], [sink])
    low, high = (0, 255) if relu else (-128, 127)
    expected = [min(high, max(low, floor(Fraction(max(a, 0) if relu else a, 2**s) + Fraction(1, 2)))) for a, s in cases]
    assert [unpack(word, 1, signed=not relu)[0] for word in sink.got] == expected


class _StillProduct(wiring.Component):
    def __init__(self, still: int, moving: int) -> None:
        self._bits = still, moving
        shape = {"i": In(stream.Signature(unsigned(still + moving))), "o": Out(stream.Signature(signed(16)))}
        super().__init__(shape)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        still, _ = self._bits
        rows, number = still_product(self.i.payload[:still].as_signed(), self.i.payload[still:].as_signed())
        m.d.comb += [
            self.o.payload.eq(tree(rows) + number),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
        ]
        return m


@pytest.mark.parametrize(("still", "moving"), [(6, 3), (5, 4), (1, 2), (2, 1)])
def test_products_of_a_factor_that_stands_still(still: int, moving: int) -> None:
    """Rows and number add up to every product."""
    pairs = [
        (a, b) for a in range(-(1 << still - 1), 1 << still - 1) for b in range(-(1 << moving - 1), 1 << moving - 1)
    ]
    dut = _StillProduct(still, moving)
    sink = Port(dut.o, count=len(pairs))
    run(dut, [Port(dut.i, [pack([a], still) | pack([b], moving) << still for a, b in pairs])], [sink])
    assert [unpack(word & 0xFFFF, 1, 16, signed=True)[0] for word in sink.got] == [a * b for a, b in pairs]


@pytest.mark.parametrize("entries", [1, 5])
@pytest.mark.parametrize("shift", [0, 1, 15, 31])
def test_normalizer_against_fractions(shift: int, entries: int) -> None:
    rng = np.random.default_rng(shift)
    offset, gain = rng.integers(-32768, 32768, entries), rng.integers(0, 65536, entries)
    adc = rng.integers(-32768, 32768, (8, 5))
    adc[0], adc[1] = -32768, 32767
    dut = Normalizer(5, entries)
    table = [pack([o, g], 16) | shift << 32 for o, g in zip(offset, gain, strict=True)]
    beats = [pack([v], 16) | (t == 4) << 16 for spike in adc for t, v in enumerate(spike)]
    sink = Port(dut.o, count=len(beats), pause=0.3)
    run(dut, [Port(dut.i, beats, pause=0.3)], [sink], tables=[(dut.table, table)])
    scaled = (adc - offset).astype(object) * gain.astype(object)
    expected = [min(127, max(-128, floor(Fraction(v, 2**shift) + Fraction(1, 2)))) for v in scaled.ravel()]
    assert [unpack(word & 255, 1, signed=True)[0] for word in sink.got] == expected


@pytest.mark.parametrize("codes", [2, 3])
@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_normalizer_sums_codes_and_finds_wrong_ends(codes: int, pause: float) -> None:
    """Spikes that end within a sum, too late, and where they should."""
    rng = np.random.default_rng(codes)
    samples, offset, gain, shift = 4, -300, 500, 16
    lengths = [samples * codes, samples * codes - 1, samples * codes + 2, samples * codes]
    spikes = [rng.integers(-32768, 32768, length) for length in lengths]
    dut = Normalizer(samples, 1, codes)
    beats = [pack([v], 16) | (t == len(spike) - 1) << 16 for spike in spikes for t, v in enumerate(spike)]
    expected = []
    for spike in spikes:
        wrong = len(spike) != samples * codes
        inside = spike[: samples * codes]
        sums = [int(inside[at : at + codes].sum()) for at in range(0, len(inside), codes)]
        places = list(range(len(sums)))
        if len(spike) > samples * codes:  # its last code alone tells where it ends
            sums.append(None)
            places.append(None)
        for sum_, place in zip(sums, places, strict=True):
            end = place in (None, len(sums) - 1) if wrong else place == samples - 1
            end = sum_ is None or (end and len(spike) <= samples * codes)
            expected.append((sum_, place, int(end), int(not wrong and place == samples - 1)))
    sink = Port(dut.o, count=len(expected), pause=pause)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink], tables=[(dut.table, [pack([offset, gain], 16) | shift << 32])])
    layout = dut.o.payload.shape()
    for word, (sum_, place, end, fits) in zip(sink.got, expected, strict=True):
        got = layout.from_bits(word)
        if place is not None and not (end and not fits):
            exact = floor(Fraction((sum_ - offset) * gain, 2**shift) + Fraction(1, 2))
            assert (got.value, got.at) == (min(127, max(-128, exact)), place)
        assert got.end == end
        if end:
            assert got.fits == fits


@pytest.mark.parametrize("fold", [1, 2, 4, 8, 16])
def test_convolution_equals_torch(tiny: Design, fold: int) -> None:
    """The kernel-3 unit, all groups in turn, against torch's convolution in float64, which is exact here."""
    spec = random_spec(tiny, 11)
    plan = make_plan(spec, hardware(fold))
    dot = blocks(plan)[0].conv
    layer = dot.layer
    dut = Convolution(dot, plan.widths.port_bits, entry_bits(plan), plan.widths.per_word)
    x = np.random.default_rng(fold).integers(0, 256, (2, layer.inputs, dot.samples))
    exact = torch.nn.functional.conv1d(
        torch.from_numpy(x).double(),
        torch.from_numpy(layer.weight).double(),
        torch.from_numpy(layer.bias).double(),
        padding=1,
        groups=layer.groups,
    )
    steps = torch.from_numpy(2.0 ** layer.shift.astype(float))[None, :, None]
    expected = torch.clamp(torch.floor(exact.relu() / steps + 0.5), 0, 255).numpy().astype(int)

    def per_group(array: np.ndarray, channels: int) -> list[int]:
        walked = array.reshape(2, plan.groups, channels, -1).transpose(0, 1, 3, 2).reshape(-1, channels)
        return [pack(vector) for vector in walked]

    weights, parameters = loads(plan, dot.name)
    sink = Port(dut.o, count=2 * plan.groups * dot.samples)
    run(
        dut,
        [
            Port(dut.i, per_group(x, dot.group_inputs)),
            Port(dut.weights, weights * 2),
            Port(dut.parameters, parameters * 2),
        ],
        [sink],
    )
    assert sink.got == per_group(expected, dot.outputs)


def loads(plan, name: str) -> tuple[list[int], list[int]]:
    """The words of one unit out of the two parameter memories, all groups."""
    tables = plan.images
    weights, parameters = tables["weights"].words, tables["parameters"].words
    counts = [(dot.name, -(-dot.group_weight_bits // plan.widths.port_bits)) for dot in plan.dots]
    entries = [(dot.name, -(-dot.outputs // plan.widths.per_word)) for dot in plan.requantized]

    def pick(words: list[int], layout: list[tuple[str, int]]) -> list[int]:
        size, chosen, at = sum(n for _, n in layout), [], 0
        for unit, n in layout:
            if unit == name:
                chosen = [word for g in range(plan.groups) for word in words[g * size + at : g * size + at + n]]
            at += n
        return chosen

    return pick(weights, counts), pick(parameters, entries)


@pytest.mark.parametrize("fold", [1, 4])
def test_projector_sums_over_groups(tiny: Design, fold: int) -> None:
    spec = random_spec(tiny, 12)
    plan = make_plan(spec, hardware(fold))
    dot = projection(plan).product
    layer = dot.layer
    words = plan.images["latents"].words
    dut = Projector(dot, plan.widths.port_bits, projection(plan).bias_bits)
    x = np.random.default_rng(fold).integers(0, 256, (2, layer.inputs, dot.samples))
    total = np.einsum("oc,bct->bot", layer.weight[:, :, 0].astype(int), x) + layer.bias[None, :, None]
    expected = np.clip(np.floor(total / 2.0 ** layer.shift[None, :, None] + 0.5), -128, 127).astype(int)
    walked = x.reshape(2, plan.groups, -1, dot.samples).transpose(0, 1, 3, 2).reshape(-1, dot.group_inputs)
    weights, _ = loads(plan, "project")
    sink = Port(dut.o, count=2 * dot.samples * dot.output_steps, pause=0.2)
    sources = [Port(dut.i, [pack(v) for v in walked]), Port(dut.weights, weights * 2)]
    run(dut, sources, [sink], tables=[(dut.table, words)])
    got = [value for word in sink.got for value in unpack(word, dot.lanes, signed=True)]
    assert got == expected.transpose(0, 2, 1).ravel().tolist()


@pytest.mark.parametrize("fold", [1, 2, 16])
def test_search_finds_the_nearest_codeword(tiny: Design, fold: int) -> None:
    """Against squared distances; λ = 0, so that score and distance agree; duplicates test the tie-break."""
    spec = random_spec(tiny, 13, rate_weight=0.0)
    book = spec.quantizer.codebooks[0]
    book.words[9] = book.words[4]
    book.bias[9] = book.bias[4]
    plan = make_plan(spec, hardware(fold))
    dot = projection(plan).product
    y = np.random.default_rng(fold).integers(-128, 128, (3, dot.outputs, dot.samples))
    y[0, 0] = book.words[9]
    distance = ((y[:, :, None, :] - book.words.astype(int)[None, None]) ** 2).sum(axis=3)
    expected = distance.argmin(axis=2)
    assert expected[0, 0] == 4
    words = plan.images["codebook"].words
    dut = VectorSearch(plan.quantizer.search, spec.quantizer.table, dot.outputs, dot.samples, dot.lanes)
    latents = [pack(v) for v in y.transpose(0, 2, 1).reshape(-1, dot.lanes)]
    sink = Port(dut.o, count=expected.size, pause=0.2)
    run(dut, [Port(dut.i, latents)], [sink], tables=[(dut.codebook, words)])
    assert sink.got == expected.ravel().tolist()


@pytest.mark.parametrize("early_exit", [False, True])
@pytest.mark.parametrize("lanes", [1, 2])
def test_search_walks_sub_vectors_to_and_fro(tiny: Design, lanes: int, early_exit: bool) -> None:
    """Every codeword meets every row once, and with a new codeword the row stays; each search begins at the first."""
    spec = random_spec(tiny, 16)
    plan = make_plan(spec, hardware(16, early_exit=early_exit))
    search = replace(plan.quantizer.search, lanes=lanes, taps=plan.quantizer.search.length)
    (whole,), dot = search.passes, projection(plan).product
    rows, blocks = search.rows(whole), 2
    words = codebook_words(spec.quantizer, search)
    dut = VectorSearch(search, spec.quantizer.table, dot.outputs, dot.samples, 1)
    y = np.random.default_rng(lanes).integers(-128, 128, blocks * dot.outputs * dot.samples)
    walked: list[tuple[int, int]] = []

    def watch(running: int, k: int, row: int) -> None:
        if running:
            walked.append((k, row))

    sink = Port(dut.o, count=blocks * len(spec.quantizer.table))
    lane = dut.lanes[0]
    watched = ((lane.run, lane.k, lane.row), watch)
    run(dut, [Port(dut.i, [pack([v]) for v in y])], [sink], tables=[(dut.codebook, words)], watch=watched)
    to, fro = list(range(rows)), list(reversed(range(rows)))
    assert walked == [(k, row) for k in range(whole.codewords) for row in (fro if k % 2 else to)] * blocks


@pytest.mark.parametrize("pad", [0, 1])
def test_block_writer_packs_bits(tiny: Design, pad: int) -> None:
    """Against a string of '0' and '1': padded after every block, or not at all."""
    spec = random_spec(tiny, 14)
    plan = make_plan(spec, hardware(2))
    words = plan.images["huffman"].words
    starts = code_starts([table.size for table in spec.coder.tables], spec.table_of)
    dut = BlockWriter(HuffmanCoder(4, len(words), starts), tiny.block.spikes)
    indices = np.random.default_rng(0).integers(0, 16, (40, len(spec.quantizer.table)))
    lengths, codes = spec.coder.tables[0], spec.coder.codes(0)
    blocks = ["".join(format(codes[k], f"0{lengths[k]}b") for k in block) for block in indices]
    bits = "".join(block + "0" * (-len(block) % 8) if pad else block for block in blocks)
    expected = [int(bits[n : n + 8], 2) for n in range(0, len(bits) - 7, 8)]
    sink = Port(dut.o, count=len(expected), pause=0.4)
    sources = [Port(dut.i, indices.ravel().tolist(), pause=0.2), Port(dut.events, [0] * 2 * len(indices))]
    run(dut, sources, [sink], tables=[(dut.table, words)], constants=[(dut.pad, pad)])
    assert sink.got == expected


def test_a_changed_weight_changes_the_image(tiny: Design) -> None:
    spec = random_spec(tiny, 15)
    before = make_plan(spec, hardware(2)).images["weights"].words
    stages = list(spec.stages)
    weight = stages[1].weight.copy()
    weight[3, 1, 0] ^= 1
    stages[1] = replace(stages[1], weight=weight)
    changed = EncoderSpec(spec.design, spec.spikes, spec.samples, spec.adc_bits, tuple(stages))
    after = make_plan(changed, hardware(2)).images["weights"].words
    assert sum(bin(a ^ b).count("1") for a, b in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_outputs_are_collected_and_requantized(pause: float) -> None:
    outputs, lanes, bits, vectors = 5, 2, 14, 6
    draw = np.random.default_rng(9)
    steps = -(-outputs // lanes)
    sums = draw.integers(-(1 << 13), 1 << 13, (vectors, steps * lanes))
    shifts = draw.integers(0, 12, (vectors, steps * lanes))
    dut = Requantizer(outputs, lanes, bits, 8)
    width = len(dut.i.payload.shift.as_value()) // lanes
    beats = [
        pack(sums[v, at : at + lanes], bits) | pack(shifts[v, at : at + lanes], width) << bits * lanes
        for v in range(vectors)
        for at in range(0, steps * lanes, lanes)
    ]
    sink = Port(dut.o, count=vectors, pause=pause)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink])
    exact = np.floor(np.maximum(sums, 0) / 2.0**shifts + 0.5).clip(0, 255).astype(int)[:, :outputs]
    assert [unpack(word, outputs) for word in sink.got] == exact.tolist()
    if not pause:
        assert sink.cycles == [steps * (n + 1) - 1 + latency_of(Requantizer) for n in range(vectors)]
