"""A chip between third-party models of its three buses (cocotbext-axi). Runs inside a simulator, as
:mod:`sim.cocotb_bench` does, whose folder it reads."""

import json
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import cocotb
from cocotb.handle import HierarchyObject, LogicArrayObject, LogicObject
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import (
    AxiResp,
    AxiStreamFrame,
)

from rtl.host.register_map import register
from sim.batch import unframe
from sim.cocotb_bench import ADC, FOLDER, GOLDEN, LOAD, MANIFEST, PERIOD_NS, Buses, pauses
from tests.sim.buses.pins import Pins

BLOCKS = len(ADC)
PATIENCE = 8 * (BLOCKS + 1) * (MANIFEST.latency_cycles + MANIFEST.cycles_per_block) * PERIOD_NS
"""That a packet takes at most."""
LIMITED = {"timeout_time": 6 * PATIENCE + 200 * len(LOAD) * PERIOD_NS, "timeout_unit": "ns"}
"""What a test takes, else it fails: a broken chip may take nothing any more."""
KINDS = ["none", "alternating", "bursts"]
FULL_RATE = 4
"""Times that the blocks are sent in a row."""
SETTLED = 2
"""Packets that fill the pipeline first."""
RUNNING = 1
WATCHED = ("spikes", "blocks", "packets", "bytes", "input_stalls", "output_stalls", "wrong_spikes", "refused_writes")


class Host(Buses):
    """Clock, reset and a model on each bus."""

    def __init__(self, dut: Any) -> None:
        super().__init__(dut)
        self.pins = Pins(dut)
        self.accesses = self.refused = 0

    async def reset(self, *, loaded: bool = True) -> None:
        """Hold ``aresetn`` low for some cycles; start the chip."""
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 5)
        self.source.clear()
        self.sink.clear()
        self.refused = 0
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 1)
        if loaded:
            await self.load()

    async def load(self) -> None:
        """All parameters, and packets of one block."""
        for offset, value in [(register("packet_blocks").offset, 1), *LOAD]:
            assert await self.write(offset, value) == AxiResp.OKAY

    async def write(self, offset: int, value: int, size: int = 4) -> Any:
        """Write so many bytes of a word; the answer."""
        self.accesses += 1
        answer = await self.registers.write(offset, value.to_bytes(4, "little")[:size])
        self.refused += answer.resp != AxiResp.OKAY
        return answer.resp

    async def read(self, name: str) -> int:
        """A register by its name."""
        self.accesses += 1
        answer = await self.registers.read(register(name).offset, 4)
        assert answer.resp == AxiResp.OKAY
        return int.from_bytes(answer.data, "little")

    def pause(self, idle: str, back_pressure: str) -> None:
        """On every bus: what drives it idles, what takes from it holds back."""
        write, read = self.registers.write_if, self.registers.read_if
        driven = (self.source, write.aw_channel, write.w_channel, read.ar_channel)
        for seed, (channels, kind) in enumerate(
            ((driven, idle), ((self.sink, write.b_channel, read.r_channel), back_pressure))
        ):
            for number, channel in enumerate(channels):
                generator = pauses(kind, 10 * seed + number)
                if generator is not None:
                    channel.set_pause_generator(generator)

    async def send(self, first: int = 0, last: int = BLOCKS) -> None:
        """Queue blocks, a frame for each spike; the spikes of a block have one time."""
        for number in range(first, last):
            for spike in ADC[number % BLOCKS]:
                frame = AxiStreamFrame(spike.astype("<i2").tobytes(), tuser=7 | (number + 1) * 1000 << 16)
                await self.source.send(frame)

    async def receive(self, blocks: int) -> None:
        """So many packets since reset are golden's."""
        for number in range(blocks):
            packet = bytes((await with_timeout(self.sink.recv(), PATIENCE, "ns")).tdata)
            got, wanted = unframe(packet, number, MANIFEST), GOLDEN.payloads[number % BLOCKS]
            assert got == wanted, f"packet {number}: {got.hex()}, golden is {wanted.hex()}"

    async def finish(self, blocks: int) -> None:
        """Nothing is left over, no rule was broken, and the chip counted what its pins did."""
        await ClockCycles(self.dut.aclk, MANIFEST.latency_cycles + MANIFEST.cycles_per_block)
        assert self.sink.empty(), "a packet came behind the last block's"
        assert self.source.idle(), "samples are left"
        pins, counts = self.pins, self.pins.counts
        assert pins.faults == [], pins.faults[:3]
        found = {name: await self.read(name) for name in WATCHED}
        assert found == {
            "spikes": counts.spikes,
            "blocks": blocks,
            "packets": counts.packets,
            "bytes": counts.bytes,
            "input_stalls": counts.input_stalls,
            "output_stalls": counts.output_stalls,
            "wrong_spikes": 0,
            "refused_writes": self.refused,
        }
        assert counts.packets == blocks
        assert counts.spikes == blocks * MANIFEST.spikes

    def note(self, **more: int) -> None:
        """Add to what the whole bench has counted."""
        path = FOLDER / "counts.json"
        found = Counter(json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})
        found.update(vars(self.pins.counts))
        found.update(accesses=self.accesses, **more)
        self.accesses = 0
        path.write_text(json.dumps(found), encoding="utf-8")


