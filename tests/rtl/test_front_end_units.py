"""The front end's units one by one: arithmetic at its edges, and each as Verilog of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.hdl import Cat, Fragment, Module, Signal
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator

from rtl.front_end.band_pass_filter import BandPassFilter
from rtl.front_end.circular_buffer import CircularBuffer
from rtl.front_end.event_arbiter import EventArbiter
from rtl.front_end.event_stages import EventStages
from rtl.front_end.noise_estimator import NoiseEstimator
from rtl.front_end.part_reader import PartReader
from rtl.front_end.peak_finder import PeakFinder, banks_of
from rtl.front_end.sample_counter import SampleCounter
from rtl.front_end.snippet_reader import SnippetReader
from rtl.front_end.spike_detector import SpikeDetector
from rtl.lint import HARMLESS
from sim.verilate import lint
from spikecae.front_end.detector import RunningMedian
from spikecae.front_end.front_end import FrontEnd
from tests.planted import BAND, front_end, in_parts

UNITS = [
    *(BandPassFilter, SampleCounter, NoiseEstimator, PeakFinder),
    *(EventArbiter, CircularBuffer, SnippetReader, SpikeDetector),
    *(IN_PARTS := (EventStages, PartReader)),
]


def push(dut, payloads: list, fields: list[str], *, idle: float = 0.0) -> list[tuple[int, ...]]:
    """Send ``payloads`` and return ``fields`` of what came out."""
    rng, got = np.random.default_rng(0), []
    fed = False

    async def feed(ctx):
        nonlocal fed
        if isinstance(dut, SampleCounter):
            ctx.set(dut.wanted, 1)
        for payload in payloads:
            while rng.random() < idle:
                await ctx.tick()
            ctx.set(dut.i.payload, payload)
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(5)
        fed = True

    async def collect(ctx):
        while not fed:
            _, _, valid, *values = await ctx.tick().sample(dut.o.valid, *(dut.o.payload[name] for name in fields))
            if valid:
                got.append(tuple(int(value) for value in values))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed, background=True)
    simulator.add_testbench(collect)
    simulator.run()
    return got


def counted(made: FrontEnd, n: int, x: int) -> dict[str, int]:
    """The n-th sample, as the counter gives it."""
    (time, channel), follows = divmod(n, made.channels), (n + 1) % made.channels
    settled, turns = time >= made.settling, made.settling_turns
    turn = (n - made.settling * made.channels) % made.turns if settled else n % turns
    return {
        "x": x,
        "channel": channel,
        "lane": channel % made.lanes,
        "group": channel // made.lanes,
        "ends": follows == 0 or follows % made.lanes == 0,
        "begins": channel == 0,
        "next_channel": follows,
        "next_group": follows // made.lanes,
        "time": time,
        "turn": turn == 0,
        "fresh": time < turns,
        "coarse": time < turns << made.noise_shift,
        "settled": settled,
    }


def coming(made: FrontEnd, n: int, x: int) -> dict[str, int]:
    """The same, one cycle earlier."""
    known = counted(made, n, x)
    return {name: known[name] for name in ("x", "channel", "lane", "group", "ends", "turn", "settled")}


@pytest.mark.parametrize(("channels", "lanes"), [(3, 3), (9, 7)])
@pytest.mark.parametrize("idle", [0.0, 0.5])
def test_samples_are_counted_and_saturated(channels: int, lanes: int, idle: float) -> None:
    made = front_end(channels, bits=8, zero=100)
    assert made.lanes == lanes, "as many as fit, but that no word has a sample alone"
    codes = [*range(-32, 232, 2), -32768, 32767] * 9
    expected = [counted(made, n, min(max(code - 100, -128), 127)) for n, code in enumerate(codes)]
    fields = [name for name in expected[0] if not name.startswith("next")]
    got = push(SampleCounter(made), codes, fields, idle=idle)
    assert got == [tuple(int(sample[name]) for name in fields) for sample in expected]


@pytest.mark.parametrize("channels", [3, 8])
def test_a_sample_is_known_as_it_comes(channels: int) -> None:
    """From before the noise is settled until channels have had their turns in order."""
    made = front_end(channels, bits=8, zero=100)
    dut, count = SampleCounter(made), (made.settling + 9) * channels
    codes = np.random.default_rng(0).integers(-100, 300, count).tolist()
    expected = [coming(made, n, min(max(code - 100, -128), 127)) for n, code in enumerate(codes)]
    assert sum(sample["turn"] for sample in expected if sample["settled"]) >= 3

    wanted = np.random.default_rng(1).random(count) < 0.5

    async def bench(ctx):
        x = 0
        for code, sample, looked_at in zip(codes, expected, wanted, strict=True):
            ctx.set(dut.i.payload, code)
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.wanted, int(looked_at))
            known = dut.coming.payload
            assert ctx.get(dut.coming.valid)
            assert {name: ctx.get(known[name]) for name in sample} == sample
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            assert not ctx.get(dut.coming.valid)
            x = sample["x"] if looked_at else x
            assert ctx.get(dut.o.payload.x) == x, "it moves only if it is looked at"

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def changing_noise(made: FrontEnd, passes: int, seed: int) -> np.ndarray:
    """(T, C): noise that differs from channel to channel by up to a factor of 16, and changes once it has settled."""
    rng = np.random.default_rng(seed)
    span = 6 * made.turns
    deviation = [2.0 ** rng.uniform(0, 4, (1, made.channels)).repeat(made.settling, axis=0)]
    deviation += [2.0 ** rng.uniform(-1, 5, (1, made.channels)).repeat(span, axis=0) for _ in range(passes)]
    half = 1 << (made.bits - 1)
    whole = np.concatenate(deviation) * 2 ** ((made.bits - 6) // 2)
    return np.rint(rng.normal(0, whole)).astype(np.int64).clip(-half, half - 1)


def looked_up(dut: NoiseEstimator, made: FrontEnd, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, C) each: which samples are beyond their bounds, the thresholds there, and the bounds that they met, of which
    there are none (-1) at first."""
    samples = x.ravel().tolist()
    beyond, thresholds, bounds = [], [], []

    async def bench(ctx):
        for bound in dut.bounds:  # which have no reset
            ctx.set(bound, (1 << made.bits) - 1)
        for n, value in enumerate(samples):
            ctx.set(dut.coming.payload, coming(made, n, value))
            ctx.set(dut.coming.valid, 1)
            group = n % made.channels // made.lanes
            bounds.append(ctx.get(dut.bounds[group]) if ctx.get(dut.bounded) else -1)
            await ctx.tick()
            ctx.set(dut.i.payload, counted(made, n, value))
            ctx.set(dut.i.valid, 1)
            beyond.append(ctx.get(dut.beyond))
            thresholds.append(ctx.get(dut.threshold))
            if n % 3 == 0:
                ctx.set(dut.coming.valid, 0)
                await ctx.tick()
                ctx.set(dut.i.valid, 0)
                if n % 2:
                    await ctx.tick()

    simulator = Simulator(dut)
    for domain in ("sync", "turning"):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(bench)
    simulator.run()
    return tuple(np.reshape(found, x.shape) for found in (beyond, thresholds, bounds))  # type: ignore[return-value]


