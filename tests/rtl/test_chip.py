"""The chip through its pins: loading, packets, sidecar, flush, raw mode, faults and recovery."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from rtl.chip import Chip
from rtl.encoder import IN_FLIGHT, Encoder
from rtl.host.load import load_writes
from rtl.host.parameter_store import lay_out
from rtl.host.register_map import register, window_bit
from rtl.planning import make_plan
from rtl.shape.images import SHIFT_BITS
from rtl.shape.plan import Plan
from spikecae.bitstream.packets import Sidecar
from spikecae.bitstream.payload import Events, write_blocks, write_snippets
from spikecae.design import Design
from spikecae.golden import encode
from tests.linear_spec import linear_adc, random_linear_spec
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware, projection


class Host:
    """A host's driver of ``chip``, or of one that is made: register accesses, spikes in, packets out.

    In a share ``pause`` of the cycles it takes no byte.
    """

    def __init__(self, plan: Plan, chip: Component | None = None, *, pause: float = 0.0) -> None:
        self.plan = plan
        self._pause = pause
        self.chip = chip or Chip(plan)
        self.packets: list[bytes] = []
        self.ends: list[int] = []
        """Cycles in which packets have come to their end."""
        self.simulator = Simulator(self.chip)
        for domain in ("sync", "always_on", "reading", "turning"):
            self.simulator.add_clock(1e-6, domain=domain, if_exists=True)
        self._done = False

    def run(self, script: Callable, *, limit: int = 60000) -> None:
        """Run ``script(ctx)`` while packets are collected."""

        async def main(ctx):
            await script(ctx)
            self._done = True

        async def collect(ctx):
            rng = np.random.default_rng(1)
            packet = bytearray()
            for cycle in range(limit):
                ready = int(rng.random() >= self._pause)
                ctx.set(self.chip.m_axis_tready, ready)
                signals = (self.chip.m_axis_tvalid, self.chip.m_axis_tdata, self.chip.m_axis_tlast)
                _, _, valid, data, last = await ctx.tick().sample(*signals)
                if valid and ready:
                    packet.append(data)
                    if last:
                        self.packets.append(bytes(packet))
                        self.ends.append(cycle)
                        packet = bytearray()
                if self._done:
                    return
            raise TimeoutError(f"the script did not end within {limit} cycles")

        self.simulator.add_testbench(main, background=True)
        self.simulator.add_testbench(collect)
        self.simulator.run()

    async def write(self, ctx, name: str | int, value: int) -> int:
        """Write a register by name, or a byte offset; returns the response."""
        c = self.chip
        ctx.set(c.s_axil_awaddr, name if isinstance(name, int) else register(name).offset)
        for signal, level in ((c.s_axil_wdata, value), (c.s_axil_wstrb, 15), (c.s_axil_bready, 1)):
            ctx.set(signal, level)
        ctx.set(c.s_axil_awvalid, 1)
        ctx.set(c.s_axil_wvalid, 1)
        await ctx.tick().until(c.s_axil_awready & c.s_axil_wready)
        ctx.set(c.s_axil_awvalid, 0)
        ctx.set(c.s_axil_wvalid, 0)
        while True:
            _, _, valid, response = await ctx.tick().sample(c.s_axil_bvalid, c.s_axil_bresp)
            if valid:
                return response

    async def read(self, ctx, name: str | int) -> int:
        """Read a register by name, or a byte offset."""
        c = self.chip
        ctx.set(c.s_axil_araddr, name if isinstance(name, int) else register(name).offset)
        ctx.set(c.s_axil_arvalid, 1)
        ctx.set(c.s_axil_rready, 1)
        await ctx.tick().until(c.s_axil_arready)
        ctx.set(c.s_axil_arvalid, 0)
        while True:
            _, _, valid, data = await ctx.tick().sample(c.s_axil_rvalid, c.s_axil_rdata)
            if valid:
                return data

    async def load(self, ctx) -> None:
        """All writes that start a chip with loadable parameters."""
        for offset, value in load_writes(self.plan):
            assert await self.write(ctx, offset, value) == 0

    async def spikes(self, ctx, spikes: Sequence[np.ndarray], events: Sequence[tuple[int, int]]) -> None:
        """Spikes, each with channel and time."""
        c = self.chip
        for spike, (channel, time) in zip(spikes, events, strict=True):
            for t, value in enumerate(spike):
                ctx.set(c.s_axis_tdata, int(value))
                ctx.set(c.s_axis_tvalid, 1)
                ctx.set(c.s_axis_tlast, int(t == len(spike) - 1))
                ctx.set(c.s_axis_tuser, int(channel) | int(time) << 16)
                await ctx.tick().until(c.s_axis_tready)
        ctx.set(c.s_axis_tvalid, 0)

    async def flush(self, ctx, control: int = 3) -> None:
        """Flush, and wait until all is sent."""
        await self.write(ctx, "control", control)
        while await self.read(ctx, "control") & 2:
            await ctx.tick().repeat(50)

    async def encode(self, ctx, adc: np.ndarray) -> None:
        """Load what is loadable, then blocks ``[B, M, D]`` one by one into packets, without channels and times."""
        if self.plan.loadable:
            await self.load(ctx)
        await self.write(ctx, "packet_blocks", 1)
        spikes = adc.reshape(-1, adc.shape[-1])
        await self.spikes(ctx, spikes, [(0, 0)] * len(spikes))
        await self.flush(ctx)

    async def status(self, ctx) -> set[str]:
        """Names of the status bits that are set."""
        value = await self.read(ctx, "status")
        names = {0: "running", 1: "checking", 2: "halted", 3: "idle", 4: "waits", 8: "crc", 9: "refused", 10: "wrong"}
        return {name for bit, name in names.items() if value >> bit & 1}


def _events(count: int) -> np.ndarray:
    rng = np.random.default_rng(count)
    return np.stack([rng.integers(0, 1 << 16, count), rng.integers(0, 1 << 32, count)], axis=1)


@pytest.mark.parametrize(("parameters", "blocks", "sidecar"), [("rom", 1, 0), ("rom", 3, 1), ("ram", 3, 2)])
def test_packets_equal_the_host_encoders(tiny: Design, parameters: str, blocks: int, sidecar: int) -> None:
    spec = random_spec(tiny, 70 + blocks)
    adc = random_adc(tiny, 7, 70)
    spikes = adc.reshape(-1, tiny.block.samples)
    events = _events(len(spikes))
    first = events[:: tiny.block.spikes]
    chosen = {0: None, 1: Events(first[:, 0], first[:, 1]), 2: Events(first[:, 0], events[:, 1])}[sidecar]
    indices = encode(spec, adc).indices
    expected = write_blocks(spec, indices, blocks_per_packet=blocks, events=chosen)
    host = Host(make_plan(spec, hardware(2, parameters=parameters, packet_blocks=4)))
    counts = {}

    async def script(ctx):
        if parameters == "ram":
            await host.load(ctx)
        await host.write(ctx, "packet_blocks", blocks)
        await host.write(ctx, "sidecar", sidecar)
        await host.spikes(ctx, spikes, events)
        await host.flush(ctx)
        assert await host.read(ctx, "identity") == int.from_bytes(b"SCAE", "big")
        assert await host.read(ctx, "spec_hash") == int(spec.hash[:8], 16)
        for name in ("spikes", "blocks", "packets", "bytes"):
            counts[name] = await host.read(ctx, name)

    host.run(script)
    assert host.packets == expected
    assert counts == {"spikes": 14, "blocks": 7, "packets": len(expected), "bytes": sum(map(len, expected))}


def test_flush_and_timeout_send_a_partial_block(tiny: Design) -> None:
    spec = random_spec(tiny, 71)
    adc = random_adc(tiny, 2, 71)
    spikes = adc.reshape(-1, tiny.block.samples)[:3]
    present = np.array([[True, True], [True, False]])
    expected = write_blocks(spec, encode(spec, adc, present).indices, blocks_per_packet=4, missing=1)
    host = Host(make_plan(spec, hardware(2, packet_blocks=4)))

    async def script(ctx):
        await host.spikes(ctx, spikes, _events(3))
        await host.flush(ctx)
        await host.write(ctx, "timeout", 500)
        await host.spikes(ctx, spikes, _events(3))
        await ctx.tick().repeat(2000)

    host.run(script)
    assert host.packets[0] == expected[0]
    assert [packet[11:-2] for packet in host.packets] == [expected[0][11:-2]] * 2, "flush and timeout do the same"


def test_raw_mode_sends_snippets(tiny: Design) -> None:
    spec = random_spec(tiny, 72)
    spikes = random_adc(tiny, 3, 72).reshape(-1, tiny.block.samples)
    events = _events(len(spikes))
    host = Host(make_plan(spec, hardware(2, parameters="ram", packet_blocks=8)))
    limit = host.chip.raw_snippets
    expected = write_snippets(spec.tag, spikes, snippets_per_packet=limit, events=Events(events[:, 0], events[:, 1]))

    async def script(ctx):
        await host.write(ctx, "spec_hash", int(spec.hash[:8], 16))
        await host.write(ctx, "sidecar", 2)
        await host.write(ctx, "control", 4)
        await host.load(ctx)
        await host.write(ctx, "control", 0)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(10)
        await host.write(ctx, "control", 5)
        await host.spikes(ctx, [spikes[0][:5]], [(1, 2)])
        await host.spikes(ctx, spikes, events)
        await host.flush(ctx, control=7)

    host.run(script)
    assert host.packets == expected


def test_parameters_read_back_and_are_closed_while_running(tiny: Design) -> None:
    spec = random_spec(tiny, 73)
    plan = make_plan(spec, hardware(2, parameters="ram"))
    host = Host(plan)
    writes = load_writes(plan)

    async def script(ctx):
        await host.load(ctx)
        window = [(offset, value) for offset, value in writes if offset >> window_bit(0)]
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(100)
        offset, value = window[5]
        assert await host.write(ctx, offset, value ^ 1) == 2, "SLVERR"
        assert await host.read(ctx, "refused_writes") == 1
        assert "refused" in await host.status(ctx)
        await host.write(ctx, "status", 1 << 9)
        assert "refused" not in await host.status(ctx)
        await host.write(ctx, "control", 0)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(10)
        for offset, value in window[:: max(1, len(window) // 40)]:
            assert await host.read(ctx, offset) == value

    host.run(script)


def _harmful_bit(plan: Plan, adc: np.ndarray) -> tuple[int, int]:
    """Word and bit of the last convolution's biases that golden says change an index of every block."""
    spec, bits = plan.spec, projection(plan).bias_bits
    place = next(number for number, stage in enumerate(spec.stages) if stage.kind == "project")
    project, right = spec.stages[place], encode(spec, adc).indices
    for n in range(project.outputs):
        bias = project.bias.copy()
        bias[n] ^= -(1 << (bits - 1))
        stages = (*spec.stages[:place], replace(project, bias=bias), *spec.stages[place + 1 :])
        if (encode(replace(spec, stages=stages), adc).indices != right).any(axis=1).all():
            word, lane = divmod(n, projection(plan).product.lanes)
            return word, lane * (bits + SHIFT_BITS) + bits - 1
    raise AssertionError("no bias matters to every block; choose another seed of the spec")


