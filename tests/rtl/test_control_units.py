"""Bus, registers, checks and buffers one by one: what they do, and in how many cycles, as their docstrings say."""

import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

from rtl.host.axi_lite import AxiLite
from rtl.host.parameter_store import ParameterStore
from rtl.host.register_map import OF_CHECKS, register
from rtl.host.registers import Registers
from rtl.host.scrubber import Scrubber
from rtl.host.supervisor import Supervisor
from rtl.memory.parameter_memory import ParameterMemory
from rtl.shape.feed import Feed
from rtl.shape.images import Image
from rtl.units.input_buffer import InputBuffer
from rtl.units.requantizer import Requantizer
from rtl.units.word_buffer import WordBuffer
from tests.rtl.components import latency_of
from tests.rtl.streams import Port, pack, run, unpack

LATEST = 50


def simulate(dut, script, *others) -> None:
    simulator = Simulator(dut)
    for domain in ("sync", "always_on", "reading", "turning"):
        simulator.add_clock(1e-6, domain=domain, if_exists=True)
    for other in others:
        simulator.add_testbench(other, background=True)
    simulator.add_testbench(script)
    simulator.run()


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


def sample_beats(dut: InputBuffer, blocks: np.ndarray) -> list[int]:
    """Normalized blocks (n, M, D) as the buffer takes them."""
    layout, last = dut.i.payload.shape(), blocks.shape[-1] - 1
    return [
        layout.const({"value": int(value), "at": at, "end": at == last, "fits": at == last}).as_value().value
        for spike in blocks.reshape(-1, blocks.shape[-1])
        for at, value in enumerate(spike)
    ]


@pytest.mark.parametrize("pause", [0.0, 0.3])
@pytest.mark.parametrize("lanes", [1, 2, 8, 32])
def test_the_input_buffer_hands_on_chunks(lanes: int, pause: float) -> None:
    """All of one spike, then all of the next."""
    spikes, samples, blocks = 3, 32, 3
    values = np.random.default_rng(8).integers(-128, 128, (blocks, spikes, samples))
    dut = InputBuffer(Feed(spikes, samples, lanes, "chunks of each spike"))
    count = blocks * spikes * samples // lanes
    sink = Port(dut.o, count=count, pause=pause)
    run(dut, [Port(dut.i, sample_beats(dut, values), pause=pause)], [sink])
    assert [unpack(word, lanes, signed=True) for word in sink.got] == values.reshape(-1, lanes).tolist()


def test_the_input_buffer_is_zero_where_a_block_lacks_spikes() -> None:
    spikes, samples, lanes = 3, 8, 4
    values = np.random.default_rng(8).integers(1, 128, (1, 2, samples))
    dut = InputBuffer(Feed(spikes, samples, lanes, "chunks of each spike"))
    sink = Port(dut.o, count=spikes * samples // lanes)
    run(dut, [Port(dut.i, sample_beats(dut, values))], [sink], constants=[(dut.flush, 1)])
    # A flush that is asked for closes the block when no further spike follows.
    expected = [*values.reshape(-1, lanes).tolist(), *[[0] * lanes] * (samples // lanes)]
    assert [unpack(word, lanes, signed=True) for word in sink.got] == expected


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_the_input_buffer_is_walked_once_a_group(pause: float) -> None:
    spikes, samples, groups, blocks = 2, 5, 3, 2
    values = np.random.default_rng(8).integers(-128, 128, (blocks, spikes, samples))
    dut = InputBuffer(Feed(spikes, samples, spikes, repeats=groups))
    beats = sample_beats(dut, values)
    count = blocks * groups * samples
    sink = Port(dut.o, count=count, pause=pause)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink])
    expected = [values[b, :, at].tolist() for b in range(blocks) for _ in range(groups) for at in range(samples)]
    assert [unpack(word, spikes, signed=True) for word in sink.got] == expected
    if not pause:
        first = spikes * samples - 1 + latency_of(InputBuffer)
        assert sink.cycles == list(range(first, first + count)), "no gap between groups and blocks"


@pytest.mark.parametrize(("pause", "late"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.9), (0.3, 0.9)])
def test_a_block_of_a_word_stands_until_it_is_taken(pause: float, late: float) -> None:
    samples, blocks = 8, 12
    values = np.random.default_rng(8).integers(-128, 128, (blocks, 1, samples))
    dut = WordBuffer(Feed(1, samples, samples, "chunks of each spike"))
    sink = Port(dut.o, count=blocks, pause=late)
    run(dut, [Port(dut.i, sample_beats(dut, values), pause=pause)], [sink])
    assert [unpack(word, samples, signed=True) for word in sink.got] == values[:, 0].tolist()
    if not (pause or late):
        assert sink.cycles == [(block + 1) * samples - 1 + latency_of(WordBuffer) for block in range(blocks)]