@pytest.mark.parametrize("channels", [1, 2, 3, 13, 20])
@pytest.mark.parametrize(("bits", "polarity"), [(6, "positive"), (16, "both")])
def test_thresholds_equal_golden(channels: int, bits: int, polarity: str) -> None:
    """Through noise that rises and falls, the largest magnitude there is, and silence: wherever a sample is beyond its
    bound, which all are that are above their thresholds."""
    made = front_end(channels, bits=bits, gain=255 if bits == 6 else 32, polarity=polarity)
    x = changing_noise(made, 6, seed=channels)
    after, span = made.settling, 6 * made.turns
    x[after + span : after + 2 * span] = -(1 << (bits - 1))
    x[after + 5 * span :] = 0
    golden = RunningMedian(made).push(x)[after:]
    height = (x if polarity == "positive" else abs(x))[after:]
    beyond, thresholds, bounds = (found[after:] for found in looked_up(NoiseEstimator(made), made, x))
    np.testing.assert_array_equal(thresholds[beyond == 1], golden[beyond == 1])
    assert np.all(height[beyond == 0] <= golden[beyond == 0])
    assert len(np.unique(golden)) > 10
    turn = made.turns + made.threshold_frames
    assert bounds[:turn].min() == -1
    assert bounds[turn:].min() >= 0
    # A bound is none of its group's thresholds', but where one is written with this very sample.
    written = np.zeros_like(beyond)
    for number in range(len(x) * channels):
        frame, channel = divmod(number * made.turns, channels)
        if frame + made.threshold_frames >= len(beyond):
            break
        written[frame + made.threshold_frames, channel] = 1
    known = (bounds >= 0) & (written == 0)
    assert np.all(bounds[known] <= golden[known])
    assert np.all(beyond[written == 1] == 1)


def test_bounds_follow_the_lowest_threshold_of_a_group() -> None:
    """Of a loud channel beside a quiet one the samples are looked up; of a group that is loud all over they are not."""
    made = front_end(16, bits=8, polarity="both", gain=100)
    loud = np.r_[1, np.full(15, 8)]
    frames = made.settling + 30 * made.turns
    x = np.rint(np.random.default_rng(0).normal(0, 1, (frames, 16)) * loud).astype(np.int64)
    quiet_too = made.settling + 12 * made.turns
    x[quiet_too:, 8:] = np.rint(np.random.default_rng(1).normal(0, 1, (frames - quiet_too, 8)))
    beyond, _, bounds = looked_up(NoiseEstimator(made), made, x)
    before = slice(made.settling + 2 * made.turns, quiet_too)
    assert beyond[before, 1:8].mean() > 0.5
    assert beyond[before, 8:].mean() < 1 / made.turns + 0.02, "and those with which thresholds are written"
    golden = RunningMedian(made).push(x)
    late = slice(-made.turns, None)
    for first in (0, 8):
        lowest = golden[late, first : first + 8].min()
        assert lowest - 1 <= bounds[late, first].min() <= lowest
    assert bounds[late, 8].min() < bounds[before, 8].min() - 5


