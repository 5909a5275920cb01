"""docs/hardware.md, *Registers*: what it says of them is what the chip does at its pins."""

import re
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from rtl.chip import Chip
from rtl.host.load import load_writes
from rtl.host.parameter_store import lay_out
from rtl.host.register_map import POINT_HASHES, REGISTERS, TAKEN, Register, c_header, json_map, register, window_bit
from rtl.planning import make_plan
from spikecae.bitstream.events import Events
from spikecae.bitstream.payload import write_blocks, write_snippets
from spikecae.design import Design, load_design
from spikecae.golden import encode
from spikecae.spec import load_spec
from tests.planted import front_end
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(0x..)` \| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*) \|$", TEXT, re.M)
SLVERR = 2
CHIPS = ["loadable", "built in", "front end"]


def host_of(tiny: Design, kind: str) -> Host:
    plan = make_plan(
        random_spec(tiny, 5), hardware(2, parameters="rom" if kind == "built in" else "ram", packet_blocks=4)
    )
    detector = front_end(4, 2, samples=tiny.block.samples) if kind == "front end" else None
    return Host(plan, Chip(plan, detector))


def kinds(entry: Register) -> str:
    """What the document's table says of when it is taken."""
    if not entry.fields:
        return entry.takes or "never"
    named = [(bit.name, bit.takes or "never") for bit in entry.fields]
    groups = [(when, [name for name, _ in own]) for when, own in groupby(named, key=lambda each: each[1])]
    return "; ".join(f"{', '.join(names)} {when}" for when, names in groups)


def test_the_table_has_every_register() -> None:
    wanted = sorted(REGISTERS, key=lambda entry: entry.offset)
    assert [(int(offset, 16), name, access, what) for offset, name, access, _, _, what in ROWS] == [
        (entry.offset, entry.name, entry.access, entry.description) for entry in wanted
    ]
    for row, entry in zip(ROWS, wanted, strict=True):
        assert (row[4] if entry.fields else cell(row[4], "with all")) == kinds(entry)


def test_header_and_json_say_of_each_bit_when_it_is_taken() -> None:
    header, listed = c_header([], 10), json_map([], 10)["registers"]
    lines = dict(re.findall(r"^#define SPIKE_ENCODER_(\w+) 0x\w+ /\* (?:.*; )?(.*) \*/$", header, re.M))
    for entry, in_json in zip(REGISTERS, listed, strict=True):
        assert (in_json["name"], in_json["takes"]) == (entry.name, entry.takes)
        assert [(bit["name"], bit["bit"], bit["takes"]) for bit in in_json["fields"]] == [
            (bit.name, bit.bit, bit.takes) for bit in entry.fields
        ]
        assert (entry.takes is None) == (entry.access == "ro")
        for name, takes in ((entry.name, entry.takes), *((f"{entry.name}_{b.name}", b.takes) for b in entry.fields)):
            said = (
                "cleared by a write" if entry.access == "count" else f"taken {TAKEN[takes]}" if takes else "read-only"
            )
            assert lines.pop(name.upper()) == said
    assert not lines
    assert "#define SPIKE_ENCODER_CONTROL_RAW 0x4 /*" in header


def test_each_register_is_taken_as_the_table_says(tiny: Design) -> None:
    """With a packet open: what waits for it makes the chip say so, what is live counts or reads back at once."""
    host = host_of(tiny, "front end")
    values = {"packet_blocks": 3, "sidecar": 1, "threshold": 99, "rate_limit": 77, "rate_burst": 5000}
    found: dict[str, str] = {}

    async def script(ctx):
        await host.load(ctx)
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(50)
        for entry in REGISTERS:
            if entry.fields or entry.access == "count":
                continue
            if "idle" in await host.status(ctx):
                await host.spikes(ctx, random_adc(tiny, 1, 5)[0], [(0, 0)] * 2)
            before = await host.read(ctx, entry.name)
            if await host.write(ctx, entry.name, values.get(entry.name, 0x12345)):
                found[entry.name] = "never"
                continue
            waits = "waits" in await host.status(ctx)
            assert await host.read(ctx, entry.name) == values.get(entry.name, 0x12345)
            found[entry.name] = "packet" if waits else "live"
            await host.write(ctx, entry.name, before)
        assert await host.write(ctx, "control", 5) == 0
        found["raw"] = "halted" if await host.read(ctx, "control") == 1 else "live"

    host.run(script)
    absent = {"point", *POINT_HASHES}
    wanted = {entry.name: entry.takes or "never" for entry in REGISTERS if entry.name in found}
    assert found == wanted | dict.fromkeys(absent, "never") | {"raw": "halted"}


def cell(text: str, kind: str) -> str:
    """What a cell says of a kind of chip: first of loadable ones with all that there is, then where others differ."""
    first, *others = text.split("; ")
    for other in others:
        if kind == "built in" and other.startswith("built in "):
            return other.removeprefix("built in ")
        if kind in ("loadable", "built in") and other.startswith(("without one ", "without a front end ")):
            return other.split()[-1]
        if other.startswith(("with one point ", "without it ")) and kind in CHIPS:
            return other.split()[-1]
    return first


def at_reset(name: str, text: str, host: Host) -> int:
    plan, words = host.plan, {}
    words["the hash"] = int(plan.spec.hash[:8], 16)
    words["hardware.packet_blocks"] = plan.hardware.packet_blocks
    words["the front end's"] = front_end(4, 2, samples=plan.spec.samples).gain
    share = 100 * sum(region.words * region.lanes for region in lay_out(plan.images)) / plan.cycles_per_block
    words["below"] = next(1 << n for n in range(32) if 1 << n > share)
    words["eight longest blocks"] = 8 * host.chip.longest_block
    text = text.strip("`")
    return words[text] if text in words else int(text.replace(",", ""), 0)