@cocotb.test(**LIMITED)
@cocotb.parametrize(idle=KINDS, back_pressure=KINDS)
async def every_bus_idles_and_holds_back(dut: Any, idle: str, back_pressure: str) -> None:
    """Packets are golden's while registers are read and written, rightly and wrongly, and every stall is counted."""
    host = Host(dut)
    await host.reset()
    host.pause(idle, back_pressure)
    draw = random.Random(f"{idle} {back_pressure}")
    await host.send()
    receiving = cocotb.start_soon(host.receive(BLOCKS))
    while not receiving.done():
        kind = draw.randrange(5)
        if kind == 0:
            value = draw.getrandbits(32)
            assert await host.write(register("timeout").offset, value | 1 << 31) == AxiResp.OKAY
            assert await host.read("timeout") == value | 1 << 31
        elif kind == 1:
            assert await host.write(register("identity").offset, 0) == AxiResp.SLVERR
        elif kind == 2:
            assert await host.write(register("timeout").offset, 0, size=draw.randrange(1, 4)) == AxiResp.SLVERR
        elif kind == 3:
            assert await host.read("identity") == 0x53434145
        else:
            await ClockCycles(dut.aclk, draw.randrange(1, 60))
    await receiving
    await host.finish(BLOCKS)
    if back_pressure != "none":
        assert host.pins.counts.output_stalls > 0
    host.note(blocks=BLOCKS)


@cocotb.test(**LIMITED)
async def no_cycle_is_lost_at_full_rate(dut: Any) -> None:
    """A spike on an idle chip is taken in as many cycles as it has samples, a packet leaves in as many as it has bytes,
    and blocks follow each other in as many as the manifest says."""
    host = Host(dut)
    await host.reset()
    while not await host.read("status") & RUNNING:
        pass
    await host.send(0, 1)
    while host.pins.counts.spikes < 1:
        await ClockCycles(dut.aclk, 1)
    assert host.pins.counts.input_stalls == 0
    await host.send(1, FULL_RATE * BLOCKS)
    await host.receive(FULL_RATE * BLOCKS)
    await host.finish(FULL_RATE * BLOCKS)
    counts, ends = host.pins.counts, host.pins.ends[SETTLED:]
    assert (counts.packet_gaps, counts.output_stalls) == (0, 0)
    period = (ends[-1] - ends[0]) / (len(ends) - 1)
    assert period <= 1.01 * MANIFEST.cycles_per_block, f"{period} cycles a block, {MANIFEST.cycles_per_block} predicted"
    host.note(blocks=FULL_RATE * BLOCKS)


async def within_a_spike(host: Host, draw: random.Random) -> None:
    """Some of a spike's samples are taken."""
    await host.send()
    beats = MANIFEST.samples * draw.randrange(MANIFEST.spikes * BLOCKS // 2) + draw.randrange(1, MANIFEST.samples)
    while host.pins.counts.beats < beats:
        await ClockCycles(host.dut.aclk, 1)


async def within_a_packet(host: Host, draw: random.Random) -> None:
    """Some of a packet's bytes are sent."""
    await host.send()
    taken = draw.randrange(1, 2 * len(GOLDEN.payloads[0]))
    while host.pins.counts.bytes < taken:
        await ClockCycles(host.dut.aclk, 1)


async def within_a_load(host: Host, draw: random.Random) -> None:
    """Some of the parameters are loaded, and an access is under way; the chip may run already."""
    await host.reset(loaded=False)
    loading = cocotb.start_soon(host.load())
    await ClockCycles(host.dut.aclk, draw.randrange(1, 4 * len(LOAD) + 8))
    loading.cancel()


async def within_a_check(host: Host, draw: random.Random) -> None:
    """Parameters are checked over and over while blocks are under way."""
    await host.send()
    await host.write(register("scrub_idle").offset, 1)
    await ClockCycles(host.dut.aclk, draw.randrange(1, 400))


RESETS: list[Callable[[Host, random.Random], Awaitable[None]]]
RESETS = [within_a_spike, within_a_packet, within_a_load, within_a_check]
TIMES = 3
"""Resets of each kind."""


@cocotb.test(**LIMITED)
@cocotb.parametrize(kind=range(len(RESETS)))
async def a_reset_leaves_no_trace(dut: Any, kind: int) -> None:
    """Whatever the chip was about, what follows is as behind the first reset."""
    host = Host(dut)
    await host.reset()
    draw = random.Random(kind)
    for _ in range(TIMES):
        await RESETS[kind](host, draw)
        await host.reset()
        await host.send()
        await host.receive(BLOCKS)
        await host.finish(BLOCKS)
        host.note(blocks=BLOCKS, resets=1)


def unknown(within: HierarchyObject, registers: set[str]) -> Iterator[str]:
    """Registers with unknown bits."""
    for handle in within:
        if isinstance(handle, HierarchyObject):
            yield from unknown(handle, registers)
        elif (
            isinstance(handle, (LogicObject, LogicArrayObject))
            and handle._name in registers
            and not handle.value.is_resolvable
        ):
            yield handle._path


if "icarus" in cocotb.SIM_NAME.lower():

    @cocotb.test(**LIMITED)
    async def nothing_stays_unknown(dut: Any) -> None:
        """Behind a reset, a load and a few blocks no register has an unknown bit, though all begin so. What comes of
        words that no memory was given yet ends at wires."""
        host = Host(dut)
        await host.reset()
        await host.send()
        await host.receive(BLOCKS)
        await host.finish(BLOCKS)
        text = Path(dut.dut._def_file).read_text(encoding="utf-8")
        registers = set(re.findall(r"^ +\\?(\S+?)(?:\[[^]]*\])? <= ", text, re.M))
        assert len(registers) > 50
        assert sorted(unknown(dut.dut, registers)) == []
        host.note(blocks=BLOCKS, registers=len(registers))
