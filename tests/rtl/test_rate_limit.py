"""The rate limit: which blocks are dropped, as a bucket in plain Python says, and how many bits can go into packets."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from rtl.planning import make_plan
from rtl.spike_compressor import Compressor
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import read_blocks, read_snippets
from spikecae.design import Design
from spikecae.front_end.detector import SpikeDetector
from spikecae.golden import encode
from tests.planted import front_end, recording
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host
from tests.rtl.test_spike_compressor import stream

RATE_UNIT = 1 << 24
"""A rate of so much is a bit a cycle."""
TICK = 1024
"""Cycles from tokens to tokens."""
SLVERR = 2


@dataclass
class Bucket:
    """Tokens in ``RATE_UNIT / TICK`` parts, and what was decided by them."""

    rate: int
    burst: int
    block: int
    """Spikes that are taken or dropped together."""
    tokens: int = 0
    cycle: int = 0
    ahead: int = 0
    """What was spent since the beginning beyond what came, in tokens' parts."""
    least: int = 0
    worst: int = 0
    """Most that was spent beyond what came, from any cycle to any later one."""
    under_way: bool = False
    place: int = 0
    let_in: list[bool] = field(default_factory=list)
    """Of every block."""

    def step(self, rate: int, taken: int, last: int, put: int, frame: int) -> None:
        """A cycle of the chip: its rate, whether a sample is taken and its spike's last, a byte, a packet's frame."""
        part = RATE_UNIT // TICK
        if taken and not self.under_way and self.place == 0:
            self.let_in.append(rate == 0 or self.tokens >= part)
        if taken:
            self.under_way = not last
            self.place = (self.place + last) % self.block
        if rate == 0:
            self.tokens, self.cycle = self.burst * part, 0
            return
        spent = (8 * put + 104 * frame) * part
        self.cycle = (self.cycle + 1) % TICK
        came = rate if self.cycle == 0 else 0
        self.tokens = min(self.tokens - spent + came, self.burst * part)
        self.ahead += spent - came
        self.least = min(self.least, self.ahead)
        self.worst = max(self.worst, self.ahead - self.least)


def watcher(host: Host, bucket: Bucket) -> Callable:
    """What goes on in each cycle, told to a bucket."""
    chip, packetizer = host.chip, host.chip.packetizer

    async def watch(ctx):
        signals = (chip.registers.rate_limit, chip.s_axis_tvalid, chip.s_axis_tready, chip.s_axis_tlast)
        signals += (packetizer.i.valid, packetizer.i.ready, packetizer.block_end, packetizer.first)
        async for _, _, rate, valid, ready, last, offered, put, end, first in ctx.tick().sample(*signals):
            bucket.step(rate, valid & ready, last, offered & put, end & first)

    return watch


def packets_of(host: Host) -> list[Packet]:
    reader = PacketReader()
    found = [*reader.feed(b"".join(host.packets)), *reader.close()]
    assert all(isinstance(packet, Packet) for packet in found)
    return found


