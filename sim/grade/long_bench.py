"""What shows only after long, or in rare moments: counters near their ends, set through the back door; high bits of
timers; the rate limiter's bucket to its last fraction of a bit; resets, flushes and settings at any time."""

import numpy as np

from rtl.host.rate_limiter import FRACTION, TICK_CYCLES
from sim.grade.bench import FRAME_BITS
from sim.grade.chip import COUNTERS, Chip, coded, expect
from spikecae.bitstream.packets import SEQUENCES
from spikecae.bitstream.payload import Events, write_blocks

__all__ = ["LONG_BENCHES"]

LOW_BITS = 11
WORD = (1 << 32) - 1
TOKENS_A_TICK, TICKS = 16, 40
"""A block has some hundreds."""
FAR_TIMES = (0, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0xFFFFFFFF, 0)
SHORT_SPIKES = 2000
NEAR_ENDS = (0xFFFFFFFF, 0x5A5A5A5A, 0x7FFFFFFD, 0xFFFF)


def high_settings(chip: Chip) -> None:
    """What waits for more cycles than have gone by does not end, whichever bit says so."""
    simulator, subject = chip.simulator, chip.subject
    chip.write("packet_blocks", 2)
    chip.write("timeout", WORD)
    simulator.feed(subject.adc[:1])
    chip.settle()
    simulator.step(1 << LOW_BITS)
    for bit in range(LOW_BITS + 2, 32):
        for name in ("timeout", "scrub_idle"):
            chip.write(name, 1 << bit)
        simulator.step(subject.manifest.latency_cycles)
        expect(f"packets with a timeout of 2**{bit} cycles", simulator.frames, 0)
        chip.counts(f"a check after 2**{bit} cycles", packets_checked=0)
    chip.write("timeout", 1 << LOW_BITS)
    simulator.step(subject.manifest.latency_cycles)
    expect("packets with a timeout that is over", simulator.frames, 1)