def test_a_block_of_a_word_is_counted_held_and_left_out() -> None:
    """Of three spikes the second ends too soon: it is left out, and the third takes its place."""
    samples = 8
    layout = WordBuffer(Feed(1, samples, samples, "chunks of each spike")).i.payload.shape()
    dut = WordBuffer(Feed(1, samples, samples, "chunks of each spike"))
    spikes = [(samples, True), (5, False), (samples, True)]
    beats = [
        layout.const({"value": 10 * n + at, "at": at, "end": at == length - 1, "fits": fits and at == length - 1})
        for n, (length, fits) in enumerate(spikes)
        for at in range(length)
    ]
    counted: list[tuple[int, int, int]] = []

    async def script(ctx):
        for beat in beats:
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, beat)
            ctx.set(dut.hold, 1)
            outputs = dut.ended, dut.spike_end, dut.wrong_end, dut.start
            _, _, ended, good, wrong, started = await ctx.tick().sample(*outputs)
            assert not started, "held"
            if ended:
                counted.append((good, wrong, ctx.get(dut.backlog)))
        ctx.set(dut.i.valid, 0)
        assert counted == [(1, 0, 1), (0, 1, 1), (1, 0, 1)]
        assert (ctx.get(dut.i.ready), ctx.get(dut.o.valid)) == (0, 0), "both places are full"
        ctx.set(dut.hold, 0)
        ctx.set(dut.o.ready, 1)
        got = []
        for _ in range(6):
            _, _, valid, word = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            if valid:
                got.append(list(word))
        assert got == [list(range(samples)), [20 + at for at in range(samples)]]
        assert not ctx.get(dut.backlog)

    simulate(dut, script)


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_outputs_are_collected_and_requantized(pause: float) -> None:
    outputs, lanes, bits, vectors = 5, 2, 14, 6
    draw = np.random.default_rng(9)
    steps = -(-outputs // lanes)
    sums = draw.integers(-(1 << 13), 1 << 13, (vectors, steps * lanes))
    shifts = draw.integers(0, 12, (vectors, steps * lanes))
    dut = Requantizer(outputs, lanes, bits, 8)
    width = len(dut.i.payload.shift.as_value()) // lanes
    beats = [
        pack(sums[v, at : at + lanes], bits) | pack(shifts[v, at : at + lanes], width) << bits * lanes
        for v in range(vectors)
        for at in range(0, steps * lanes, lanes)
    ]
    sink = Port(dut.o, count=vectors, pause=pause)
    run(dut, [Port(dut.i, beats, pause=pause)], [sink])
    exact = np.floor(np.maximum(sums, 0) / 2.0**shifts + 0.5).clip(0, 255).astype(int)[:, :outputs]
    assert [unpack(word, outputs) for word in sink.got] == exact.tolist()
    if not pause:
        assert sink.cycles == [steps * (n + 1) - 1 + latency_of(Requantizer) for n in range(vectors)]