@pytest.mark.parametrize("channels", [1, 12, 104])
@pytest.mark.parametrize(("polarity", "sign"), [("negative", [-1]), ("positive", [1]), ("both", [-1, 1])])
def test_peaks_follow_their_rule(polarity: str, sign: list[int], channels: int) -> None:
    """Drawn from a few values, so that samples often equal their threshold or each other."""
    made = front_end(channels, polarity=polarity, bits=6, search=3, refractory=4)
    assert banks_of(made) == (2 if channels > 100 else 1)
    rng = np.random.default_rng(len(polarity))
    frames = 600 if channels == 1 else 120
    x = rng.choice([-32, -31, -12, -11, 0, 11, 12, 31], size=(frames, channels))
    settled = np.arange(frames) >= 60
    threshold = rng.choice([11, 12], size=x.shape)
    height = np.max([factor * x for factor in sign], axis=0).clip(0)
    above = (height > threshold) & settled[:, None]
    expected = []
    for channel in range(channels):
        earliest = 0
        for n in range(1, frames - 2):
            crossing = above[n, channel] and not above[n - 1, channel]
            if crossing and n >= earliest:
                peak = n + int(height[n : n + 3, channel].argmax())
                expected.append((n + 2, channel, peak, int(height[peak, channel])))
                earliest = peak + 5
    assert len(expected) > 30
    dut, got = PeakFinder(made), []

    async def bench(ctx):
        expected = 0
        for n, value in enumerate(x.ravel().tolist()):
            beyond = above.flat[n] or (settled[n // channels] and n % 5 == 0)
            sample = counted(made, n, value if beyond or expected else -32)
            ctx.set(dut.i.payload, sample | {"settled": int(settled[n // channels])})
            ctx.set(dut.beyond, int(beyond))
            ctx.set(dut.threshold, int(threshold.flat[n]) if beyond else 0)
            ctx.set(dut.i.valid, 1)
            _, _, expected = await ctx.tick().sample(dut.expects)
            ctx.set(dut.i.valid, 0)
            found = dut.o.payload
            if ctx.get(dut.o.valid) and ctx.get(found.found):
                got.append(tuple(ctx.get(value) for value in (found.now, found.channel, found.time, found.height)))
            if n % 3 == 0:
                _, _, expected = await ctx.tick().sample(dut.expects)

    simulator = Simulator(dut)
    for domain in ("sync", "turning") if channels > 1 else ("sync",):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == sorted(expected)


class OnePorts:
    """Amaranth's memories, and for each one of one port whether it was read and written in the same cycle."""

    def __init__(self) -> None:
        self.clashes: list[Signal] = []

    def get_memory(self, memory: Memory) -> Module:
        """Called by Amaranth for each memory."""
        m = Module()
        m.submodules.memory = Memory.elaborate(memory, None)
        if getattr(memory, "single_port", False):
            clash = Signal()
            self.clashes.append(clash)
            reads, writes = (Cat(port.en for port in ports).any() for ports in (memory.read_ports, memory.write_ports))
            with m.If(reads & writes):
                m.d.sync += clash.eq(1)
        return m


@pytest.mark.parametrize(("channels", "ports"), [(1, 1), (2, 2), (3, 3), (34, 5)])
def test_memories_of_one_port_are_read_or_written(channels: int, ports: int) -> None:
    """Also where all channels are searched for their peaks at once."""
    made = front_end(channels, bits=16, polarity="both", search=120, refractory=1000, gain=40, samples=16, frames=300)
    assert banks_of(made) == (2 if channels == 34 else 1)
    memories, dut = OnePorts(), SpikeDetector(made)
    x = changing_noise(made, 1, seed=0)[: made.settling + 100]
    x[made.settling + 20 :: 2] *= 8

    async def bench(ctx):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        for code in x.clip(-32768, 32767).ravel().tolist():
            ctx.set(dut.i.payload, code)
            await ctx.tick()
        assert [ctx.get(clash) for clash in memories.clashes] == [0] * ports

    simulator = Simulator(Fragment.get(dut, memories))
    for domain in ("sync", "turning", "reading"):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(bench)
    simulator.run()


def test_arbiter_of_queues_is_refused() -> None:
    with pytest.raises(ValueError, match="an arbiter needs close channels"):
        EventArbiter(front_end(4))


@pytest.mark.parametrize(("channels", "spikes"), [(1, 1), (16, 4)])
@pytest.mark.parametrize("unit", UNITS)
def test_stands_alone_as_clean_verilog(
    unit: type, channels: int, spikes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    path = tmp_path / "unit.v"
    made = in_parts(3) if unit in IN_PARTS else front_end(channels, spikes, band_pass=BAND)
    path.write_text(verilog.convert(unit(made), name="unit", strip_internal_attrs=True, emit_src=False))
    assert lint(path, "unit").keys() <= HARMLESS.keys()
    assert re.search(r"^module unit\(", path.read_text(), re.M)
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is missing: apt-get install iverilog")
    command = ["iverilog", "-g2005", "-Wall", "-tnull", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
