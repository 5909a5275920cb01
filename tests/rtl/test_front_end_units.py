"""The front end's units one by one: arithmetic at its edges, and each as Verilog of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from amaranth.sim import Simulator

from rtl.front_end.circular_buffer import CircularBuffer
from rtl.front_end.event_arbiter import EventArbiter
from rtl.front_end.noise_estimator import NoiseEstimator
from rtl.front_end.peak_finder import PeakFinder
from rtl.front_end.sample_counter import SampleCounter
from rtl.front_end.snippet_reader import SnippetReader
from rtl.front_end.spike_detector import SpikeDetector
from sim.verilate import HARMLESS, lint
from spikecae.front_end.detector import RunningMedian
from tests.planted import front_end

UNITS = [SampleCounter, NoiseEstimator, PeakFinder, EventArbiter, CircularBuffer, SnippetReader, SpikeDetector]


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


@pytest.mark.parametrize("idle", [0.0, 0.5])
def test_samples_are_counted_and_saturated(idle: float) -> None:
    made = front_end(3, bits=8, zero=100)
    codes = [*range(-32, 232, 2), -32768, 32767] * 6
    got = push(SampleCounter(made), codes, ["x", "channel", "time", "fresh", "coarse", "settled"], idle=idle)
    assert got == [
        (min(max(code - 100, -128), 127), n % 3, n // 3, n // 3 == 0, n // 3 < 64, n // 3 >= 128)
        for n, code in enumerate(codes)
    ]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [6, 16])
def test_thresholds_equal_golden(channels: int, bits: int) -> None:
    """Also where \\|x\\| equals the estimate, which is rare: those channels are picked out of many."""
    made = front_end(channels, bits=bits, gain=255)
    low = -(1 << (bits - 1))
    x = np.rint(np.random.default_rng(0).normal(0, 2, (300, 6000))).astype(np.int64)
    golden = RunningMedian(6000, made.noise_shift)
    before = golden.push(x)
    reversed_frames = [int(f"{frame % 256:08b}"[::-1], 2) for frame in range(300)]
    dithered = (np.abs(x) << 16) + (np.array(reversed_frames)[:, None] << 8) - (1 << 15)
    tied = np.flatnonzero(((dithered == before) & (x != 0)).any(axis=0))
    assert len(tied) >= 3
    # Then the largest magnitude there is, at full rate, and silence.
    tail = np.repeat(np.array([low] * 150 + [0] * 80)[:, None], channels, axis=1)
    x = np.concatenate([x[:, tied[:channels]].clip(low, -low - 1), tail])
    estimates = RunningMedian(channels, made.noise_shift).push(x)
    payloads = [
        {"x": value, "channel": channel, "time": time, "fresh": time == 0, "coarse": time < 64, "settled": time > 99}
        for time, frame in enumerate(x.tolist())
        for channel, value in enumerate(frame)
    ]
    got = push(NoiseEstimator(made), payloads, ["threshold", "x", "channel", "time", "settled"])
    assert got == [
        ((int(estimates[time, channel]) >> 8) * 255, int(x[time, channel]), channel, time, time > 99)
        for time in range(len(x))
        for channel in range(channels)
    ]


@pytest.mark.parametrize(("polarity", "sign"), [("negative", [-1]), ("positive", [1]), ("both", [-1, 1])])
def test_peaks_follow_their_rule(polarity: str, sign: list[int]) -> None:
    """Drawn from a few values, so that samples often equal their threshold or each other."""
    made = front_end(1, polarity=polarity, bits=6, search=3, refractory=4)
    rng = np.random.default_rng(len(polarity))
    x = rng.choice([-32, -31, -12, -11, 0, 11, 12, 31], size=500)
    settled = np.arange(500) >= 60
    threshold = rng.choice([11, 12], size=500)
    height = np.max([factor * x for factor in sign], axis=0).clip(0)
    expected, earliest = [], 0
    for n in range(1, 500):
        crossing = settled[n] and height[n] > threshold[n] and not height[n - 1] > threshold[n - 1]
        if crossing and n >= earliest and n + 3 <= 500:
            peak = n + int(height[n : n + 3].argmax())
            expected.append((n + 2, peak, int(height[peak])))
            earliest = peak + 5
    assert len(expected) > 30
    payloads = [
        {"x": int(x[n]), "channel": 0, "time": n, "threshold": int(threshold[n]) << 12, "settled": int(settled[n])}
        for n in range(500)
    ]
    got = push(PeakFinder(made), payloads, ["found", "now", "time", "height"])
    assert len(got) == 500
    assert [entry[1:] for entry in got if entry[0]] == expected


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
    made = front_end(channels, spikes)
    path.write_text(verilog.convert(unit(made), name="unit", strip_internal_attrs=True, emit_src=False))
    assert lint(path, "unit").keys() <= HARMLESS.keys()
    assert re.search(r"^module unit\(", path.read_text(), re.M)
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is missing: apt-get install iverilog")
    command = ["iverilog", "-g2005", "-Wall", "-tnull", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
