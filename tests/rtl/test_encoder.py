"""The whole encoder of the small design against the golden model, at every fold, full rate and with stalls."""

from itertools import pairwise

import numpy as np
import pytest

from rtl.encoder import Encoder
from rtl.planning import make_plan
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Huffman, SubVector, VectorQuantizer
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware, projection
from tests.rtl.streams import Port, pack, run


def _beats(adc: np.ndarray) -> list[int]:
    last = adc.shape[2] - 1
    return [pack([v], 16) | (t == last) << 16 for block in adc for spike in block for t, v in enumerate(spike)]


def _check(
    spec: EncoderSpec, adc: np.ndarray, fold: int, *, pause: float, beats: list[int] | None = None, **knobs: object
) -> list[int]:
    """Cycle of each block's last byte, after all bytes proved equal to the golden model's."""
    expected = encode(spec, adc).payloads
    plan = make_plan(spec, hardware(fold, **knobs))
    dut = Encoder(plan)
    sink = Port(dut.o, count=sum(map(len, expected)), pause=pause)
    limit = 4 * (len(adc) + 2) * plan.cycles_per_block + 4000
    source = Port(dut.i, _beats(adc) if beats is None else beats, pause=pause)
    events = Port(dut.events, [0] * adc.shape[0] * adc.shape[1])
    run(dut, [source, events], [sink], constants=[(dut.pad, 1)], limit=limit)
    assert bytes(sink.got) == b"".join(expected)
    return [sink.cycles[end - 1] for end in np.cumsum([len(block) for block in expected])]


@pytest.mark.parametrize("fold", [1, 2, 4, 8, 16])
def test_full_rate(tiny: Design, fold: int) -> None:
    spec = random_spec(tiny, 20 + fold)
    ends = _check(spec, random_adc(tiny, 4, fold), fold, pause=0.0)
    period = np.mean([b - a for a, b in pairwise(ends)])
    predicted = make_plan(spec, hardware(fold)).cycles_per_block
    assert predicted / 1.05 <= period <= predicted * 1.01


@pytest.mark.parametrize("early_exit", [False, True])
@pytest.mark.parametrize("stationary", ["blocks", "convolutions", "all"])
def test_stationary(tiny: Design, stationary: str, early_exit: bool) -> None:
    """A multiplier for every weight, a lane for every sub-vector; blocks come as fast as at fold 1 otherwise."""
    spec = random_spec(tiny, 25)
    knobs = {"stationary": stationary, "early_exit": early_exit}
    plan, shared = make_plan(spec, hardware(1, **knobs)), make_plan(spec, hardware(1, early_exit=early_exit))
    assert {dot.steps for dot in plan.requantized} == {1}
    assert any(dot.steps > 1 for dot in shared.requantized)
    assert projection(plan).product.steps == (projection(shared).product.steps if stationary == "blocks" else 1)
    assert plan.quantizer.search.lanes == (
        len(spec.quantizer.table) if stationary == "all" else shared.quantizer.search.lanes
    )
    for pause in (0.0, 0.6):
        ends = _check(spec, random_adc(tiny, 4, 25), 1, pause=pause, **knobs)
        if not pause:
            period = np.mean([b - a for a, b in pairwise(ends)])
            assert plan.cycles_per_block / 1.05 <= period <= plan.cycles_per_block * 1.01
            assert plan.cycles_per_block <= shared.cycles_per_block


@pytest.mark.parametrize("fold", [1, 4])
def test_stalls_at_both_ends(tiny: Design, fold: int) -> None:
    _check(random_spec(tiny, 30), random_adc(tiny, 4, 30), fold, pause=0.6)


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("encoder", {"kernel": 5}),
        ("encoder", {"kernel": 1, "pools": [4]}),
        ("encoder", {"pools": [1, 2, 2]}),
        ("encoder", {"groups": 1}),
        ("encoder", {"features": 5}),
        ("block", {"spikes": 1}),
        ("block", {"spikes": 3}),
        ("codebook", {"codewords": 33}),
    ],
)
def test_other_shapes(tiny: Design, section: str, changes: dict[str, object]) -> None:
    design = tiny.model_copy(update={section: getattr(tiny, section).model_copy(update=changes)})
    _check(random_spec(design, 40), random_adc(design, 3, 40), 2, pause=0.0)


def test_product_quantizer(tiny: Design) -> None:
    """Sub-vectors of several lengths, each with codebook and code table of its own."""
    spec = random_spec(tiny, 50)
    rng = np.random.default_rng(50)
    lengths, sizes = [2, 2, 4, 8], [8, 5, 16, 32]
    books, tables, parts = [], [], []
    for number, (length, size) in enumerate(zip(lengths, sizes, strict=True)):
        words = rng.integers(-90, 90, (size, length)).astype(np.int8)
        tables.append(code_lengths(rng.integers(1, 100, size)))
        books.append(Codebook(words, ((words.astype(int) ** 2).sum(axis=1) + 3 * tables[-1]).astype(np.int32)))
        parts.append(SubVector(sum(lengths[:number]), length, number, number))
    stages = (
        *spec.stages[:-2],
        VectorQuantizer("vq", 4, tuple(books), tuple(parts)),
        Huffman("huffman", tuple(tables)),
    )
    product = EncoderSpec(spec.design, spec.spikes, spec.samples, spec.adc_bits, stages)
    _check(product, random_adc(tiny, 3, 50), 2, pause=0.0)


def test_a_spike_of_the_wrong_length_is_left_out(tiny: Design) -> None:
    spec = random_spec(tiny, 60)
    adc = random_adc(tiny, 2, 60)
    beats = _beats(adc)
    samples = tiny.block.samples
    short = [7] * 5 + [7 | 1 << 16]
    long = [9] * (samples + 3) + [9 | 1 << 16]
    stream = short + beats[:samples] + long + beats[samples : 3 * samples] + short + short + beats[3 * samples :]
    _check(spec, adc, 2, pause=0.0, beats=stream)