@pytest.mark.parametrize("kind", CHIPS)
def test_values_at_reset_and_what_may_be_written(tiny: Design, kind: str) -> None:
    host, found, answers = host_of(tiny, kind), {}, {}
    written = {"control": 4, "threshold": 0x5A, "packet_blocks": 3, "sidecar": 2}
    written |= {"rate_limit": 0x5A5A5A, "rate_burst": 0xA5A5A5}

    async def script(ctx):
        for entry in REGISTERS:
            found[entry.name] = await host.read(ctx, entry.name)
        for entry in REGISTERS:
            value = written.get(entry.name, 0x5A5A5A5A)
            answers[entry.name] = await host.write(ctx, entry.name, value), await host.read(ctx, entry.name)

    host.run(script)
    kept = written | {"control": 0 if kind == "built in" else 4}
    for _, name, access, reset, when, _ in ROWS:
        assert found[name] == at_reset(name, cell(reset, kind), host), name
        response, value = answers[name]
        refused = cell(when, kind) == "never"
        assert response == (SLVERR if refused else 0), name
        if refused and access != "count":
            assert value == found[name], name
        elif access == "count":
            assert value == 0, name
        elif name != "status":
            assert value == kept.get(name, 0x5A5A5A5A), name


def test_a_write_of_a_part_of_a_word_does_nothing(tiny: Design) -> None:
    host, found = host_of(tiny, "loadable"), []
    parameter = 1 << window_bit(host.chip.addr_bits)

    async def script(ctx):
        for offset in (register("timeout").offset, parameter):
            await host.write(ctx, offset, 0x12345678)
            for strobe in range(15):
                c = host.chip
                for signal, level in ((c.s_axil_awaddr, offset), (c.s_axil_wdata, 0), (c.s_axil_wstrb, strobe)):
                    ctx.set(signal, level)
                ctx.set(c.s_axil_awvalid, 1)
                ctx.set(c.s_axil_wvalid, 1)
                await ctx.tick().until(c.s_axil_awready & c.s_axil_wready)
                ctx.set(c.s_axil_awvalid, 0)
                ctx.set(c.s_axil_wvalid, 0)
                _, _, valid, response = await ctx.tick().sample(c.s_axil_bvalid, c.s_axil_bresp)
                found.append((valid, response))
            assert await host.read(ctx, offset) == 0x12345678 & ((1 << 28) - 1 if offset == parameter else ~0)
        assert await host.read(ctx, "refused_writes") == 30
        assert "refused" in await host.status(ctx)

    host.run(script)
    assert host.plan.tables["parameters"].image.width == 28
    assert found == [(1, SLVERR)] * 30


