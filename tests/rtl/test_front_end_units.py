"""The front end's units one by one: arithmetic at its edges, and each as Verilog of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.sim import Simulator

from rtl.front_end.band_pass_filter import BandPassFilter
from rtl.front_end.circular_buffer import CircularBuffer
from rtl.front_end.event_arbiter import EventArbiter
from rtl.front_end.event_stages import EventStages
from rtl.front_end.noise_estimator import NoiseEstimator
from rtl.front_end.part_reader import PartReader
from rtl.front_end.peak_finder import PeakFinder
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


@pytest.mark.parametrize(("channels", "lanes"), [(3, 3), (9, 7)])
@pytest.mark.parametrize("idle", [0.0, 0.5])
def test_samples_are_counted_and_saturated(channels: int, lanes: int, idle: float) -> None:
    made = front_end(channels, bits=8, zero=100)
    assert made.lanes == lanes, "as many as fit, but that no word has a sample alone"
    codes = [*range(-32, 232, 2), -32768, 32767] * 9
    expected = [counted(made, n, min(max(code - 100, -128), 127)) for n, code in enumerate(codes)]
    assert expected[-1]["settled"] == (channels == 3)
    fields = [name for name in expected[0] if not name.startswith("next")]
    got = push(SampleCounter(made), codes, fields, idle=idle)
    assert got == [tuple(int(sample[name]) for name in fields) for sample in expected]


@pytest.mark.parametrize("channels", [1, 3, 27])
@pytest.mark.parametrize("bits", [6, 16])
def test_thresholds_equal_golden(channels: int, bits: int) -> None:
    """From the first sample on that has one, through small codes, the largest magnitude there is, and silence."""
    made = front_end(channels, bits=bits, gain=255)
    low, frames = -(1 << (bits - 1)), 1200 // channels + 3 * made.turns
    x = np.rint(np.random.default_rng(0).normal(0, 2, (frames, channels))).astype(np.int64).clip(low, -low - 1)
    x[1] = 1  # with its dither as large as an estimate at its start
    x[frames // 3 : frames // 2] = low
    x[-frames // 4 :] = 0
    golden = RunningMedian(made).push(x)
    dut, got = NoiseEstimator(made), []

    async def bench(ctx):
        for n, value in enumerate(x.ravel().tolist()):
            ctx.set(dut.i.payload, counted(made, n, value))
            ctx.set(dut.i.valid, 1)
            got.append((await ctx.tick().sample(dut.threshold))[2])
            ctx.set(dut.i.valid, 0)
            if n % 3 == 0:
                await ctx.tick()

    simulator = Simulator(dut)
    for domain in ("sync", "turning"):
        simulator.add_clock(1e-6, domain=domain)
    simulator.add_testbench(bench)
    simulator.run()
    known = made.turns + 9  # every channel has had its turn
    np.testing.assert_array_equal(np.reshape(got, x.shape)[known:], golden[known:])
    assert len(np.unique(golden[known:])) > 10


@pytest.mark.parametrize("channels", [1, 12])
@pytest.mark.parametrize(("polarity", "sign"), [("negative", [-1]), ("positive", [1]), ("both", [-1, 1])])
def test_peaks_follow_their_rule(polarity: str, sign: list[int], channels: int) -> None:
    """Drawn from a few values, so that samples often equal their threshold or each other."""
    made = front_end(channels, polarity=polarity, bits=6, search=3, refractory=4)
    rng = np.random.default_rng(len(polarity))
    frames = 600 if channels == 1 else 120
    x = rng.choice([-32, -31, -12, -11, 0, 11, 12, 31], size=(frames, channels))
    settled = np.arange(frames) >= 60
    threshold = rng.choice([11, 12], size=x.shape)
    height = np.max([factor * x for factor in sign], axis=0).clip(0)
    above = height > threshold
    expected = []
    for channel in range(channels):
        earliest = 0
        for n in range(1, frames - 2):
            crossing = settled[n] and above[n, channel] and not above[n - 1, channel]
            if crossing and n >= earliest:
                peak = n + int(height[n : n + 3, channel].argmax())
                expected.append((n + 2, channel, peak, int(height[peak, channel])))
                earliest = peak + 5
    assert len(expected) > 30
    dut, got = PeakFinder(made), []

    async def bench(ctx):
        for n, value in enumerate(x.ravel().tolist()):
            ctx.set(dut.i.payload, counted(made, n, value) | {"settled": int(settled[n // channels])})
            ctx.set(dut.threshold, int(threshold.flat[n]))
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            found = dut.o.payload
            if ctx.get(dut.o.valid) and ctx.get(found.found):
                got.append(tuple(ctx.get(value) for value in (found.now, found.channel, found.time, found.height)))
            if n % 3 == 0:
                await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == sorted(expected)


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
