"""Several operating points on one chip: which one each packet was coded at, and that a switch loses nothing.
Run by ``make regress``."""

import numpy as np
import pytest

from rtl.host.load import load_writes
from rtl.host.register_map import register
from rtl.planning import make_plan
from sim.stage import escapes_sent
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import read_blocks
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.linear_spec import further_point, linear_adc, random_linear_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]
SLVERR = 2


@pytest.fixture(scope="module")
def specs() -> tuple[EncoderSpec, ...]:
    """Three points of a queue's blocks of two spikes, with an entry of the normalization for each sample."""
    first = random_linear_spec(2, 16, 6, joint=False, classes=3, seed=2)
    return first, further_point(first, 0.6, 5), further_point(first, 0.8, 7)


def plan_of(specs: tuple[EncoderSpec, ...], parameters: str):
    return make_plan(specs[0], hardware(2, parameters=parameters, packet_blocks=4), specs[1:])


def packets_of(host: Host) -> list[Packet]:
    reader = PacketReader()
    found = [*reader.feed(b"".join(host.packets)), *reader.close()]
    assert all(isinstance(packet, Packet) for packet in found)
    return found


def points_of(host: Host, specs: tuple[EncoderSpec, ...], adc: np.ndarray, present: np.ndarray) -> list[int]:
    """The point of each block, after all proved equal to what golden makes at it."""
    by_tag = {spec.tag: point for point, spec in enumerate(specs)}
    golden = [encode(spec, adc, present).indices for spec in specs]
    points: list[int] = []
    for packet in packets_of(host):
        point = by_tag[packet.header.tag]
        blocks, first = read_blocks(specs[point], packet), len(points)
        points += [point] * len(blocks.indices)
        np.testing.assert_array_equal(blocks.indices, golden[point][first : len(points)])
        np.testing.assert_array_equal(blocks.present, present[first : len(points)])
    assert len(points) == len(adc)
    return points


@pytest.mark.parametrize(("parameters", "pause"), [("ram", 0.0), ("rom", 0.5)])
def test_points_switched_at_any_time_lose_nothing(
    specs: tuple[EncoderSpec, ...], parameters: str, pause: float
) -> None:
    adc = linear_adc(specs[0], 40, 3)
    host = Host(plan_of(specs, parameters), pause=pause)
    ended, asked = [], []

    async def feed(ctx):
        rng = np.random.default_rng(1)
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(50)
        for spike in adc.reshape(-1, adc.shape[-1]):
            await host.spikes(ctx, [spike], [(0, 0)])
            await ctx.tick().repeat(1 if rng.random() < 0.7 else int(rng.integers(1, 60)))
        ended.append(True)

    async def script(ctx):
        rng = np.random.default_rng(2)
        if parameters == "ram":
            await host.load(ctx)
            await host.write(ctx, "scrub_blocks", 7)
        while not ended:
            asked.append(int(rng.integers(3)))
            assert await host.write(ctx, "point", asked[-1]) == 0
            assert await host.read(ctx, "point") == asked[-1]
            await ctx.tick().repeat(int(rng.integers(1, 250)))
        await host.flush(ctx)
        escapes.append(await host.read(ctx, "escapes"))

    escapes: list[int] = []
    host.simulator.add_testbench(feed, background=True)
    host.run(script)
    points = points_of(host, specs, adc, np.ones((len(adc), 2), bool))
    assert len([n for n in range(1, len(points)) if points[n] != points[n - 1]]) >= 6
    assert set(points) == {0, 1, 2}
    assert escapes == [sum(escapes_sent(specs[point], adc[n : n + 1]) for n, point in enumerate(points))]


def test_a_block_under_way_goes_on_to_its_end(specs: tuple[EncoderSpec, ...]) -> None:
    """The spike that completes it is taken however late; a flush closes it as it is."""
    adc = linear_adc(specs[0], 5, 4)
    spikes = adc.reshape(-1, adc.shape[-1])
    host = Host(plan_of(specs, "rom"))
    present = np.ones((5, 2), bool)
    present[3, 1] = False

    async def script(ctx):
        async def send(first: int, last: int) -> None:
            await host.spikes(ctx, spikes[first:last], [(0, 0)] * (last - first))

        await send(0, 3)
        await host.write(ctx, "point", 2)
        await ctx.tick().repeat(1000)
        assert "waits" in await host.status(ctx)
        assert host.packets == []
        await send(3, 4)
        await ctx.tick().repeat(1000)
        assert "waits" not in await host.status(ctx)
        assert len(host.packets) == 1
        await send(4, 7)
        await host.write(ctx, "point", 1)
        await host.flush(ctx)
        assert "waits" not in await host.status(ctx)
        await send(8, 10)
        await host.flush(ctx)

    host.run(script)
    assert points_of(host, specs, adc, present) == [0, 0, 2, 2, 1]


@pytest.mark.parametrize("parameters", ["ram", "rom"])
def test_a_point_that_is_not_there_is_refused(specs: tuple[EncoderSpec, ...], parameters: str) -> None:
    host = Host(plan_of(specs, parameters))

    async def script(ctx):
        await host.write(ctx, "point", 1)
        for value in (3, 4, 1 << 31):
            assert await host.write(ctx, "point", value) == SLVERR
        assert await host.read(ctx, "point") == 1
        assert await host.write(ctx, "spec_hash_3", 1) == SLVERR
        assert await host.write(ctx, "spec_hash_2", 0x12345678) == (0 if parameters == "ram" else SLVERR)
        assert await host.read(ctx, "refused_writes") == (4 if parameters == "ram" else 5)
        assert await host.read(ctx, "spec_hash_1") == (0 if parameters == "ram" else int(specs[1].hash[:8], 16))

    host.run(script)


def test_a_chip_of_one_point_has_no_other(specs: tuple[EncoderSpec, ...]) -> None:
    host = Host(plan_of(specs[:1], "ram"))

    async def script(ctx):
        for name in ("point", "spec_hash_1", "spec_hash_2", "spec_hash_3"):
            assert await host.write(ctx, name, 0) == SLVERR
            assert await host.read(ctx, name) == 0

    host.run(script)


def test_what_does_not_differ_is_held_once(specs: tuple[EncoderSpec, ...]) -> None:
    """And a set's words lie from a power of two on, so that the point is the address's upper bits."""
    plan, alone = plan_of(specs, "ram"), plan_of(specs[1:2], "ram")
    sets = {name: table.sets for name, table in plan.tables.items()}
    assert sets == {"normalization": 3, "weights": 1, "latents": 1, "levels": 3, "classes": 3, "huffman": 3}
    for name in ("normalization", "levels", "classes"):
        words, own = plan.images[name].words, alone.images[name].words
        size = len(words) // 3
        assert size == 1 << (len(own) - 1).bit_length()
        assert words[size : size + len(own)] == own
        assert not any(words[size + len(own) : 2 * size])
    offsets = [offset for offset, _ in load_writes(plan)]
    assert {register(name).offset for name in ("spec_hash", "spec_hash_1", "spec_hash_2")} <= set(offsets)
    assert register("spec_hash_3").offset not in offsets