@pytest.mark.parametrize("kind", ["loadable", "built in"])
def test_addresses_without_a_register(tiny: Design, kind: str) -> None:
    host = host_of(tiny, kind)
    known = {entry.offset for entry in REGISTERS}
    end = 1 << (window_bit(host.chip.addr_bits) if kind == "loadable" else 12)
    absent = [offset for offset in (*range(0, 0x80, 4), 0x100, end // 2, end - 4) if offset not in known]

    async def script(ctx):
        for byte in range(4):
            assert await host.read(ctx, byte) == int.from_bytes(b"SCAE", "big")
        for offset in absent:
            assert await host.read(ctx, offset) == 0
            assert await host.write(ctx, offset, 1) == SLVERR
        assert await host.read(ctx, "refused_writes") == len(absent)
        assert "refused" in await host.status(ctx)

    host.run(script)


def test_addresses_without_a_parameter(tiny: Design) -> None:
    host = host_of(tiny, "loadable")
    window, c = 1 << window_bit(host.chip.addr_bits), host.chip
    regions = lay_out(host.plan.images)
    words = {region.base + n for region in regions for n in range(region.words * region.lanes)}
    holes = [n for n in range(window // 4) if n not in words]
    chosen = [n for n in holes if n - 1 in words or n + 1 in words or n == holes[-1]]
    assert len(chosen) > 3
    assert holes[-1] >> host.chip.addr_bits, "beyond all memories, where addresses might wrap"
    found = []

    async def script(ctx):
        for offset, value in load_writes(host.plan)[: len(words)]:
            await host.write(ctx, offset, value)
        for word in chosen:
            assert await host.write(ctx, window + 4 * word, 0xFFFFFFFF) == SLVERR
            assert await host.read(ctx, window + 4 * word) == 0
            found.append(ctx.get(c.s_axil_rresp))
        for offset, value in load_writes(host.plan)[: len(words)]:
            assert await host.read(ctx, offset) == value
            assert ctx.get(c.s_axil_rresp) == 0
        assert await host.read(ctx, "refused_writes") == len(chosen)

    host.run(script)
    assert found == [SLVERR] * len(chosen)


def test_address_widths() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d,]+) \| (\d+) \|$", TEXT, re.M)
    assert [name for name, *_ in rows] == ["neuropixels", "wave_clus", "hc1", "tiny"]
    for name, fold, words, bits in rows:
        design = load_design(ROOT / "designs" / f"{name}.toml")
        plan = make_plan(load_spec(ROOT / "designs" / name), design.hardware)
        chip = Chip(plan)
        regions = lay_out(plan.images)
        assert (design.hardware.fold, len(chip.s_axil_awaddr), len(chip.s_axil_araddr)) == (
            int(fold),
            int(bits),
            int(bits),
        )
        assert sum(region.words * region.lanes for region in regions) == int(words.replace(",", ""))
    built_in = make_plan(plan.spec, design.hardware.model_copy(update={"parameters": "rom"}))
    assert len(Chip(built_in).s_axil_awaddr) == 12


def test_raw_mode_and_parameters_are_taken_while_halted_only(tiny: Design) -> None:
    host = host_of(tiny, "loadable")
    parameter, first = load_writes(host.plan)[0]

    async def script(ctx):
        await host.load(ctx)
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(50)
        assert await host.write(ctx, "control", 5) == 0
        assert await host.read(ctx, "control") == 1
        assert await host.read(ctx, parameter) == 0
        assert await host.write(ctx, parameter, 0) == SLVERR
        await host.write(ctx, "control", 0)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(10)
        await host.write(ctx, "control", 4)
        assert await host.read(ctx, "control") == 4
        assert await host.read(ctx, parameter) == first

    host.run(script)


def test_while_it_stops_it_neither_runs_nor_is_halted(tiny: Design) -> None:
    host = host_of(tiny, "loadable")
    adc = random_adc(tiny, 2, 5)

    async def script(ctx):
        await host.load(ctx)
        await host.spikes(ctx, adc.reshape(-1, tiny.block.samples), [(0, 0)] * 4)
        await host.write(ctx, "control", 0)
        assert not {"running", "checking", "halted", "idle"} & await host.status(ctx)
        while "halted" not in await host.status(ctx):
            await ctx.tick().repeat(10)
        assert "idle" in await host.status(ctx)

    host.run(script)
    assert len(host.packets) == 1


@pytest.mark.slow
def test_what_may_always_be_written_changes_no_packet(tiny: Design) -> None:
    """Settings and counters are written again and again while spikes are encoded; checks come and go."""
    spec = random_spec(tiny, 5)
    host = Host(make_plan(spec, hardware(2, parameters="ram", packet_blocks=2)))
    adc = random_adc(tiny, 12, 5)
    expected = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=2)
    crc = next(value for offset, value in load_writes(host.plan) if offset == register("crc_expected").offset)
    values = {"scrub_blocks": [1, 0x50001, 3, 0], "scrub_idle": [300, 0, 1 << 30], "timeout": [1 << 20, 0, 1 << 31]}
    values |= {"rate_limit": [0], "rate_burst": [1 << 20, 1 << 16]}  # without a limit nothing is dropped
    present = [name for _, name, _, _, when, _ in ROWS if cell(when, "loadable") != "never"]
    always = [name for name in present if register(name).takes == "live"]
    assert {*values, "control", "status", "crc_expected"} < set(always)
    fed = []

    async def feed(ctx):
        await host.load(ctx)
        await host.spikes(ctx, adc.reshape(-1, tiny.block.samples), [(0, 0)] * 24)
        fed.append(True)

    async def script(ctx):
        rng = np.random.default_rng(5)
        while "running" not in await host.status(ctx):
            await ctx.tick().repeat(50)
        written = 0
        while not fed:
            name = always[rng.integers(len(always))]
            value = {"control": 1, "crc_expected": crc}.get(name, rng.choice(values.get(name, [0xFFFFFFFF])))
            assert await host.write(ctx, name, int(value)) == 0
            await ctx.tick().repeat(int(rng.integers(1, 20)))
            written += 1
        await host.flush(ctx)
        assert written > 100

    host.simulator.add_testbench(feed, background=True)
    host.run(script)
    assert host.packets == expected


def test_values_that_a_register_cannot_have_are_refused(tiny: Design) -> None:
    host = host_of(tiny, "front end")
    wrong = {"packet_blocks": (0, 5, 0x100, 0xFFFFFFFF), "sidecar": (3, 4, 0x10000), "threshold": (0, 0x100, 1 << 31)}

    async def script(ctx):
        refused = 0
        for name, values in wrong.items():
            before = await host.read(ctx, name)
            for value in values:
                assert await host.write(ctx, name, value) == SLVERR
                refused += 1
            assert await host.read(ctx, name) == before
        assert await host.read(ctx, "refused_writes") == refused
        assert "refused" in await host.status(ctx)

    host.run(script)


@pytest.mark.parametrize("sidecar", [0, 1, 2])
def test_raw_packets_and_the_sidecar(tiny: Design, sidecar: int) -> None:
    spikes = random_adc(tiny, 4, 5).reshape(-1, tiny.block.samples)
    events = Events(np.arange(8), np.arange(8) * 1000)
    host = host_of(tiny, "loadable")
    room = host.chip.packet_buffer_bytes // (2 * tiny.block.samples + 6)
    most = min(room, 3)
    counts = {}

    async def script(ctx):
        await host.write(ctx, "control", 4)
        await host.write(ctx, "sidecar", sidecar)
        await host.write(ctx, "packet_blocks", 3)
        for offset, value in load_writes(host.plan):
            await host.write(ctx, offset, value | 4 if offset == register("control").offset else value)
        await host.spikes(
            ctx,
            [*spikes[:4], spikes[4][:7], *spikes[4:]],
            [
                *zip(range(4), range(0, 4000, 1000), strict=True),
                (9, 9),
                *zip(range(4, 8), range(4000, 8000, 1000), strict=True),
            ],
        )
        await host.flush(ctx, control=7)
        for name in ("spikes", "packets", "bytes", "blocks", "wrong_spikes"):
            counts[name] = await host.read(ctx, name)

    host.run(script)
    expected = write_snippets(
        host.plan.spec.tag, spikes, snippets_per_packet=most, events=events if sidecar == 2 else None
    )
    assert host.packets == expected
    sent = sum(map(len, expected))
    assert counts == {"spikes": 8, "packets": len(expected), "bytes": sent, "blocks": 0, "wrong_spikes": 1}