@pytest.mark.slow
def test_a_flipped_bit_halts_the_chip_until_it_is_reloaded(tiny: Design) -> None:
    """Seeded flips through the memories' back door, one in each; spikes come all the time, none is lost.

    Every packet is right, or left after the last check that passed. Most flips change no index: random parameters
    saturate most latents. So one is chosen that must: the sign of a bias, right after a check.
    """
    spec = random_spec(tiny, 74)
    plan = make_plan(spec, hardware(2, parameters="ram", packet_blocks=1))
    adc = random_adc(tiny, 12, 74)
    spikes = adc.reshape(-1, tiny.block.samples)
    payloads = [packet[11:-2] for packet in write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=1)]
    host = Host(plan)
    rng = np.random.default_rng(1)
    suspicious: set[int] = set()
    names = [region.name for region in lay_out(plan.images)]

    ending, ended = [], []

    async def feed(ctx):
        while not ending:
            await host.spikes(ctx, spikes, _events(len(spikes)))
        ended.append(True)

    async def reached(ctx, state: str) -> None:
        for _ in range(100):
            if state in await host.status(ctx):
                return
            await ctx.tick().repeat(20)
        raise TimeoutError(f"never {state}: {await host.status(ctx)}")

    async def script(ctx):
        await host.load(ctx)
        await host.write(ctx, "scrub_blocks", 2)
        for name in names:
            await reached(ctx, "running")
            certain = name == "latents"
            await ctx.tick().repeat(1 if certain else int(rng.integers(600)))
            memory = host.chip.encoder.store.memories[name]
            data = memory.backing.data
            word, bit = int(rng.integers(len(memory.words))), int(rng.integers(memory.width))
            if certain:
                word, bit = _harmful_bit(plan, adc)
            ctx.set(data[word], ctx.get(data[word]) ^ (1 << bit))
            await reached(ctx, "halted")
            assert "crc" in await host.status(ctx), name
            await ctx.tick().repeat(200)
            suspicious.update(range(await host.read(ctx, "packets_checked"), await host.read(ctx, "packets")))
            await host.write(ctx, "status", 1 << 8)
            await host.load(ctx)
        assert await host.read(ctx, "crc_failures") == len(names)
        await reached(ctx, "running")
        ending.append(True)
        while not ended:
            await ctx.tick().repeat(100)
        await host.flush(ctx)

    host.simulator.add_testbench(feed, background=True)
    host.run(script, limit=200000)
    wrong = {n for n, packet in enumerate(host.packets) if packet[11:-2] != payloads[n % len(payloads)]}
    assert wrong <= suspicious
    assert wrong, "no flip reached the output: the test would not see one"
    assert max(suspicious) < len(host.packets) - 3, "it runs on behind the last reload"


