"""The cocotb bench: idle cycles × back-pressure, every frame and every tap against golden, nothing left over.

Runs inside a simulator, on the wrapper of :mod:`sim.wrapper`; :mod:`sim.cocotb_run` builds and starts it and
names the folder of its vectors in the environment variable ``SPIKECAE_BENCH``.
"""

import json
import os
import random
from collections.abc import Iterator
from itertools import chain, cycle, repeat
from pathlib import Path
from typing import Any, NoReturn

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from rtl.host.register_map import register
from rtl.manifest import Manifest
from sim.batch import unframe
from sim.compare import compare
from sim.points import encode_at, points_of
from sim.stage import escapes_sent
from sim.wrapper import tap_slots
from spikecae.golden import EncodedBlocks, encode
from spikecae.spec.operating_points import load_operating_points

FOLDER = Path(os.environ["SPIKECAE_BENCH"])
SPECS = load_operating_points(FOLDER)
SPEC = SPECS[0]
MANIFEST = Manifest.model_validate_json((FOLDER / "manifest.json").read_text(encoding="utf-8"))
LOAD = json.loads((FOLDER / "load.json").read_text(encoding="utf-8"))
ADC = np.load(FOLDER / "adc.npy", allow_pickle=False)
GOLDEN = encode(SPEC, ADC)
PERIOD_NS = 10


def pauses(kind: str, seed: int) -> Iterator[bool] | None:
    """Whether each cycle is a pause."""
    draw = random.Random(seed)
    match kind:
        case "none":
            return None
        case "alternating":
            return cycle([True, False])
        case _:
            bursts = (repeat(pause, draw.randint(1, 60)) for pause in cycle([True, False]))
            return chain.from_iterable(bursts)


class TapMonitor:
    """Collects the transfers of every tap, as values in the order of the chip."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._slots = tap_slots(MANIFEST)
        self.values: dict[str, list[int]] = {tap.stage: [] for tap in MANIFEST.taps}
        cocotb.start_soon(self._run())

    def clear(self) -> None:
        """Forget everything."""
        for values in self.values.values():
            values.clear()

    def arrays(self, blocks: int) -> dict[str, np.ndarray]:
        """(blocks, values) of each stage, (1, values) where they are not as many as ``blocks`` blocks have."""
        arrays = {}
        for tap in MANIFEST.taps:
            values = np.array(self.values[tap.stage], dtype=np.int64)
            whole = values.size == blocks * tap.transfers_per_block * tap.elements
            arrays[tap.stage] = values.reshape(blocks if whole else 1, -1)
        return arrays

    async def _run(self) -> NoReturn:
        while True:
            await RisingEdge(self._dut.aclk)
            fired = self._dut.tap_fire.value
            if not fired.is_resolvable or not int(fired):
                continue
            # Only the taps that fire need known bits: what idles may hold anything.
            text = str(self._dut.tap_payload.value)
            for number, slot in enumerate(self._slots):
                if int(fired) >> number & 1:
                    tap, low = slot.tap, len(text) - 32 * slot.word
                    for n in range(tap.elements):
                        bits = text[low - (n + 1) * tap.width : low - n * tap.width]
                        value = int(bits, 2)
                        negative = tap.signed and bits[0] == "1"
                        self.values[tap.stage].append(value - (1 << tap.width) if negative else value)


class Buses:
    """A running clock, and a model on each of the device's buses."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        Clock(dut.aclk, PERIOD_NS, unit="ns").start()
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.aclk, **reset)