def overfull(chip: Chip) -> None:
    """A bucket that is full stays at its bound, whichever bit of it says so: the blocks behind come in as late."""
    simulator, subject = chip.simulator, chip.subject
    for bit in range(5, 10):
        chip.write("rate_limit", 0)
        chip.write("rate_burst", 1 << bit)
        chip.settle()
        chip.write("rate_limit", TOKENS_A_TICK << FRACTION)
        simulator.step((1 << bit) // TOKENS_A_TICK * TICK_CYCLES - TICK_CYCLES // 2)
        taken = []
        for _ in range(TICKS):
            simulator.feed(subject.adc[:1])
            simulator.step(TICK_CYCLES)
            taken.append(simulator.frames)
        chip.shows(f"packets of a bucket of {1 << bit}", taken)


def near_ends(chip: Chip) -> None:
    """Counters begin anew at 2**32 and hold all their bits apart; the sequence number does so at 65,536."""
    simulator, subject = chip.simulator, chip.subject
    for first in NEAR_ENDS:
        for number, name in enumerate(chip.counters):
            value = (first << number | first >> 32 - number) & 0xFFFFFFFF
            chip.preset("registers", f"count_{name}", value)
            expect(f"{name} that was set", chip.read(name), value)
        simulator.feed(subject.adc[:3])
        simulator.feed(np.zeros(1, np.int16), np.ones(1, np.bool_))
        chip.flush()
        chip.shows(f"counters from {first:#x} on", [chip.read(name) for name in COUNTERS])
    sequence, sent = SEQUENCES - 2, len(simulator.packets)
    chip.preset("packetizer", "sequence", sequence)
    simulator.feed(subject.adc[:4])
    chip.settle()
    expected = write_blocks(subject.spec, subject.golden.indices[:4], blocks_per_packet=1, sequence=sequence)
    chip.sent("sequence numbers", expected, sent)


def read_meanwhile(chip: Chip) -> None:
    """What is counted while counters are read is not lost, whenever the lowest bits of one carry."""
    simulator = chip.simulator
    for name, rate in (("wrong_spikes", 0), ("limited_spikes", 1)):
        chip.write("rate_burst", 1)
        chip.write("rate_limit", rate)
        simulator.feed(chip.subject.adc[:1])  # leaves the bucket empty
        chip.settle()
        simulator.feed(np.zeros(SHORT_SPIKES, np.int16), np.ones(SHORT_SPIKES, np.bool_))
        while simulator.waiting:
            chip.read("blocks")
        chip.settle()
        expect(f"{name} while blocks are read", chip.read(name), SHORT_SPIKES)


def last_fraction(chip: Chip) -> None:
    """A bucket that is just empty lets a block in after as many ticks as its rate says, for rates by whose lowest bit
    these differ, whether it was filled before or stayed full for a while."""
    simulator, subject = chip.simulator, chip.subject
    block = subject.adc[:1]
    bits = 8 * len(subject.golden.payloads[0]) + FRAME_BITS
    for ticks, full in ((1, 0), (2, 0), (3, 1), (5, 0), (7, 2), (11, 1)):
        for rate in (-(-(1 << FRACTION) // ticks), -(-(1 << FRACTION) // ticks) - 1):
            chip.write("rate_limit", 0)
            chip.write("rate_burst", bits)
            chip.settle()
            dropped = chip.read("limited_spikes")
            chip.write("rate_limit", rate)
            simulator.step(full * TICK_CYCLES)
            began, frames = simulator.cycles, simulator.frames
            simulator.feed(block)
            needed = -(-(1 << FRACTION) // rate)
            for tick in range(1, needed + 1):
                simulator.step(began + tick * TICK_CYCLES + TICK_CYCLES // 4 - simulator.cycles)
                expect(f"packets before tick {tick} of {rate}", simulator.frames, frames + 1)
                simulator.feed(block)
            chip.settle()
            expect(f"packets after {needed} ticks of {rate}", simulator.frames, frames + 2)
            lost = chip.read("limited_spikes") - dropped
            expect(f"spikes dropped in {needed - 1} ticks of {rate}", lost, (needed - 1) * subject.spec.spikes)


def lowered_bound(chip: Chip) -> None:
    """A burst that is lowered bounds the bucket when it next changes, not before."""
    simulator, subject = chip.simulator, chip.subject
    chip.write("rate_burst", 1 << 20)
    for rate in (1, 1 << 20):
        chip.write("rate_limit", 0)
        chip.settle()
        chip.write("rate_limit", rate)
        chip.write("rate_burst", 1)
        began, first = simulator.cycles, simulator.input_cycles.size
        simulator.feed(subject.adc[:4])
        chip.settle()
        taken = simulator.input_cycles[first:].astype(np.int64) - began
        chip.shows(f"a lowered bound at {rate}", [taken.tolist(), simulator.frames])
        chip.write("rate_burst", 1 << 20)


def far_events(chip: Chip) -> None:
    """Channels and times as far apart as they can be: no code is longer."""
    simulator, subject, spec = chip.simulator, chip.subject, chip.subject.spec
    blocks, most = len(FAR_TIMES), min(len(FAR_TIMES), subject.manifest.packet_blocks)
    times = np.resize(FAR_TIMES, blocks * spec.spikes)
    channels = np.resize((0, 0xFFFF), blocks)
    chip.write("packet_blocks", most)
    chip.write("sidecar", 2)
    simulator.feed(subject.spikes[: times.size], events=np.stack([channels.repeat(spec.spikes), times], axis=1))
    chip.flush()
    expected = write_blocks(
        spec,
        subject.golden.indices[:blocks],
        blocks_per_packet=most,
        events=Events(channels, times),
    )
    chip.sent("events far apart", expected)


def any_partial(chip: Chip) -> None:
    """Blocks flushed with as many spikes as happen to be there, in no order."""
    simulator, subject, spec = chip.simulator, chip.subject, chip.subject.spec
    rng = np.random.default_rng(5)
    chip.write("packet_blocks", subject.manifest.packet_blocks)
    expected = list[bytes]()
    for spikes in rng.integers(1, 3 * spec.spikes + 1, 24).tolist():
        simulator.feed(subject.spikes[:spikes])
        chip.flush()
        expected += write_blocks(
            spec,
            coded(subject, spikes).indices,
            blocks_per_packet=subject.manifest.packet_blocks,
            missing=-spikes % spec.spikes,
            sequence=len(expected),
        )
    chip.sent("flushed at any time", expected)


def any_reset(chip: Chip) -> None:
    """Whatever a reset interrupts, the blocks behind it are as golden, and the first is as fast as any."""
    simulator, subject = chip.simulator, chip.subject
    rng = np.random.default_rng(6)
    most = subject.manifest.latency_cycles + 3 * subject.manifest.cycles_per_block
    for number, cycles in enumerate(rng.integers(1, most, 24).tolist()):
        simulator.feed(subject.adc[: 4 + number % 3])
        simulator.step(cycles)
        chip.reset(1 + number % 4)
        simulator.feed(subject.adc[number % 5 :][:2])
        simulator.run(2)
        expect("blocks after a reset", simulator.payloads, subject.golden.payloads[number % 5 :][:2])
        chip.shows(f"after reset {number}", [int(simulator.frame_end_cycles[0]) - int(simulator.input_cycles[0])])


def any_setting(chip: Chip) -> None:
    """Settings that are written while spikes come, and runs that end among them: no spike begins where none may."""
    simulator, subject = chip.simulator, chip.subject
    rng = np.random.default_rng(7)
    most = 2 * subject.manifest.cycles_per_block
    names = {"sidecar": 3, "packet_blocks": subject.manifest.packet_blocks + 1, "spec_hash": WORD}
    for number in range(24):
        name = list(names)[number % len(names)]
        simulator.feed(subject.spikes[: int(rng.integers(1, 4 * subject.spec.spikes))])
        simulator.step(int(rng.integers(1, most)))
        chip.write(name, int(rng.integers(1, names[name])))
        simulator.step(int(rng.integers(1, most)))
        if number % 3 == 0:
            chip.halt()
            simulator.step(most)
            chip.shows(f"samples taken up to halt {number}", simulator.input_cycles.size)
            chip.start()
        chip.settle()
        chip.shows(f"samples and packets after setting {number}", [simulator.input_cycles.size, simulator.frames])
    chip.flush()
    chip.shows("packets of any setting", [packet.hex() for packet in simulator.packets])


def tags(chip: Chip) -> None:
    """Each bit of the spec's tag is taken between packets, and sent."""
    simulator, subject = chip.simulator, chip.subject
    for number, word in enumerate((0xFFFF0000, 0x5A5A0000, 0xA5A5FFFF, 0x0000FFFF)):
        chip.write("spec_hash", word)
        chip.until("a tag is taken", lambda: not chip.status("waits"))
        simulator.feed(subject.adc[:1])
        chip.flush()
        tag = int.from_bytes(simulator.packets[number][5:7], "big")
        expect("tag", tag, word >> 16)


LONG_BENCHES = (
    *(high_settings, near_ends, read_meanwhile, last_fraction, lowered_bound, overfull, far_events),
    *(any_partial, any_reset, any_setting, tags),
)