@pytest.mark.parametrize(("burst", "pause"), [(300, 0.0), pytest.param(900, 0.5, marks=pytest.mark.regress)])
def test_blocks_are_dropped_as_the_bucket_says(tiny: Design, burst: int, pause: float) -> None:
    """More come than may go: those that find no token are dropped whole, and the others are in good packets."""
    spec = random_spec(tiny, 90)
    adc = random_adc(tiny, 60, 90)
    host = Host(make_plan(spec, hardware(2, packet_blocks=3)), pause=pause)
    rate = RATE_UNIT // 8
    bucket = Bucket(rate, burst, tiny.block.spikes)
    counts = {}

    async def script(ctx):
        await host.write(ctx, "sidecar", 1)
        await host.write(ctx, "rate_burst", burst)
        await host.write(ctx, "rate_limit", rate)
        spikes = adc.reshape(-1, tiny.block.samples)
        await host.spikes(ctx, spikes, [(5, 1000 * (n // 2)) for n in range(len(spikes))])
        await host.flush(ctx)
        for name in ("spikes", "limited_spikes", "wrong_spikes"):
            counts[name] = await host.read(ctx, name)

    host.simulator.add_testbench(watcher(host, bucket), background=True)
    host.run(script)
    let_in = np.array(bucket.let_in)
    assert len(let_in) == len(adc)
    assert 5 < let_in.sum() < 40
    assert counts == {"spikes": 2 * let_in.sum(), "limited_spikes": 2 * (~let_in).sum(), "wrong_spikes": 0}
    packets = packets_of(host)
    assert [packet.header.sequence for packet in packets] == list(range(len(packets)))
    blocks = [read_blocks(spec, packet) for packet in packets]
    assert all(block.present.all() for block in blocks)
    np.testing.assert_array_equal(
        np.concatenate([block.indices for block in blocks]), encode(spec, adc).indices[let_in]
    )
    times = np.concatenate([block.events.times for block in blocks])
    np.testing.assert_array_equal(times, 1000 * np.flatnonzero(let_in))
    part = RATE_UNIT // TICK
    assert bucket.worst <= (burst + host.chip.longest_block + 8) * part + rate


def test_raw_snippets_are_dropped_one_by_one(tiny: Design) -> None:
    spec = random_spec(tiny, 91)
    spikes = random_adc(tiny, 20, 91).reshape(-1, tiny.block.samples)
    host = Host(make_plan(spec, hardware(2, packet_blocks=3)))
    bucket = Bucket(RATE_UNIT, 3000, 1)
    counts = {}

    async def script(ctx):
        await host.write(ctx, "control", 0)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(5)
        await host.write(ctx, "sidecar", 2)
        await host.write(ctx, "rate_burst", bucket.burst)
        await host.write(ctx, "rate_limit", bucket.rate)
        await host.write(ctx, "control", 5)
        await host.spikes(ctx, spikes, [(n, 7 * n) for n in range(len(spikes))])
        await host.flush(ctx, control=7)
        for name in ("spikes", "limited_spikes"):
            counts[name] = await host.read(ctx, name)

    host.simulator.add_testbench(watcher(host, bucket), background=True)
    host.run(script)
    snippets = [read_snippets(packet) for packet in packets_of(host)]
    let_in = np.concatenate([events.channels for _, events in snippets])
    assert 5 < len(let_in) < 35
    assert counts == {"spikes": len(let_in), "limited_spikes": len(spikes) - len(let_in)}
    np.testing.assert_array_equal(np.concatenate([samples for samples, _ in snippets]), spikes[let_in])
    np.testing.assert_array_equal(np.concatenate([events.times for _, events in snippets]), 7 * let_in)


def test_events_of_a_front_end_are_dropped_whole(tiny: Design) -> None:
    spec = random_spec(tiny, 92)
    made = front_end(4, 2, samples=tiny.block.samples)
    codes = recording(made, made.settling + 250, 12, seed=1)
    golden = SpikeDetector(made).push(codes)
    plan = make_plan(spec, hardware(2, packet_blocks=4))
    host = Host(plan, Compressor(made, plan))
    counts = {}

    async def script(ctx):
        await host.write(ctx, "sidecar", 2)
        await host.write(ctx, "rate_burst", 200)
        await host.write(ctx, "rate_limit", RATE_UNIT // 40)
        await stream(ctx, host.chip, made, codes, spacing=2)
        await ctx.tick().repeat(400)
        await host.flush(ctx)
        for name in ("spikes", "limited_spikes", "overruns"):
            counts[name] = await host.read(ctx, name)

    host.run(script)
    blocks = [read_blocks(spec, packet) for packet in packets_of(host)]
    times = np.concatenate([block.events.times for block in blocks])[::2]
    let_in = np.flatnonzero(np.isin(golden.times, times))
    assert 2 <= len(let_in) < len(golden.times)
    np.testing.assert_array_equal(golden.times[let_in], times)
    found = np.concatenate([block.indices for block in blocks])
    np.testing.assert_array_equal(found, encode(spec, golden.snippets[let_in]).indices)
    dropped = 2 * (len(golden.times) - len(let_in))
    assert counts == {"spikes": 2 * len(let_in), "limited_spikes": dropped, "overruns": 0}


def test_rates_that_no_link_has_are_refused(tiny: Design) -> None:
    host = Host(make_plan(random_spec(tiny, 93), hardware(2)))

    async def script(ctx):
        for name, values in (("rate_limit", (8 * RATE_UNIT + 1, 0xFFFFFFFF)), ("rate_burst", (0, 1 << 24))):
            before = await host.read(ctx, name)
            for value in values:
                assert await host.write(ctx, name, value) == SLVERR
            assert await host.read(ctx, name) == before
        assert await host.write(ctx, "rate_limit", 8 * RATE_UNIT) == 0
        assert await host.write(ctx, "rate_burst", (1 << 24) - 1) == 0

    host.run(script)