class Bench(Buses):
    """Clock, reset, AXI4-Stream drivers and tap monitor around the device."""

    def __init__(self, dut: Any) -> None:
        super().__init__(dut)
        self.taps = TapMonitor(dut)

    async def reset(self) -> None:
        """Hold ``aresetn`` low for some cycles, and start the chip; forget what came so far."""
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 5)
        self.source.clear()
        self.sink.clear()
        self.taps.clear()
        self.dut.aresetn.value = 1
        await self.write("packet_blocks", 1)
        for offset, value in LOAD:
            await self.write(offset, value)

    def pause(self, idle: str, back_pressure: str) -> None:
        """Pause input and output as these patterns say."""
        for stream, kind, seed in ((self.source, idle, 1), (self.sink, back_pressure, 2)):
            generator = pauses(kind, seed)
            if generator is not None:
                stream.set_pause_generator(generator)

    async def write(self, register_or_offset: str | int, value: int) -> None:
        """Write to a register by name, or to a byte offset."""
        offset = register_or_offset
        if isinstance(offset, str):
            offset = register(offset).offset
        answer = await self.registers.write(offset, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, f"the chip refuses to write {value:#x} to offset {offset:#x}"

    async def send(self, adc: np.ndarray) -> None:
        """Queue blocks (n, M, D), a frame for each spike."""
        for spike in adc.reshape(-1, adc.shape[-1]):
            await self.source.send(AxiStreamFrame(spike.astype("<i2").tobytes()))

    async def receive(self, blocks: int, slowness: int) -> list[bytes]:
        """Payloads of the first packets since reset, one block each.

        Raises:
            cocotb.triggers.SimTimeoutError: a frame takes many times as long as it should.
        """
        limit = 4 * slowness * (MANIFEST.latency_cycles + MANIFEST.cycles_per_block) * PERIOD_NS
        packets = [bytes((await with_timeout(self.sink.recv(), limit, "ns")).tdata) for _ in range(blocks)]
        return [unframe(packet, number, MANIFEST) for number, packet in enumerate(packets)]

    async def check(self, golden: EncodedBlocks, slowness: int) -> None:
        """Receive the frames of these blocks; they and all taps must equal golden, and nothing may follow."""
        blocks = len(golden.payloads)
        payloads = await self.receive(blocks, slowness)
        await ClockCycles(self.dut.aclk, slowness * (MANIFEST.latency_cycles + MANIFEST.cycles_per_block))
        result = compare(MANIFEST, golden, self.taps.arrays(blocks), payloads)
        assert result.first is None, f"{result.total} values differ; the first: {result.first}"
        assert self.sink.empty(), "a frame came behind the last block's"
        assert self.source.idle(), "the encoder has not taken all samples"
        answer = await self.registers.read(register("escapes").offset, 4)
        assert int.from_bytes(answer.data, "little") == escapes_sent(SPEC, ADC[:blocks])


@cocotb.test()
@cocotb.parametrize(idle=["none", "alternating", "bursts"], back_pressure=["none", "alternating", "bursts"])
async def equals_golden(dut: Any, idle: str, back_pressure: str) -> None:
    """Frames and taps are golden's under every pattern of idle cycles and back-pressure."""
    bench = Bench(dut)
    await bench.reset()
    bench.pause(idle, back_pressure)
    await bench.send(ADC)
    await bench.check(GOLDEN, slowness=4)


@cocotb.test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset at any moment leaves no trace in the blocks that follow."""
    bench = Bench(dut)
    await bench.reset()
    draw = random.Random(3)
    for _ in range(4):
        await bench.send(ADC)
        await ClockCycles(dut.aclk, draw.randint(1, MANIFEST.latency_cycles + 2 * MANIFEST.cycles_per_block))
        await bench.reset()
    await bench.send(ADC)
    await bench.check(GOLDEN, slowness=1)


if len(SPECS) > 1:

    @cocotb.test()
    @cocotb.parametrize(idle=["none", "bursts"], back_pressure=["none", "bursts"])
    async def switches_points(dut: Any, idle: str, back_pressure: str) -> None:
        """Each packet is golden's at the point that its tag names, whenever another one is asked for."""
        bench = Bench(dut)
        await bench.reset()
        bench.pause(idle, back_pressure)
        draw = random.Random(4)
        adc = np.concatenate([ADC] * 4)
        packets: list[bytes] = []
        limit = 40 * (MANIFEST.latency_cycles + MANIFEST.cycles_per_block) * PERIOD_NS
        for part in np.array_split(adc, len(adc) // 2):
            await bench.send(part)
            await ClockCycles(dut.aclk, draw.randint(1, 2 * MANIFEST.cycles_per_block))
            await bench.write("point", draw.randrange(len(SPECS)))
            for _ in part:
                packets.append(bytes((await with_timeout(bench.sink.recv(), limit, "ns")).tdata))
        points = points_of(packets, SPECS)
        assert len(set(points)) > 1
        payloads = [unframe(packet, number, MANIFEST) for number, packet in enumerate(packets)]
        result = compare(MANIFEST, encode_at(SPECS, adc, points), bench.taps.arrays(len(adc)), payloads)
        assert result.first is None, f"{result.total} values differ; the first: {result.first}"
