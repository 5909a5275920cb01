"""The front end in Amaranth's simulator against the golden detector, spike for spike and code for code."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Shape, ShapeCastable
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator
from numpy.typing import NDArray

from rtl.front_end.spike_detector import SpikeDetector
from spikecae.front_end.detector import DetectedSpikes
from spikecae.front_end.detector import SpikeDetector as Golden
from spikecae.front_end.front_end import FrontEnd
from tests.planted import BAND, front_end, in_parts, recording, wide_band

Beat = tuple[int, int, int, int, int]
"""Code, last, more, channel, time."""


@dataclass
class Run:
    """What left, in which cycles, which cycle each sample was taken in, and the events lost."""

    beats: list[Beat]
    cycles: list[int]
    taken: list[int]
    overruns: int


def simulate(
    made: FrontEnd, codes: NDArray[np.int64], *, idle: float = 0.0, pause: float = 0.0, start: int = 0, seed: int = 0
) -> Run:
    """Feed all ``codes``, then wait until what is left has come out. The first frame is number ``start``."""
    dut, rng = SpikeDetector(made), np.random.default_rng(seed)
    run = Run([], [], [], 0)
    fed = False

    async def feed(ctx):
        nonlocal fed
        cycle = 0
        if start:
            ctx.set(dut.counter.now, start)
        for code in codes.ravel().tolist():
            while rng.random() < idle:
                await ctx.tick()
                cycle += 1
            ctx.set(dut.i.payload, code)
            ctx.set(dut.i.valid, 1)
            run.taken.append(cycle)
            _, _, ready = await ctx.tick().sample(dut.i.ready)
            cycle += 1
            assert ready, "samples cannot wait"
            ctx.set(dut.i.valid, 0)
        fed = True

    async def collect(ctx):
        left = 40 + 2 * made.spikes * made.samples  # cycles without a beat after which none can come
        cycle = quiet = 0
        while not fed or quiet < left:
            ctx.set(dut.o.ready, int(rng.random() >= pause))
            _, _, valid, ready, beat, lost = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload, dut.overrun
            )
            run.overruns += lost
            if valid and ready:
                run.beats.append((beat.adc, beat.last, beat.more, beat.channel, beat.time))
                run.cycles.append(cycle)
            quiet = 0 if valid or not fed else quiet + 1
            cycle += 1

    simulator = Simulator(dut)
    for domain in ("sync", "reading", "turning"):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(collect)
    simulator.run()
    return run


def beats_of(spikes: DetectedSpikes, start: int = 0) -> list[list[Beat]]:
    """The beats of each event."""
    events = []
    for time, channel, snippets in zip(spikes.times, spikes.peaks, spikes.snippets, strict=True):
        spikes_of_event, samples = snippets.shape
        stamp = (int(time) + start) % (1 << 32)
        event = [
            (int(code), int(n == samples - 1), int(spike < spikes_of_event - 1), int(channel), stamp)
            for spike, snippet in enumerate(snippets)
            for n, code in enumerate(snippet)
        ]
        events.append(event)
    return events


CASES = {
    "1 channel": (front_end(1, samples=17, peak=16, search=20, refractory=20, frames=64), 1470, 60),
    "2 channels": (front_end(2, 2, samples=16, polarity="both", zero=512), 670, 40),
    "4 channels as queues": (
        front_end(4, samples=31, peak=0, polarity="positive", bits=8, frames=512, queue=64),
        320,
        20,
    ),
    "4 channels": (front_end(4, 3, samples=19, peak=18, search=8, noise_shift=6), 340, 20),
    "6 channels behind a filter": (front_end(6, 3, samples=19, bits=12, band_pass=BAND), 400, 15),
    "16 channels": (front_end(16, 4, samples=21, pending=4, queue=16), 170, 4),
    "13 channels that no word suits": (front_end(13, samples=21, bits=16, queue=16), 200, 4),
}
"""Detector, frames after it has settled, and frames from spike to spike."""


@pytest.mark.parametrize(("idle", "pause"), [(0.0, 0.0), (0.4, 0.3)])
@pytest.mark.parametrize("case", CASES)
def test_equals_golden(case: str, idle: float, pause: float) -> None:
    made, frames, every = CASES[case]
    codes = recording(made, made.settling + frames, every, seed=len(case))
    codes = wide_band(made, codes) if made.band_pass else codes
    golden = Golden(made)
    expected = golden.push(codes)
    assert len(expected.times) >= 8
    run = simulate(made, codes, idle=idle, pause=pause)
    assert run.beats == [beat for event in beats_of(expected) for beat in event]
    assert run.overruns == golden.overruns


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(front_end(16, samples=19, frames=120, queue=8), id="copied at once"),
        pytest.param(front_end(16, 3, samples=19, queue=8), id="neighbourhoods"),
        pytest.param(in_parts(5), id="copied in parts"),
    ],
)
def test_what_memories_hold_at_first_does_not_matter(made: FrontEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have no reset."""
    rng, construct = np.random.default_rng(0), Memory.__init__

    def filled(self: Memory, *args: object, **named: Any) -> None:
        if not named.get("init", True):
            shape = named["shape"]
            most = len(shape) if isinstance(shape, range) else 1 << Shape.cast(shape).width
            from_bits = shape.from_bits if isinstance(shape, ShapeCastable) else int
            named["init"] = [from_bits(word % most) for word in rng.integers(0, 1 << 60, named["depth"]).tolist()]
        construct(self, *args, **named)

    monkeypatch.setattr(Memory, "__init__", filled)
    codes = planted_peaks(made, [(30, 3), (40, 8)], 120)
    expected = beats_of(Golden(made).push(codes))
    assert len(expected) == 2
    run = simulate(made, codes)
    assert run.beats == [beat for event in expected for beat in event]
    assert run.overruns == 0


