"""Blocks of neighbourhoods through the pins: whole or left out, and in step again after whatever a host does wrong."""

import numpy as np

from rtl.planning import make_plan
from rtl.shape.plan import Plan
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import read_blocks
from spikecae.golden import encode
from tests.linear_spec import linear_adc, random_linear_spec
from tests.rtl.shapes import hardware
from tests.rtl.test_chip import Host

SPIKES, SAMPLES = 3, 16
SPEC = random_linear_spec(SPIKES, SAMPLES, 4, joint=True, classes=1, seed=5)
ADC = linear_adc(SPEC, 16, 5)
Wires = list[np.ndarray]


def plan_of() -> Plan:
    return make_plan(SPEC, hardware(4, packet_blocks=4), block="neighbourhood")


def short(wires: Wires) -> Wires:
    return [wires[0], wires[1][:-3], wires[2]]


def shorter(wires: Wires) -> Wires:
    return [wires[0][:1], *wires[1:]]


def long(wires: Wires) -> Wires:
    return [*wires[:2], np.append(wires[2], 7)]


def without_an_end(wires: Wires) -> Wires:
    return [np.concatenate(wires[:2]), wires[2]]


def with_an_end_too_many(wires: Wires) -> Wires:
    return [wires[0], wires[1][:5], wires[1][5:], wires[2]]


def without_a_wire(wires: Wires) -> Wires:
    return wires[:2]


def with_a_wire_twice(wires: Wires) -> Wires:
    return [*wires, wires[2]]


def sound(packets: list[bytes], wanted: list[int], times: list[int] | None = None) -> None:
    """They hold the blocks of these events, none of them partial."""
    found = [item for item in PacketReader().feed(b"".join(packets)) if isinstance(item, Packet)]
    assert [packet.header.missing for packet in found] == [0] * len(packets)
    blocks = [read_blocks(SPEC, packet) for packet in found]
    np.testing.assert_array_equal(np.concatenate([b.indices for b in blocks]), encode(SPEC, ADC[wanted]).indices)
    if times is not None:
        events = [block.events for block in blocks]
        assert np.concatenate([e.channels for e in events]).tolist() == [100 + n for n in wanted]
        assert np.concatenate([e.times for e in events]).tolist() == np.repeat(times, SPIKES).tolist()


WRONG = [short, shorter, long, without_an_end, with_an_end_too_many, without_a_wire, with_a_wire_twice]
COUNTS = ("spikes", "wrong_spikes", "blocks")


def test_events_are_in_step_after_a_wrong_one() -> None:
    """Behind a sound event a wrong one, of each kind. Their spikes have one time each, so that the next event is found
    whatever came; two events follow each other that are wrong."""
    made = [[None, *WRONG, short][n // 2] if n % 2 else None for n in range(len(ADC))]
    wires, events, wanted = [], [], list[int]()
    for number, (block, wrong) in enumerate(zip(ADC, made, strict=True)):
        own = wrong(list(block)) if wrong else list(block)
        wires += own
        events += [(100 + number, 5000 * number + 77)] * len(own)
        wanted += [number] if wrong in (None, with_a_wire_twice) else []
    host, found = Host(plan_of()), {}

    async def script(ctx):
        await host.write(ctx, "sidecar", 2)
        await host.spikes(ctx, wires, events)
        await host.flush(ctx)
        found.update({name: await host.read(ctx, name) for name in COUNTS})
        assert {"wrong", "idle"} <= await host.status(ctx)

    host.run(script)
    sound(host.packets, wanted, [5000 * n + 77 for n in wanted])
    good = SPIKES * len(wanted)
    assert found == {"spikes": good, "wrong_spikes": len(wires) - good, "blocks": len(wanted)}


def test_without_times_spikes_are_counted() -> None:
    """A wire of the wrong length takes its place, so that none after it slips into another."""
    host, found = Host(plan_of()), {}
    made = {1: short, 2: shorter, 4: long}
    wires = [wire for n, block in enumerate(ADC[:6]) for wire in (made[n](list(block)) if n in made else block)]

    async def script(ctx):
        await host.spikes(ctx, wires, [(0, 0)] * len(wires))
        await host.flush(ctx)
        found.update({name: await host.read(ctx, name) for name in COUNTS})

    host.run(script)
    sound(host.packets, [0, 3, 5])
    assert found == {"spikes": 3 * SPIKES, "wrong_spikes": 3 * SPIKES, "blocks": 3}


def test_what_ends_within_an_event_leaves_it_out() -> None:
    """Two of three wires come of every second event; then a flush, a stop, a timeout, or settings that wait while the
    next event comes, which is whole."""
    host, found = Host(plan_of()), {}
    ends = ["flush", "stop", "timeout", "settings"]

    async def until(ctx, state: str) -> None:
        while state not in await host.status(ctx):
            await ctx.tick().repeat(20)

    async def script(ctx):
        await host.write(ctx, "sidecar", 2)
        for n, block in enumerate(ADC[:9]):
            how = ends[n // 2] if n % 2 else None
            count = 2 if how else SPIKES
            await host.spikes(ctx, list(block[:count]), [(100 + n, 900 * n)] * count)
            if how == "flush":
                await host.flush(ctx)
            elif how == "stop":
                await host.write(ctx, "control", 0)
                await until(ctx, "halted")
                await host.write(ctx, "control", 1)
            elif how == "timeout":
                await host.write(ctx, "timeout", 40)
                await until(ctx, "idle")
                await host.write(ctx, "timeout", 0)
            elif how == "settings":
                await host.write(ctx, "packet_blocks", 2)
        await host.flush(ctx)
        found.update({name: await host.read(ctx, name) for name in COUNTS})

    host.run(script)
    wanted = [0, 2, 4, 6, 8]
    sound(host.packets, wanted, [900 * n for n in wanted])
    assert found == {"spikes": 5 * SPIKES, "wrong_spikes": 4 * 2, "blocks": 5}
