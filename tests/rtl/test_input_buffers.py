"""The buffers in front of an encoder: blocks in chunks, in groups, and of a word."""

from dataclasses import replace

import numpy as np
import pytest

from rtl.planning import SLOWER, make_plan
from rtl.shape.feed import Feed
from rtl.units.input_buffer import InputBuffer
from rtl.units.word_buffer import WordBuffer
from tests.linear_spec import random_linear_spec
from tests.rtl.components import latency_of
from tests.rtl.shapes import hardware
from tests.rtl.streams import Port, run, simulate, unpack


def sample_beats(dut: InputBuffer, blocks: np.ndarray) -> list[int]:
    """Normalized blocks (n, M, D) as the buffer takes them."""
    layout, last = dut.i.payload.shape(), blocks.shape[-1] - 1
    return [
        layout.const({"value": int(value), "at": at, "end": at == last, "fits": at == last}).as_value().value
        for spike in blocks.reshape(-1, blocks.shape[-1])
        for at, value in enumerate(spike)
    ]


@pytest.mark.parametrize("pause", [0.0, 0.3])
@pytest.mark.parametrize("lanes", [1, 2, 8, 32])
def test_the_input_buffer_hands_on_chunks(lanes: int, pause: float) -> None:
    """All of one spike, then all of the next."""
    spikes, samples, blocks = 3, 32, 3
    values = np.random.default_rng(8).integers(-128, 128, (blocks, spikes, samples))
    dut = InputBuffer(Feed(spikes, samples, lanes, "chunks of each spike"))
    count = blocks * spikes * samples // lanes
    sink = Port(dut.o, count=count, pause=pause)
    run(dut, [Port(dut.i, sample_beats(dut, values), pause=pause)], [sink])
    assert [unpack(word, lanes, signed=True) for word in sink.got] == values.reshape(-1, lanes).tolist()


def test_the_input_buffer_is_zero_where_a_block_lacks_spikes() -> None:
    spikes, samples, lanes = 3, 8, 4
    values = np.random.default_rng(8).integers(1, 128, (1, 2, samples))
    dut = InputBuffer(Feed(spikes, samples, lanes, "chunks of each spike"))
    sink = Port(dut.o, count=spikes * samples // lanes)
    run(dut, [Port(dut.i, sample_beats(dut, values))], [sink], constants=[(dut.flush, 1)])
    # A flush that is asked for closes the block when no further spike follows.
    expected = [*values.reshape(-1, lanes).tolist(), *[[0] * lanes] * (samples // lanes)]
    assert [unpack(word, lanes, signed=True) for word in sink.got] == expected


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_the_input_buffer_is_walked_once_a_group(pause: float) -> None:
    spikes, samples, groups, blocks = 2, 5, 3, 2
    values = np.random.default_rng(8).integers(-128, 128, (blocks, spikes, samples))
    dut = InputBuffer(Feed(spikes, samples, spikes, repeats=groups))
    beats = sample_beats(dut, values)
    count = blocks * groups * samples
    sink = Port(dut.o, count=count, pause=pause)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink])
    expected = [values[b, :, at].tolist() for b in range(blocks) for _ in range(groups) for at in range(samples)]
    assert [unpack(word, spikes, signed=True) for word in sink.got] == expected
    if not pause:
        first = spikes * samples - 1 + latency_of(InputBuffer)
        assert sink.cycles == list(range(first, first + count)), "no gap between groups and blocks"


@pytest.mark.parametrize("places", [1, 2])
@pytest.mark.parametrize(("pause", "late"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.9), (0.3, 0.9)])
def test_a_block_of_a_word_stands_until_it_is_taken(pause: float, late: float, places: int) -> None:
    samples, blocks = 8, 12
    values = np.random.default_rng(8).integers(-128, 128, (blocks, 1, samples))
    dut = WordBuffer(Feed(1, samples, samples, "chunks of each spike", places=places))
    sink = Port(dut.o, count=blocks, pause=late)
    run(dut, [Port(dut.i, sample_beats(dut, values), pause=pause)], [sink])
    assert [unpack(word, samples, signed=True) for word in sink.got] == values[:, 0].tolist()
    if not (pause or late):
        until_taken = 0 if places == 2 else latency_of(WordBuffer)
        period, first = samples + until_taken, samples - 1 + latency_of(WordBuffer)
        assert sink.cycles == [first + block * period for block in range(blocks)]


@pytest.mark.parametrize("places", [1, 2])
def test_a_block_of_a_word_is_counted_held_and_left_out(places: int) -> None:
    """Of three spikes the second ends too soon: it is left out, and the third takes its place, if there is one."""
    samples = 8
    dut = WordBuffer(Feed(1, samples, samples, "chunks of each spike", places=places))
    layout = dut.i.payload.shape()
    spikes = [(5, False), (samples, True)] if places == 1 else [(samples, True), (5, False), (samples, True)]
    beats = [
        layout.const({"value": 10 * n + at, "at": at, "end": at == length - 1, "fits": fits and at == length - 1})
        for n, (length, fits) in enumerate(spikes)
        for at in range(length)
    ]
    counted: list[tuple[int, int, int]] = []

    async def script(ctx):
        for beat in beats:
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, beat)
            ctx.set(dut.hold, 1)
            outputs = dut.ended, dut.spike_end, dut.wrong_end, dut.start
            _, _, ended, good, wrong, started = await ctx.tick().sample(*outputs)
            assert not started, "held"
            if ended:
                counted.append((good, wrong, ctx.get(dut.backlog)))
        ctx.set(dut.i.valid, 0)
        assert counted == [(0, 1, 0), (1, 0, 1)] if places == 1 else [(1, 0, 1), (0, 1, 1), (1, 0, 1)]
        assert (ctx.get(dut.i.ready), ctx.get(dut.o.valid)) == (0, 0), "all places are full"
        ctx.set(dut.hold, 0)
        ctx.set(dut.o.ready, 1)
        got = []
        for _ in range(6):
            _, _, valid, word = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            if valid:
                got.append(list(word))
        expected = [[10 * n + at for at in range(samples)] for n, (_, fits) in enumerate(spikes) if fits]
        assert got == expected
        assert not ctx.get(dut.backlog)

    simulate(dut, script)


def test_a_second_place_is_there_where_blocks_would_come_far_more_seldom_without() -> None:
    """A single one is filled after the block in it was mapped, a second one meanwhile."""
    spec = random_linear_spec(1, 64, 16, joint=True, classes=16, seed=3, decimation=2)
    plans = [make_plan(spec, hardware(fold)) for fold in (1, 4, 64)]
    assert [plan.feed.places for plan in plans] == [1, 2, 1]
    for plan in plans:
        other = replace(plan, feed=replace(plan.feed, places=3 - plan.feed.places))
        slower = max(plan.cycles_per_block, other.cycles_per_block) / min(plan.cycles_per_block, other.cycles_per_block)
        assert (slower <= SLOWER) == (plan.feed.places == 1)
    several = make_plan(random_linear_spec(2, 64, 16, joint=True, classes=16, seed=3), hardware(64))
    assert several.feed.places == 2, "what leaves in several words is walked while the next block comes"