def test_wrong_crc_never_runs(tiny: Design) -> None:
    host = Host(make_plan(random_spec(tiny, 75), hardware(2, parameters="ram")))

    async def script(ctx):
        await host.load(ctx)
        await host.write(ctx, "control", 0)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(10)
        await host.write(ctx, "crc_expected", 1)
        await host.write(ctx, "control", 1)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(100)
        assert "crc" in await host.status(ctx)
        assert await host.read(ctx, "crc_failures") == 1
        assert await host.read(ctx, "control") & 1 == 0

    host.run(script)


def test_wrong_length_spikes_are_counted(tiny: Design) -> None:
    spec = random_spec(tiny, 76)
    adc = random_adc(tiny, 2, 76)
    spikes = list(adc.reshape(-1, tiny.block.samples))
    events = _events(len(spikes))
    expected = write_blocks(
        spec, encode(spec, adc).indices, blocks_per_packet=2, events=Events(events[::2, 0], events[:, 1])
    )
    host = Host(make_plan(spec, hardware(2, packet_blocks=2)))

    async def script(ctx):
        await host.write(ctx, "sidecar", 2)
        await host.spikes(
            ctx, [spikes[0], spikes[1][:5], np.zeros(40, dtype=int)], np.stack([events[0], [1, 2], [3, 4]])
        )
        await host.spikes(ctx, spikes[1:], events[1:])
        await host.flush(ctx)
        assert await host.read(ctx, "wrong_spikes") == 2
        assert "wrong" in await host.status(ctx)

    host.run(script)
    assert host.packets == expected


