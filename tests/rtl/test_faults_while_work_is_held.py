"""Failed checks and flushes while spikes and blocks are held, on a small linear encoder."""

import numpy as np
import pytest

from rtl.planning import make_plan
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import read_blocks
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.linear_spec import linear_adc, random_linear_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host

SAMPLES = 16


def spec_of_one_spike() -> EncoderSpec:
    return random_linear_spec(1, SAMPLES, 4, joint=False, classes=1, seed=1)


def host_of(spec: EncoderSpec, parameters: str, packet_blocks: int) -> Host:
    return Host(make_plan(spec, hardware(4, parameters=parameters, packet_blocks=packet_blocks)))


def packets_of(host: Host) -> list[Packet]:
    reader = PacketReader()
    found = [*reader.feed(b"".join(host.packets)), *reader.close()]
    assert all(isinstance(packet, Packet) for packet in found)
    return found


@pytest.mark.parametrize("repaired", ["by a load", "by the same word"])
def test_what_was_held_when_a_check_failed_is_never_vouched_for(repaired: str) -> None:
    """Blocks that were encoded by spoiled parameters leave in a packet of their own, which no later check covers."""
    spec = spec_of_one_spike()
    adc = linear_adc(spec, 12, 4)
    spikes, right = adc.reshape(-1, SAMPLES), encode(spec, adc).indices
    host = host_of(spec, "ram", 8)
    weights = host.chip.encoder.store.memories["weights"]
    checked, suspect = [], []

    async def reached(ctx, state: str) -> None:
        while state not in await host.status(ctx):
            await ctx.tick().repeat(20)

    async def script(ctx):
        await host.load(ctx)
        await reached(ctx, "running")
        await host.spikes(ctx, spikes[:2], [(0, 0)] * 2)
        while await host.read(ctx, "blocks") < 2:
            await ctx.tick().repeat(20)
        word = ctx.get(weights.backing.data[0])
        ctx.set(weights.backing.data[0], 0)
        await host.spikes(ctx, spikes[2:4], [(0, 0)] * 2)
        while await host.read(ctx, "blocks") < 4:
            await ctx.tick().repeat(20)
        await host.write(ctx, "scrub_idle", 1)
        await reached(ctx, "halted")
        await host.write(ctx, "scrub_idle", 0)
        assert host.packets == []
        assert await host.read(ctx, "packets_checked") == 0
        if repaired == "by a load":
            await host.load(ctx)
        else:
            ctx.set(weights.backing.data[0], word)
            await host.write(ctx, "control", 1)
        await reached(ctx, "running")
        checked.append(await host.read(ctx, "packets_checked"))
        await host.spikes(ctx, spikes[4:], [(0, 0)] * 8)
        await host.flush(ctx)
        await host.write(ctx, "scrub_idle", 1)
        await ctx.tick().repeat(400)
        checked.append(await host.read(ctx, "packets_checked"))
        suspect.append(await host.read(ctx, "packets_suspect"))

    host.run(script)
    packets = packets_of(host)
    assert [packet.header.count for packet in packets] == [4, 8]
    assert (read_blocks(spec, packets[0]).indices[2:] != right[2:4]).any(), "spoiled parameters spoiled nothing"
    np.testing.assert_array_equal(read_blocks(spec, packets[1]).indices, right[4:])
    assert checked == [0, 2]
    assert suspect == [1]


def test_parameters_that_are_written_vouch_for_nothing_that_was_sent_before() -> None:
    """A chip is stopped by its host and loaded anew: what was sent since the last check is not vouched for."""
    spec = spec_of_one_spike()
    spikes = linear_adc(spec, 4, 4).reshape(-1, SAMPLES)
    host = host_of(spec, "ram", 1)
    found = {}

    async def reached(ctx, state: str) -> None:
        while state not in await host.status(ctx):
            await ctx.tick().repeat(20)

    async def script(ctx):
        for loaded in (True, False):
            await (host.load(ctx) if loaded else host.write(ctx, "control", 1))
            await reached(ctx, "running")
            names = ("packets_suspect", "packets_checked", "packets")
            found[loaded] = [await host.read(ctx, name) for name in names]
            await host.spikes(ctx, spikes, [(0, 0)] * 4)
            await host.write(ctx, "control", 0)
            await reached(ctx, "halted")
        await host.load(ctx)
        await reached(ctx, "running")
        found["again"] = [await host.read(ctx, name) for name in names]
        await host.write(ctx, "packets", 0)
        found["cleared"] = [await host.read(ctx, name) for name in names]

    host.run(script)
    assert found == {True: [0, 0, 0], False: [0, 4, 4], "again": [8, 8, 8], "cleared": [0, 0, 0]}


def test_a_flush_ends_however_fast_spikes_come() -> None:
    spec = spec_of_one_spike()
    spikes = linear_adc(spec, 60, 4).reshape(-1, SAMPLES)
    host = host_of(spec, "rom", 8)
    ended: list[int] = []

    async def feed(ctx):
        await host.spikes(ctx, spikes, [(0, 0)] * len(spikes))
        ended.append(len(host.packets))

    async def script(ctx):
        await ctx.tick().repeat(660)  # amid a packet
        await host.write(ctx, "control", 3)
        while await host.read(ctx, "control") & 2:
            assert not ended, "the flush ends no earlier than the spikes"
        while not ended:
            await ctx.tick().repeat(50)
        await host.flush(ctx)

    host.simulator.add_testbench(feed, background=True)
    host.run(script)
    packets = packets_of(host)
    assert sum(packet.header.count for packet in packets) == len(spikes)
    assert sum(packet.header.count < 8 for packet in packets) >= 2, "the flush closed none"


def test_a_flush_takes_the_spike_whose_last_sample_comes_with_it() -> None:
    spec = spec_of_one_spike()
    spikes = linear_adc(spec, 12, 4).reshape(-1, SAMPLES)
    host = host_of(spec, "rom", 8)
    begun, cycle = 0, 0
    ended, told = list[int](), list[tuple[int, int]]()

    async def count(ctx):
        nonlocal cycle
        while True:
            await ctx.tick()
            cycle += 1

    async def feed(ctx):
        for number, spike in enumerate(spikes):
            while begun <= number:
                await ctx.tick()
            await host.spikes(ctx, spike[np.newaxis], [(0, 0)])
            ended.append(cycle)

    async def script(ctx):
        nonlocal begun
        for number in range(len(spikes)):
            begun += 1
            await ctx.tick().repeat(SAMPLES - len(spikes) // 2 + number)
            await host.write(ctx, "control", 3)
            written = cycle
            while await host.read(ctx, "control") & 2:
                pass
            await ctx.tick().repeat(40)
            told.append((written - ended[number], begun - sum(packet.header.count for packet in packets_of(host))))

    for process in (count, feed):
        host.simulator.add_testbench(process, background=True)
    host.run(script)
    assert [held for after, held in told if after >= 0] == [0] * 7, (
        "an answer behind the last sample is one behind it all"
    )
    assert {after for after, _ in told} >= {-1, 0, 1}
