"""Settings of a packet, written at any time: every packet is of one kind, every spike is in one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rtl.host.load import load_writes
from rtl.planning import make_plan
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import Blocks, read_blocks, read_snippets
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host


def events_of(count: int) -> np.ndarray:
    """Channel and time of spikes; a block has one channel."""
    return np.stack([np.arange(count) // 2 * 3 % 50, np.arange(count) * 700], axis=1)


def unframed(host: Host) -> list[Packet]:
    reader = PacketReader()
    found = [*reader.feed(b"".join(host.packets)), *reader.close()]
    assert all(isinstance(packet, Packet) for packet in found)
    return found


def read_coded(spec: EncoderSpec, packet: Packet) -> Blocks:
    """By the spec that the chip was made of, whatever tag was written into its register."""
    return read_blocks(spec, replace(packet, header=replace(packet.header, tag=spec.tag)))


def feeder(host: Host, spikes: np.ndarray, ended: list[bool], seed: int) -> Callable:
    rng = np.random.default_rng(seed)

    async def feed(ctx):
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(50)
        for spike, event in zip(spikes, events_of(len(spikes)), strict=True):
            await host.spikes(ctx, [spike], [event])
            await ctx.tick().repeat(1 if rng.random() < 0.7 else int(rng.integers(1, 100)))
        ended.append(True)

    return feed


def test_fewer_blocks_than_are_held_send_the_packet(tiny: Design) -> None:
    spec = random_spec(tiny, 60)
    adc = random_adc(tiny, 8, 60)
    spikes = adc.reshape(-1, tiny.block.samples)
    host = Host(make_plan(spec, hardware(2, packet_blocks=8)))

    async def script(ctx):
        await host.spikes(ctx, spikes[:8], events_of(8))
        while await host.read(ctx, "blocks") < 4:
            await ctx.tick().repeat(20)
        assert host.packets == []
        await host.write(ctx, "packet_blocks", 2)
        await ctx.tick().repeat(200)
        assert len(host.packets) == 1
        await host.spikes(ctx, spikes[8:], events_of(8))
        await ctx.tick().repeat(2000)

    host.run(script)
    packets = unframed(host)
    assert [packet.header.count for packet in packets] == [4, 2, 2]
    np.testing.assert_array_equal(
        np.concatenate([read_coded(spec, packet).indices for packet in packets]), encode(spec, adc).indices
    )


@pytest.mark.slow
@pytest.mark.parametrize(("parameters", "pause"), [("ram", 0.0), pytest.param("rom", 0.6, marks=pytest.mark.regress)])
def test_settings_written_at_any_time_lose_nothing(tiny: Design, parameters: str, pause: float) -> None:
    """With checks between blocks, back-pressure, and partial blocks never."""
    spec = random_spec(tiny, 61)
    adc = random_adc(tiny, 24, 61)
    spikes = adc.reshape(-1, tiny.block.samples)
    plan = make_plan(spec, hardware(2, parameters=parameters, packet_blocks=6))
    host = Host(plan, pause=pause)
    ended: list[bool] = []
    seen = set()

    async def script(ctx):
        rng = np.random.default_rng(2)
        if parameters == "ram":
            await host.load(ctx)
            await host.write(ctx, "scrub_blocks", 5)
        while not ended:
            name, value = [("sidecar", rng.integers(3)), ("packet_blocks", rng.integers(1, 7))][rng.integers(2)]
            if parameters == "ram" and rng.random() < 0.2:
                name, value = "spec_hash", rng.integers(1 << 32)
            assert await host.write(ctx, name, int(value)) == 0
            assert await host.read(ctx, name) == value
            seen.add("waits" in await host.status(ctx))
            await ctx.tick().repeat(int(rng.integers(1, 200)))
        await host.flush(ctx)
        assert await host.read(ctx, "spikes") == len(spikes)

    host.simulator.add_testbench(feeder(host, spikes, ended, 3), background=True)
    host.run(script)
    assert seen == {True, False}
    packets = unframed(host)
    assert {packet.header.sidecar for packet in packets} == {0, 1, 2}
    assert [packet.header.sequence for packet in packets] == list(range(len(packets)))
    assert parameters == "rom" or len({packet.header.tag for packet in packets}) > 2
    blocks = [read_coded(spec, packet) for packet in packets]
    assert all(block.present.all() for block in blocks)
    np.testing.assert_array_equal(np.concatenate([block.indices for block in blocks]), encode(spec, adc).indices)
    first = 0
    for packet, block in zip(packets, blocks, strict=True):
        own = events_of(len(spikes)).reshape(-1, 2, 2)[first : first + packet.header.count]
        if block.events is not None:
            np.testing.assert_array_equal(block.events.channels, own[:, 0, 0])
            times = own[:, :, 1].ravel() if packet.header.sidecar == 2 else own[:, 0, 1]
            np.testing.assert_array_equal(block.events.times, times)
        first += packet.header.count


def test_raw_mode_asked_for_with_blocks_held_waits_for_them(tiny: Design) -> None:
    """A check fails with a packet open and a block begun; raw mode is set while halted, the chip repaired and run."""
    spec = random_spec(tiny, 62)
    adc = random_adc(tiny, 5, 62)
    spikes = adc.reshape(-1, tiny.block.samples)
    plan = make_plan(spec, hardware(2, parameters="ram", packet_blocks=8))
    host = Host(plan)

    async def reached(ctx, state: str) -> None:
        while state not in await host.status(ctx):
            await ctx.tick().repeat(20)

    async def script(ctx):
        await host.load(ctx)
        await reached(ctx, "running")
        await host.spikes(ctx, spikes[:5], events_of(5))
        while await host.read(ctx, "blocks") < 2:
            await ctx.tick().repeat(20)
        right = next(value for offset, value in load_writes(plan)[::-1][1:2])
        await host.write(ctx, "crc_expected", right ^ 1)
        await host.write(ctx, "scrub_idle", 1)
        await reached(ctx, "halted")
        assert "idle" not in await host.status(ctx)
        await host.write(ctx, "scrub_idle", 0)
        await host.write(ctx, "crc_expected", right)
        await host.write(ctx, "control", 5)
        await reached(ctx, "running")
        await host.spikes(ctx, spikes[5:], events_of(5))
        await host.flush(ctx, control=7)
        assert await host.read(ctx, "wrong_spikes") == 0

    host.run(script)
    coded, *raw = unframed(host)
    np.testing.assert_array_equal(read_coded(spec, coded).indices, encode(spec, adc[:3]).indices)
    assert all(packet.header.raw for packet in raw)
    np.testing.assert_array_equal(np.concatenate([read_snippets(packet)[0] for packet in raw]), spikes[6:])


def test_a_flush_never_parts_a_raw_snippet(tiny: Design) -> None:
    """Nor its channel and time, which leave before its first sample is taken."""
    spec = random_spec(tiny, 63)
    spikes = random_adc(tiny, 10, 63).reshape(-1, tiny.block.samples)
    host = Host(make_plan(spec, hardware(2, parameters="ram", packet_blocks=8)))
    ended: list[bool] = []

    async def script(ctx):
        rng = np.random.default_rng(4)
        await host.write(ctx, "sidecar", 2)
        await host.write(ctx, "control", 4)
        for offset, value in load_writes(host.plan)[:-1]:
            await host.write(ctx, offset, value)
        await host.write(ctx, "control", 5)
        while not ended:
            await host.write(ctx, "control", 7)
            await ctx.tick().repeat(int(rng.integers(1, 60)))
        await host.flush(ctx, control=7)

    host.simulator.add_testbench(feeder(host, spikes, ended, 5), background=True)
    host.run(script)
    snippets = [read_snippets(packet) for packet in unframed(host)]
    np.testing.assert_array_equal(np.concatenate([samples for samples, _ in snippets]), spikes)
    np.testing.assert_array_equal(
        np.concatenate([events.times for _, events in snippets]), events_of(len(spikes))[:, 1]
    )
