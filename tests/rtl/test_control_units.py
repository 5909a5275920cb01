"""Bus, registers and checks one by one: what they do, and in how many cycles, as their docstrings say."""

import zlib

import numpy as np
import pytest

from rtl.host.axi_lite import AxiLite
from rtl.host.parameter_store import ParameterStore
from rtl.host.register_map import OF_CHECKS, register
from rtl.host.registers import COUNTED, Registers
from rtl.host.scrubber import Scrubber
from rtl.host.supervisor import Supervisor
from rtl.memory.parameter_memory import ParameterMemory
from rtl.shape.images import Image
from tests.rtl.components import latency_of
from tests.rtl.streams import simulate

LATEST = 50


async def cycles_until(ctx, signal) -> int:
    """Clock edges until a signal is set."""
    for cycle in range(LATEST):
        if ctx.get(signal):
            return cycle
        await ctx.tick()
    raise TimeoutError(f"{signal.name} is not set within {LATEST} cycles")


def test_axi_lite_answers_reads_and_writes() -> None:
    dut = AxiLite(8)
    axi, bus, words = dut.axi, dut.bus, {5: 0x1234_5678}

    async def memory(ctx):
        answer = late = 0
        async for _, _, read, write, addr, data in ctx.tick().sample(bus.read, bus.write, bus.addr, bus.write_data):
            ctx.set(bus.read_data, late)
            late = answer
            if read:
                answer = late = words.get(addr, 0)
            if write:
                words[addr] = data

    async def script(ctx):
        for signal in (axi.bready, axi.rready):
            ctx.set(signal, 1)
        for strobe, refused in ((15, 0), (3, 2)):
            ctx.set(bus.error, refused // 2)
            ctx.set(axi.awaddr, 4 * 7)
            ctx.set(axi.wdata, 100 + strobe)
            ctx.set(axi.wstrb, strobe)
            ctx.set(axi.awvalid, 1)
            ctx.set(axi.wvalid, 1)
            assert ctx.get(axi.awready)
            assert ctx.get(bus.part) == refused // 2
            await ctx.tick()
            ctx.set(axi.awvalid, 0)
            ctx.set(axi.wvalid, 0)
            assert 1 + await cycles_until(ctx, axi.bvalid) == latency_of(AxiLite)
            assert ctx.get(axi.bresp) == refused
            await ctx.tick()
        ctx.set(axi.araddr, 4 * 5)
        ctx.set(axi.arvalid, 1)
        assert ctx.get(axi.arready)
        await ctx.tick()
        ctx.set(axi.arvalid, 0)
        assert 1 + await cycles_until(ctx, axi.rvalid) == 3
        assert ctx.get(axi.rdata) == 0x1234_5678

    simulate(dut, script, memory)
    assert words == {5: 0x1234_5678, 7: 103}, "a part of a word is told of"


def test_registers_keep_count_and_refuse() -> None:
    dut = Registers(None, {"timeout": 77}, most_blocks=8)
    bus = dut.bus

    async def script(ctx):
        async def read(name: str) -> int:
            ctx.set(bus.addr, register(name).offset // 4)
            ctx.set(bus.read, 1)
            await ctx.tick().repeat(latency_of(Registers))
            ctx.set(bus.read, 0)
            return ctx.get(bus.read_data)

        async def write(name: str, value: int) -> int:
            ctx.set(bus.addr, register(name).offset // 4)
            ctx.set(bus.write_data, value)
            ctx.set(bus.write, 1)
            refused = ctx.get(bus.error)
            await ctx.tick()
            ctx.set(bus.write, 0)
            return refused

        assert await read("identity") == 0x53434145
        assert await read("timeout") == 77
        assert ctx.get(dut.run) == 1, "built-in parameters run at once"
        assert await write("timeout", 9) == 0
        assert ctx.get(dut.timeout) == 9
        for name in OF_CHECKS:
            assert (await read(name), await write(name, 9), await read(name)) == (0, 1, 0), "nothing is checked"
        for name, asked, given in (("packet_blocks", 3, 3), ("packet_blocks", 0, 3), ("packet_blocks", 9, 3)):
            assert await write(name, asked) == (asked != given)
            assert ctx.get(getattr(dut, name)) == given
        ctx.set(dut.events, 0b11)
        ctx.set(dut.several, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.events, 0)
        assert (await read("spikes"), await read("blocks"), await read("packets")) == (3, 3, 0)
        assert await write("spikes", 1) == 0
        assert await read("spikes") == 0
        assert await write("identity", 1) == 1
        assert await write("spec_hash", 1) == 1, "that of built-in parameters is a constant"
        assert await read("status") & 1 << 9
        assert await write("status", 1 << 9) == 0
        assert await read("status") == 0
        assert await write("control", 2) == 0
        assert (ctx.get(dut.run), ctx.get(dut.flush)) == (0, 1)
        ctx.set(dut.flushed, 1)
        await ctx.tick()
        assert ctx.get(dut.flush) == 0

    simulate(dut, script)


@pytest.mark.parametrize("never", [(), ("overruns", "escapes")], ids=["all", "not all"])
def test_counters_that_count_in_every_cycle_lose_nothing(never: tuple[str, ...]) -> None:
    """All of them, with carries that come together, while they are read and cleared at random and begin anew; those of
    what cannot happen are 0, and cleared like others."""
    most = 16
    dut, names = (
        Registers(None, {}, most_blocks=8, most_spikes=most, never=never),
        [name for name in COUNTED if name not in OF_CHECKS],
    )
    draw = np.random.default_rng(7)
    places = {name: register(name).offset // 4 for name in names}
    bus, several, full = dut.bus, {"spikes", "wrong_spikes"}, (1 << len(COUNTED)) - 1

    async def script(ctx):
        counted, owed, asked = dict.fromkeys(names, 0), 0, None
        for cycle in range(3000):
            events, step = full, 0
            owed += 1
            if owed < draw.integers(1, most + 1):  # spikes stand for as many as there were cycles for them
                events &= ~sum(1 << COUNTED.index(name) for name in several)
            else:
                step, owed = owed, 0
            ctx.set(dut.events, events)
            ctx.set(dut.several, step)
            if asked:
                assert ctx.get(bus.read_data) == asked[1], asked[0]
                asked = None
            ctx.set(bus.read, 0)
            ctx.set(bus.write, 0)
            cleared = None
            if cycle % 2:
                name = str(draw.choice(names))
                ctx.set(bus.addr, places[name])
                if draw.random() < 0.02:
                    ctx.set(bus.write, 1)
                    assert ctx.get(bus.error) == 0
                    cleared = name
                else:
                    ctx.set(bus.read, 1)
                    asked = name, counted[name]
            await ctx.tick()
            for name in names:
                amount = 0 if name in never else step if name in several else 1
                counted[name] = 0 if name == cleared else counted[name] + amount

    simulate(dut, script)


def store() -> tuple[dict[str, Image], ParameterStore]:
    """A word of two lanes and one of one lane, with gaps between the regions."""
    images = {"wide": Image([0] * 5, 40), "narrow": Image([0] * 3, 20)}
    return images, ParameterStore(images, loadable=True)


def test_parameters_are_loaded_read_back_and_checked() -> None:
    _, dut = store()
    bus, regions = dut.bus, dut.regions
    draw = np.random.default_rng(6)
    places = [(region, n) for region in regions for n in range(region.words * region.lanes)]
    widths = {"wide": (32, 32), "narrow": (20,)}
    written = [int(draw.integers(1 << widths[region.name][n % region.lanes])) for region, n in places]

    async def script(ctx):
        ctx.set(bus.grant, 1)
        ctx.set(bus.write, 1)
        for (region, n), value in zip(places, written, strict=True):
            ctx.set(bus.addr, region.base + n)
            ctx.set(bus.write_data, value)
            await ctx.tick()
        ctx.set(bus.write, 0)
        ctx.set(bus.read, 1)
        for (region, n), value in zip(places, written, strict=True):
            ctx.set(bus.addr, region.base + n)
            await ctx.tick().repeat(latency_of(ParameterStore))
            assert ctx.get(bus.read_data) == value, (region, n)
        ctx.set(bus.grant, 0)
        ctx.set(dut.wide.en, 1)
        ctx.set(dut.wide.addr, 3)
        await ctx.tick().repeat(latency_of(ParameterStore))
        (base,) = (n for n, (region, at) in enumerate(places) if region.name == "wide" and at == 6)
        assert ctx.get(dut.wide.data) == (written[base] | written[base + 1] << 32) & ((1 << 40) - 1)

    simulate(dut, script)


@pytest.mark.parametrize("busy", [False, True])
def test_lanes_of_a_word_are_loaded_in_any_order(busy: bool) -> None:
    """Whether memories are written lane by lane, or by whole words."""
    words = [int(word) for word in np.random.default_rng(5).integers(1 << 62, size=8)]
    dut = ParameterMemory([0] * 8, 62, loadable=True, busy=busy)
    assert dut.in_whole_words == busy
    places = np.random.default_rng(6).permutation(16).tolist()

    async def script(ctx):
        ctx.set(dut.bus.grant, 1)
        for place in places:
            word, lane = divmod(place, 2)
            ctx.set(dut.bus.addr, word)
            ctx.set(dut.bus.write, 1 << lane)
            ctx.set(dut.bus.write_data, words[word] >> 32 * lane & 0xFFFFFFFF)
            await ctx.tick()
        ctx.set(dut.bus.write, 0)
        ctx.set(dut.bus.read, 1)
        for number, word in enumerate(words):
            ctx.set(dut.bus.addr, number)
            await ctx.tick()
            assert ctx.get(dut.bus.read_data) == word
        ctx.set(dut.bus.grant, 0)
        ctx.set(dut.user.en, 1)
        for number in (5, 2):
            ctx.set(dut.user.addr, number)
            await ctx.tick()
            assert ctx.get(dut.user.data) == words[number]

    simulate(dut, script)


def test_the_scrubber_reads_every_word_once() -> None:
    _, parameters = store()
    dut = Scrubber(parameters.regions, parameters.addr_bits)
    count = sum(region.words * region.lanes for region in parameters.regions)
    words = [int(word) for word in np.random.default_rng(7).integers(1 << 32, size=count)]
    asked = []

    async def memory(ctx):
        async for _, _, read, addr in ctx.tick().sample(dut.read, dut.addr):
            if read:
                ctx.set(dut.read_data, words[len(asked) % count])
                asked.append(addr)

    async def script(ctx):
        for _ in range(2):
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            assert ctx.get(dut.busy)
            assert 1 + await cycles_until(ctx, dut.done) == count + 2
            assert ctx.get(dut.crc) == zlib.crc32(b"".join(word.to_bytes(4, "little") for word in words))
            await ctx.tick()
            assert not ctx.get(dut.busy)

    simulate(dut, script, memory)
    places = [region.base + n for region in parameters.regions for n in range(region.words * region.lanes)]
    assert asked == places * 2


def test_the_supervisor_checks_runs_and_stops() -> None:
    dut = Supervisor(loadable=True)
    states = ("running", "checking", "halted")

    async def script(ctx):
        def state() -> str:
            (name,) = [name for name in states if ctx.get(getattr(dut, name))] or ["none"]
            return name

        async def pulse(signal) -> None:
            ctx.set(signal, 1)
            await ctx.tick().repeat(latency_of(Supervisor))
            ctx.set(signal, 0)

        ctx.set(dut.scrub_blocks, 3)
        assert (state(), ctx.get(dut.grant), ctx.get(dut.hold)) == ("halted", 1, 1)
        ctx.set(dut.run, 1)
        assert ctx.get(dut.check)
        await ctx.tick()
        assert state() == "checking"
        await pulse(dut.done)
        assert state() == "halted", "no match, no run"
        await ctx.tick()
        ctx.set(dut.matches, 1)
        await pulse(dut.done)
        assert (state(), ctx.get(dut.grant)) == ("running", 0)
        ctx.set(dut.busy, 1)
        for _ in range(3):
            assert not ctx.get(dut.hold)
            await pulse(dut.start)
        await ctx.tick()
        assert ctx.get(dut.hold), "a check is due, and waits for the block that is under way"
        await ctx.tick().repeat(5)
        assert state() != "checking"
        ctx.set(dut.busy, 0)
        await ctx.tick()
        assert state() == "checking"
        await pulse(dut.done)
        assert state() == "running"
        ctx.set(dut.run, 0)
        ctx.set(dut.stored, 1)
        await ctx.tick().repeat(5)
        assert (ctx.get(dut.stopping), ctx.get(dut.halted)) == (1, 0), "what is stored is sent first"
        ctx.set(dut.stored, 0)
        await ctx.tick()
        assert state() == "halted"

    simulate(dut, script)