def planted_peaks(made: FrontEnd, peaks: list[tuple[int, int]], frames: int) -> NDArray[np.int64]:
    """Codes -1, 1, -1, ... with a peak at each (frame, channel), frames counted from when the noise is known."""
    codes = np.repeat(np.where(np.arange(made.settling + frames) % 2, 1, -1)[:, None], made.channels, axis=1)
    for frame, channel in peaks:
        codes[made.settling + frame, channel] = -100
    return codes


@pytest.mark.slow
@pytest.mark.parametrize(("idle", "pause"), [(0.0, 0.0), (0.4, 0.3), (0.0, 0.5)])
def test_snippets_are_copied_in_parts(idle: float, pause: float) -> None:
    """Peaks now on this, now on that channel, several of them under way at once, and 0 to 4 frames behind crossings."""
    made = in_parts(7)
    assert made.parts.ends == (10, 17, 24, 34)
    frames, rng = 150, np.random.default_rng(3)
    at = np.sort(rng.choice(np.arange(20, frames - 40), 14, replace=False))
    peaks = [(int(frame), int(channel)) for frame, channel in zip(at, rng.permutation(64), strict=False)]
    codes = planted_peaks(made, peaks, frames)
    for frame, channel in peaks:
        before = slice(made.settling + frame - int(rng.integers(0, made.search)), made.settling + frame)
        codes[before, channel] = -60
    codes[made.settling :] -= rng.integers(0, 3, codes[made.settling :].shape)
    expected = Golden(made).push(codes)
    assert len(expected.times) == len(peaks)
    run = simulate(made, codes, idle=idle, pause=pause)
    assert run.beats == [beat for event in beats_of(expected) for beat in event]
    assert run.overruns == 0


@pytest.mark.slow
def test_all_channels_at_once_find_as_many_places_as_there_are() -> None:
    """And what has a place is whole, however many parts are due in the same frame."""
    made = in_parts(7)
    codes = planted_peaks(made, [(frame, channel) for frame in (30, 39, 75) for channel in range(64)], 150)
    expected = beats_of(Golden(made).push(codes))
    assert len(expected) == 3 * 64
    run = simulate(made, codes)
    sent = [run.beats[at : at + made.samples] for at in range(0, len(run.beats), made.samples)]
    assert sent[:7] == expected[:7], "the first to cross"
    assert sent[-7:] == expected[128:135], "places are free again"
    rest = iter(expected)
    assert all(event in rest for event in sent)
    assert run.overruns == len(expected) - len(sent)


def held_up_for(made: FrontEnd, codes: NDArray[np.int64], frames: int) -> tuple[list[Beat], int]:
    """Beats, and events lost, where none is taken until so many frames after the noise is known, and then all are."""
    dut = SpikeDetector(made)
    beats: list[Beat] = []
    overruns = 0

    async def feed(ctx):
        ctx.set(dut.i.valid, 1)
        for code in codes.ravel().tolist():
            ctx.set(dut.i.payload, code)
            await ctx.tick()

    async def collect(ctx):
        nonlocal overruns
        for cycle in range(codes.size):
            ctx.set(dut.o.ready, int(cycle > (made.settling + frames) * made.channels))
            _, _, valid, ready, beat, lost = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload, dut.overrun
            )
            overruns += lost
            if valid and ready:
                beats.append((beat.adc, beat.last, beat.more, beat.channel, beat.time))

    simulator = Simulator(dut)
    for domain in ("sync", "reading", "turning"):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(collect)
    simulator.run()
    return beats, overruns