@pytest.mark.parametrize("decimation", [1, 2])
def test_a_wrong_spike_right_behind_takes_no_name_of_the_one_before(decimation: int) -> None:
    """Of one code, while the input buffer is full and the last code of a right one still waits for it."""
    spec = random_linear_spec(1, 64, 16, joint=True, classes=3, seed=3, decimation=decimation)
    adc = linear_adc(spec, 12, seed=4)
    events = _events(len(adc))
    named = Events(events[:, 0], events[:, 1])
    expected = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=3, events=named, sidecar=Sidecar.SPIKE)
    host = Host(make_plan(spec, hardware(64)))
    offered = [spike for block in adc for spike in (block[0], np.zeros(1, dtype=int))]

    async def script(ctx):
        await host.write(ctx, "packet_blocks", 3)
        await host.write(ctx, "sidecar", 2)
        await host.spikes(ctx, offered, [name for event in events for name in (event, (7, 7))])
        await host.flush(ctx)
        assert await host.read(ctx, "wrong_spikes") == len(adc)

    host.run(script)
    assert host.packets == expected


def test_oversized_packets_are_refused(tiny: Design) -> None:
    design = tiny.model_copy(update={"block": tiny.block.model_copy(update={"spikes": 16})})
    with pytest.raises(ValueError, match="packet_blocks = 64 makes packets of up to"):
        Chip(make_plan(random_spec(design, 77), hardware(2, packet_blocks=64)))


@pytest.mark.parametrize(("spikes", "classes", "fold", "places"), [(1, 1, 16, 2), (2, 1, 16, 2), (1, 16, 64, 1)])
def test_the_queue_of_events_holds_nothing_up(
    spikes: int, classes: int, fold: int, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deeper ones let blocks leave no sooner, however long packets wait in between."""
    spec = random_linear_spec(spikes, 32, 8, joint=True, classes=classes, seed=3)
    plan = make_plan(spec, hardware(fold))
    assert plan.feed.places == places
    adc = linear_adc(spec, 24, seed=4)
    events = _events(len(adc) * spikes)

    def played() -> tuple[int, list[bytes], list[int]]:
        host = Host(plan, pause=0.8)

        async def script(ctx):
            await host.write(ctx, "packet_blocks", 3)
            await host.write(ctx, "sidecar", 2)
            await host.spikes(ctx, adc.reshape(-1, adc.shape[-1]), events)
            await host.flush(ctx)

        host.run(script)
        return host.chip.event_depth, host.packets, host.ends

    depth, *found = played()
    monkeypatch.setattr(Encoder, "waiting", IN_FLIGHT)
    deepest, *expected = played()
    assert depth < deepest
    assert found == expected
