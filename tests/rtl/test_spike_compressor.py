"""Raw samples to packets: the detector and the chip together, through the chip's pins."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import verilog
from numpy.typing import NDArray

from rtl.chip import Chip
from rtl.lint import HARMLESS
from rtl.planning import make_plan
from rtl.spike_compressor import Compressor, SpikeCompressor
from rtl.units.clock_gate import clock_gate_verilog
from sim.verilate import lint
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import Events, read_blocks, write_blocks
from spikecae.design import Design
from spikecae.front_end.detector import SpikeDetector
from spikecae.front_end.front_end import FrontEnd
from spikecae.golden import encode
from tests.planted import front_end, recording
from tests.random_spec import random_adc, random_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host

SAMPLES = 16


async def stream(ctx, chip: Compressor, made: FrontEnd, codes: NDArray[np.int64], spacing: int) -> None:
    """A sample every ``spacing`` cycles, or in each until the detector has settled."""
    for n, code in enumerate(codes.ravel().tolist()):
        ctx.set(chip.s_axis_tdata, code)
        ctx.set(chip.s_axis_tvalid, 1)
        _, _, ready = await ctx.tick().sample(chip.s_axis_tready)
        assert ready
        if spacing > 1 and n >= made.settling * made.channels:
            ctx.set(chip.s_axis_tvalid, 0)
            await ctx.tick().repeat(spacing - 1)
    ctx.set(chip.s_axis_tvalid, 0)


def unframed(packets: list[bytes]) -> list[Packet]:
    """All of them, none with a gap before it."""
    reader = PacketReader()
    found = [*reader.feed(b"".join(packets)), *reader.close()]
    assert all(isinstance(packet, Packet) for packet in found)
    return found


@pytest.mark.parametrize(
    ("made", "every"), [(front_end(4, 2, samples=SAMPLES), 12), (front_end(1, samples=SAMPLES), 20)]
)
def test_packets_equal_golden_detector_and_host_encoder(tiny: Design, made: FrontEnd, every: int) -> None:
    """Neighbourhoods, and the queue of one channel, whose last block may lack a spike."""
    spec = random_spec(tiny, 80)
    codes = recording(made, made.settling + 250, every, seed=1)
    golden = SpikeDetector(made).push(codes)
    assert len(golden.times) >= 7
    spikes = golden.snippets.reshape(-1, SAMPLES)
    times, peaks = (np.repeat(values, made.spikes) for values in (golden.times, golden.peaks))
    missing = len(spikes) % 2
    present = np.ones(len(spikes) + missing, bool)
    present[len(spikes) :] = False
    padded = np.concatenate([spikes, np.zeros((missing, SAMPLES), np.int16)]).reshape(-1, 2, SAMPLES)
    indices = encode(spec, padded, present.reshape(-1, 2)).indices
    expected = write_blocks(spec, indices, blocks_per_packet=3, events=Events(peaks[::2], times), missing=missing)
    plan = make_plan(spec, hardware(2, packet_blocks=4))
    host = Host(plan, Compressor(made, plan))

    async def script(ctx):
        await host.write(ctx, "packet_blocks", 3)
        await host.write(ctx, "sidecar", 2)
        await stream(ctx, host.chip, made, codes, spacing=10 // made.channels)
        await ctx.tick().repeat(200)
        await host.flush(ctx)
        assert await host.read(ctx, "overruns") == 0
        assert await host.read(ctx, "spikes") == len(spikes)

    host.run(script)
    assert host.packets == expected


@pytest.mark.slow
def test_flush_and_stop_never_part_an_event(tiny: Design) -> None:
    """At any time: blocks are events, none of them partial, and none is lost."""
    spec = random_spec(tiny, 81)
    made = front_end(4, 2, samples=SAMPLES, frames=256)
    codes = recording(made, made.settling + 520, 10, seed=2)
    golden = SpikeDetector(made).push(codes)
    assert len(golden.times) > 15
    plan = make_plan(spec, hardware(2, packet_blocks=4))
    host = Host(plan, Compressor(made, plan))
    rng = np.random.default_rng(0)
    ended, stops = [], []

    async def feed(ctx):
        await stream(ctx, host.chip, made, codes, spacing=6)
        ended.append(True)

    async def script(ctx):
        await host.write(ctx, "sidecar", 2)
        while not ended:
            await ctx.tick().repeat(int(rng.integers(1, 60)))
            await host.write(ctx, "control", 3)
            if rng.random() < 0.3:
                await ctx.tick().repeat(int(rng.integers(1, 60)))
                await host.write(ctx, "control", 0)
                while "halted" not in await host.status(ctx):
                    await ctx.tick().repeat(5)
                stops.append(True)
                await host.write(ctx, "control", 1)
        await ctx.tick().repeat(400)
        await host.flush(ctx)
        assert await host.read(ctx, "overruns") == 0

    host.simulator.add_testbench(feed, background=True)
    host.run(script)
    assert len(stops) > 8
    blocks = [read_blocks(spec, packet) for packet in unframed(host.packets)]
    assert all(block.present.all() for block in blocks)
    np.testing.assert_array_equal(
        np.concatenate([block.indices for block in blocks]), encode(spec, golden.snippets).indices
    )
    np.testing.assert_array_equal(np.concatenate([block.events.times for block in blocks]), np.repeat(golden.times, 2))


def test_chip_waits_for_the_rest_of_an_event(tiny: Design) -> None:
    """However long it takes: a flush and a stop come after half of the first spike, and again between both spikes."""
    spec = random_spec(tiny, 85)
    adc = random_adc(tiny, 1, 85)
    plan = make_plan(spec, hardware(2))
    host = Host(plan, Chip(plan, front_end(4, 2, samples=SAMPLES)))
    expected = write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=1)

    async def script(ctx):
        chip = host.chip
        for spike, snippet in enumerate(adc[0]):
            for n, code in enumerate(snippet.tolist()):
                if n == (SAMPLES // 2, 0)[spike]:
                    ctx.set(chip.s_axis_tvalid, 0)
                    await host.write(ctx, "control", 2 if spike == 0 else 3)
                    await ctx.tick().repeat(200)
                    assert "halted" not in await host.status(ctx)
                ctx.set(chip.s_axis_tdata, code)
                ctx.set(chip.s_axis_tlast, int(n == SAMPLES - 1))
                ctx.set(chip.more, int(spike == 0))
                ctx.set(chip.s_axis_tvalid, 1)
                await ctx.tick().until(chip.s_axis_tready)
        ctx.set(chip.s_axis_tvalid, 0)
        await host.flush(ctx)

    host.run(script)
    assert host.packets == expected


def test_the_threshold_is_a_register(tiny: Design) -> None:
    """A detector built for one threshold finds what the golden one finds at another, once that is written."""
    spec = random_spec(tiny, 86)
    built = front_end(4, 2, samples=SAMPLES, frames=256)
    asked = replace(built, gain=50)
    codes = recording(built, built.settling + 250, 12, seed=4)
    found = {made.gain: SpikeDetector(made).push(codes).times.tolist() for made in (built, asked)}
    assert 5 < len(found[built.gain]) < len(found[asked.gain])
    plan = make_plan(spec, hardware(2, packet_blocks=4))
    host = Host(plan, Compressor(built, plan))

    async def script(ctx):
        assert await host.read(ctx, "threshold") == built.gain
        await host.write(ctx, "threshold", asked.gain)
        assert await host.read(ctx, "threshold") == asked.gain
        await host.write(ctx, "sidecar", 1)
        await stream(ctx, host.chip, built, codes, spacing=6)
        await ctx.tick().repeat(300)
        await host.flush(ctx)
        assert await host.read(ctx, "overruns") == 0

    host.run(script)
    blocks = [read_blocks(spec, packet) for packet in unframed(host.packets)]
    assert np.concatenate([block.events.times for block in blocks]).tolist() == found[asked.gain]


def test_what_the_output_cannot_take_is_counted(tiny: Design) -> None:
    """Samples come faster than blocks can be coded: events are lost whole, and a register says how many."""
    spec = random_spec(tiny, 82)
    made = front_end(4, 2, samples=SAMPLES, frames=64)
    codes = recording(made, made.settling + 470, 8, seed=3)
    golden = SpikeDetector(made).push(codes)
    plan = make_plan(spec, hardware(2, packet_blocks=2))
    host = Host(plan, Compressor(made, plan))
    lost = []

    async def script(ctx):
        await host.write(ctx, "sidecar", 1)
        await stream(ctx, host.chip, made, codes, spacing=1)
        await ctx.tick().repeat(1500)  # all that wait are coded
        await host.flush(ctx)
        lost.append(await host.read(ctx, "overruns"))

    host.run(script)
    blocks = [read_blocks(spec, packet) for packet in unframed(host.packets)]
    sent = np.concatenate([block.events.times for block in blocks])
    assert len(sent) > 5
    assert lost[0] > 5
    assert len(sent) + lost[0] == len(golden.times)
    indices = encode(spec, golden.snippets).indices
    chosen = [golden.times.tolist().index(time) for time in sent]
    np.testing.assert_array_equal(np.concatenate([block.indices for block in blocks]), indices[chosen])


def test_misfits_are_told_at_once(tiny: Design) -> None:
    plan = make_plan(random_spec(tiny, 83), hardware(2))
    with pytest.raises(ValueError, match="snippets of 17 samples for an encoder of 16; neighbourhoods of 3 channels"):
        Compressor(front_end(4, 3), plan)
    with pytest.raises(ValueError, match="a block of 2 spikes has one channel, a queue of 4 channels mixes them"):
        Compressor(front_end(4, samples=SAMPLES), plan)


def test_top_level_is_clean_verilog(tiny: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    plan = make_plan(random_spec(tiny, 84), hardware(2, parameters="ram"))
    top = SpikeCompressor(front_end(4, 2, samples=SAMPLES), plan)
    path = tmp_path / "spike_compressor.v"
    text = verilog.convert(top, name="spike_compressor", strip_internal_attrs=True, emit_src=False)
    path.write_text(text + clock_gate_verilog())
    assert lint(path, "spike_compressor").keys() <= HARMLESS.keys()
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is missing: apt-get install iverilog")
    command = ["iverilog", "-g2005", "-Wall", "-tnull", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