@pytest.mark.slow
def test_events_keep_their_place_and_time_while_they_cannot_be_sent() -> None:
    """For longer than the times in the list tell apart: then no more are taken, and none is told the wrong time."""
    made = in_parts(5)
    held_up = 3 << made.parts.age_bits
    peaks = [(20, 3), (22, 50), (held_up // 2, 7), (held_up + 60, 9), (held_up + 100, 9)]
    codes = planted_peaks(made, peaks, held_up + 170)
    expected = beats_of(Golden(made).push(codes))
    assert len(expected) == 5
    beats, lost = held_up_for(made, codes, held_up)
    assert lost == 1
    assert beats == [beat for event in (*expected[:2], *expected[3:]) for beat in event]


@pytest.mark.parametrize(("spikes", "latency"), [(0, 7), (2, 9)])
def test_latency_and_full_rate(spikes: int, latency: int) -> None:
    """Full rate at the input: ``simulate`` without idles offers, and sees taken, a sample a cycle."""
    made = front_end(8, spikes, samples=17, peak=16, search=9, refractory=9)
    run = simulate(made, planted_peaks(made, [(30, 3)], 80))
    assert np.all(np.diff(run.taken) == 1)
    decided = made.rival_time + 1 if spikes else made.search - 1
    # A peak wins with the first sample of the frame in which no rival can come; a queue takes its own channel's.
    completing = run.taken[(made.settling + 30 + decided) * 8 + (0 if spikes else 3)]
    # A cycle more where a word is written, of which there are two in each frame of 8 samples.
    assert completing + latency <= run.cycles[0] <= completing + latency + 1
    assert run.cycles[-1] - run.cycles[0] <= -(-made.spikes * made.samples * 8 // 6)
    assert len(run.cycles) == made.spikes * made.samples


def test_latency_after_the_last_sample() -> None:
    made = front_end(2, samples=17, peak=3, search=2, refractory=2)
    run = simulate(made, planted_peaks(made, [(30, 0)], 80))
    assert run.cycles[0] == run.taken[(made.settling + 30 + 17 - 3) * 2 - 1] + 5


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "spikes", "queue", "every"), [(4, 0, 6, 8), (4, 3, 6, 8), (64, 0, 4, 1)])
def test_back_pressure_loses_whole_events_and_counts_them(channels: int, spikes: int, queue: int, every: int) -> None:
    made = in_parts(queue) if channels == 64 else front_end(channels, spikes, samples=19, frames=64, queue=queue)
    codes = recording(made, made.settling + (470 if channels == 4 else 120), every, seed=7)
    if made.in_parts:  # a place is taken at a crossing: all that crosses is to come to its end
        codes = np.concatenate([codes, planted_peaks(made, [], 40)[made.settling :]])
    golden = Golden(made)
    expected = beats_of(golden.push(codes))
    size = made.spikes * made.samples
    for pause in (0.5, 0.9):
        run = simulate(made, codes, pause=pause, seed=spikes)
        assert len(run.beats) % size == 0, "only whole events"
        sent = [run.beats[at : at + size] for at in range(0, len(run.beats), size)]
        rest = iter(expected)
        assert all(event in rest for event in sent), "what is sent is right, and in order"
        assert run.overruns == golden.overruns + len(expected) - len(sent)
    assert len(expected) - len(sent) > 3
    assert len(sent) > 3


def test_held_up_for_long_drops_the_old_and_recovers() -> None:
    """The event being sent is safe in its own buffer, the ones behind it are overwritten, later ones are whole."""
    made = front_end(2, samples=17, frames=64, queue=3)
    codes = planted_peaks(made, [(30, 0), (40, 1), (50, 0), (300, 1), (330, 0)], 420)
    expected = beats_of(Golden(made).push(codes))
    assert len(expected) == 5
    beats, lost = held_up_for(made, codes, 200)
    assert lost == 2
    assert beats == [beat for event in (expected[0], *expected[3:]) for beat in event]


def test_equal_and_crowded_peaks() -> None:
    """Few heights, many peaks close to each other: who wins over whom, and who finds no place."""
    made = front_end(16, 2, samples=16, pending=3, frames=1024, queue=128)
    rng = np.random.default_rng(0)
    peaks = [(int(frame), int(channel)) for frame, channel in rng.integers((5, 0), (150, 16), (220, 2))]
    codes = planted_peaks(made, peaks, 190)
    for n, (frame, channel) in enumerate(peaks):
        codes[made.settling + frame, channel] -= n % 7
    golden = Golden(made)
    expected = golden.push(codes)
    assert len(expected.times) > 20
    assert golden.overruns > 3
    run = simulate(made, codes)
    assert run.beats == [beat for event in beats_of(expected) for beat in event]
    assert run.overruns == golden.overruns


def test_time_wraps() -> None:
    made = front_end(2, 2, samples=16)
    codes = recording(made, made.settling + 370, 40, seed=3)
    expected = Golden(made).push(codes)
    start = (1 << 32) - 512
    assert expected.times.min() < 512 < expected.times.max()
    run = simulate(made, codes, start=start)
    assert run.beats == [beat for event in beats_of(expected, start) for beat in event]


def test_snippets_and_times_of_the_default_design() -> None:
    """At about 40 cycles a frame."""
    made = replace(front_end(16, 4), samples=48, peak=16, search=15, refractory=30)
    codes = recording(made, made.settling + 230, 12, seed=5)
    expected = Golden(made).push(codes)
    assert len(expected.times) >= 5
    run = simulate(made, codes, idle=0.6)
    assert run.beats == [beat for event in beats_of(expected) for beat in event]
    assert run.overruns == 0
