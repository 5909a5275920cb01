"""What each mutant is put through: blocks with and without stalls, packets of all kinds, resets, flushes and limits."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import register
from sim.batch import Pauses
from sim.compare import compare
from sim.grade.chip import FLUSH, RAW, RUN, Chip, FaultFound, coded, expect
from sim.stage import count_left_over, escapes_sent, measure_latency, numbers_sent, steady_state
from spikecae.bitstream.payload import Events, write_blocks, write_snippets
from spikecae.golden import EncodedBlocks

__all__ = ["BENCHES", "OF_PARAMETERS", "PAUSES"]

FRAME_BITS = 104
"""Of a packet."""

PAUSES = {
    "inputs": Pauses(0.3),
    "outputs": Pauses(0.6, length=40),
    "accesses": Pauses(0.4, length=3),
}
IN_A_PACKET = 3
TIMEOUTS = (1500, 1500 ^ 2047)
"""In cycles: of the bits that one has, the other has none."""
COUNTED = ("spikes", "blocks", "packets", "bytes", "wrong_spikes", "crc_failures", "refused_writes", "overruns")


def full_rate(chip: Chip) -> None:
    """Every stage, every byte, latency, throughput, and nothing behind the last block."""
    subject, simulator = chip.subject, chip.simulator
    latency = measure_latency(simulator, subject.adc[0])
    if not 0 < latency <= subject.manifest.latency_cycles:
        raise FaultFound(f"latency: {latency} cycles, {subject.manifest.latency_cycles} at most")
    chip.restart()
    began = simulator.cycles
    simulator.feed(subject.adc)
    _equal(chip, subject.golden)
    expect("throughput", _pace(chip), None)
    waited = int(simulator.input_cycles[-1]) - began + 1 - subject.adc.size
    expect("left over", count_left_over(simulator), 0)
    blocks = len(subject.adc)
    bytes_sent = simulator.output_bytes.size
    chip.counts("full rate", spikes=blocks * subject.spec.spikes, blocks=blocks, packets=blocks, bytes=bytes_sent)
    chip.counts("full rate", input_stalls=waited, output_stalls=0, escapes=escapes_sent(subject.spec, subject.adc))
    simulator.step(2000)
    chip.shows("cycles asleep after blocks", simulator.asleep)
    chip.counts("full rate", wrong_spikes=0, crc_failures=0, refused_writes=0, overruns=0, limited_spikes=0)


def stalls(chip: Chip) -> None:
    """The same with pauses of both ends, and after resets in the middle."""
    subject, simulator = chip.subject, chip.simulator
    simulator.pause(**PAUSES, seed=3)
    simulator.feed(subject.adc)
    _equal(chip, subject.golden)
    chip.shows("stalls", [chip.read("input_stalls"), chip.read("output_stalls"), simulator.asleep])
    for cycles in (7, 150, 401):
        simulator.feed(subject.adc[3:])
        simulator.step(cycles)
        chip.reset()
    simulator.feed(subject.adc)
    _equal(chip, subject.golden)


def packets(chip: Chip) -> None:
    """Several blocks in a packet, of each kind of sidecar, the last one partial: as the host makes them."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    spikes = 7 * spec.spikes + 1
    golden = coded(subject, spikes)
    events = _events(len(golden.payloads), spec.spikes)
    sequence = 0
    chip.write("packet_blocks", IN_A_PACKET)
    for sidecar in (2, 1, 0):
        chip.write("sidecar", sidecar)
        simulator.feed(subject.spikes[:spikes], events=events[:spikes])
        chip.flush()
        expected = write_blocks(
            spec,
            golden.indices,
            blocks_per_packet=IN_A_PACKET,
            events=_sidecar(sidecar, events, spikes, spec.spikes),
            missing=-spikes % spec.spikes,
            sequence=sequence,
        )
        chip.sent(f"sidecar {sidecar}", expected, sequence)
        sequence += len(expected)
        simulator.pause(**PAUSES, seed=sidecar + 4)
    chip.counts("packets", spikes=3 * spikes, blocks=3 * len(golden.payloads), packets=sequence)
    chip.counts("packets", bytes=simulator.output_bytes.size, wrong_spikes=0, limited_spikes=0)
    for name in COUNTED:
        chip.write(name, 0)
        expect(f"{name} cleared", chip.read(name), 0)
    expect("idle", chip.status("idle"), True)


def wrong_lengths(chip: Chip) -> None:
    """Spikes that are too short or too long are left out, and counted."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    simulator.pause(inputs=Pauses(0.2), outputs=Pauses(0.3), seed=8)
    chip.write("packet_blocks", 2)
    good = 4 * spec.spikes
    for number, spike in enumerate(subject.spikes[:good]):
        length = {1: 1, 2: spec.samples - 1, 5: spec.samples + 1, 6: 2 * spec.samples}.get(number)
        if length is not None:
            codes = np.resize(subject.spikes[-1], length)
            simulator.feed(codes, np.arange(length) == length - 1)
        simulator.feed(spike)
    chip.flush()
    chip.sent("wrong lengths", write_blocks(spec, coded(subject, good).indices, blocks_per_packet=2))
    chip.counts("wrong lengths", wrong_spikes=4, spikes=good)
    expect("sticky bit of wrong lengths", chip.status("wrong"), True)
    chip.write("status", 1 << 10)
    expect("sticky bit cleared", chip.status("wrong"), False)


def raw(chip: Chip) -> None:
    """Un-encoded snippets, with events and without; then coded blocks again."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    spikes, chosen = 5, subject.spikes[2:7]
    events = _events(spikes, 1)
    chip.write("control", RUN | RAW)
    expect("raw mode is not taken while running", chip.read("control") & RAW, 0)
    chip.halt(RAW)
    chip.write("packet_blocks", 2)
    chip.start(RAW)
    sequence = 0
    limit = min(2, subject.manifest.packet_buffer_bytes // (2 * spec.samples + 6))
    for sidecar in (0, 2, 1):
        chip.write("sidecar", sidecar)
        for number in range(spikes):
            if number in (1, 3):
                length = spec.samples + 2 - number
                simulator.feed(chosen[0][:1].repeat(length), np.arange(length) == length - 1)
            simulator.feed(chosen[number], events=events[number])
        chip.flush(RAW)
        own = Events(events[:, 0], events[:, 1]) if sidecar == 2 else None
        expected = write_snippets(spec.tag, chosen, snippets_per_packet=limit, events=own, sequence=sequence)
        chip.sent(f"raw, sidecar {sidecar}", expected, sequence)
        sequence += len(expected)
        simulator.pause(**PAUSES, seed=sidecar + 9)
    chip.counts("raw", wrong_spikes=6, spikes=3 * spikes, blocks=0, packets=sequence)
    chip.write("sidecar", 0)
    chip.halt()
    chip.start()
    _coded_after(chip, sequence)


def timeout(chip: Chip) -> None:
    """A partial block leaves so many cycles after its last spike, and not before."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    chip.write("packet_blocks", 4)
    expected = write_blocks(spec, coded(subject, 1).indices, blocks_per_packet=4, missing=spec.spikes - 1)
    for sequence, cycles in enumerate(TIMEOUTS):
        chip.write("timeout", cycles)
        simulator.feed(subject.spikes[:1])
        simulator.step(cycles)
        expect("packets before the timeout", simulator.frames, sequence)
        simulator.step(4 * subject.manifest.latency_cycles)
        expect("packets after the timeout", simulator.frames, sequence + 1)
        quiet = int(simulator.frame_end_cycles[-1]) - int(simulator.input_cycles[-1])
        if not cycles <= quiet <= cycles + 2 * subject.manifest.latency_cycles:
            raise FaultFound(f"timeout: {quiet} cycles after the last sample, {cycles} were asked for")
        chip.shows(f"a timeout of {cycles}", quiet)
    expect("timeout's packet", simulator.packets[0].hex(), expected[0].hex())
    chip.write("timeout", 0)
    simulator.feed(subject.spikes[:1])
    simulator.step(3 * max(TIMEOUTS))
    expect("packets without a timeout", simulator.frames, 2)
    chip.write("control", RUN | FLUSH)
    chip.settle()
    expect("packets after a flush", simulator.frames, 3)


def settings(chip: Chip) -> None:
    """What is written with a packet open counts from the next one on."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    m, expected, first = spec.spikes, list[bytes](), 0
    events = _events(8, m)
    chip.write("packet_blocks", subject.manifest.packet_blocks)
    in_force = 0
    for blocks, name, value in ((3, "packet_blocks", 5), (2, "sidecar", 2), (2, "sidecar", 1), (1, "sidecar", 0)):
        last = first + blocks
        own = slice(first * m, last * m)
        simulator.feed(subject.spikes[own], events=events[own])
        chip.until(f"{blocks} blocks of a packet", partial(_coded, chip, last))
        expect("packets before it is closed", simulator.frames, len(expected))
        chip.write(name, value)
        chip.settle()
        expect(f"{name} is taken", chip.status("waits"), False)
        sidecar = _sidecar(in_force, events[own], blocks * m, m)
        indices = subject.golden.indices[first:last]
        expected += write_blocks(spec, indices, blocks_per_packet=8, sequence=len(expected), events=sidecar)
        chip.sent("settings", expected)
        first, in_force = last, value if name == "sidecar" else in_force
    chip.counts("settings", packets=len(expected), blocks=first)


def rate_limit(chip: Chip) -> None:
    """Whole blocks are dropped while there are no tokens, and all are counted."""
    subject, simulator, spec = chip.subject, chip.simulator, chip.subject.spec
    longest = 8 * max(map(len, subject.golden.payloads)) + FRAME_BITS
    fed = 0
    for number, (rate, burst) in enumerate(((1 << 22, 3 * longest), ((1 << 20) + 12345, 7 * longest + 1))):
        chip.write("rate_burst", burst)
        chip.write("rate_limit", rate)
        began, before, sent = simulator.cycles, simulator.output_bytes.size, chip.read("limited_spikes")
        for _ in range(3):
            simulator.feed(subject.adc)
            fed += len(subject.spikes)
            chip.settle()
            simulator.step(3000)
        limited = chip.read("limited_spikes") - sent
        expect("spikes sent or dropped", chip.read("spikes") + chip.read("limited_spikes"), fed)
        if not 0 < limited < 3 * len(subject.spikes) or limited % spec.spikes:
            raise FaultFound(f"rate limit: {limited} of {3 * len(subject.spikes)} spikes are dropped")
        bits, most = 8 * (simulator.output_bytes.size - before), rate * (simulator.cycles - began) / (1 << 24) + burst
        if bits > most + longest:
            raise FaultFound(f"rate limit: {bits} bits, {most:.0f} are allowed")
        chip.shows(f"blocks within limit {number}", [simulator.payloads, simulator.cycles])
        chip.write("rate_limit", 0)
        simulator.pause(**PAUSES, seed=20)
    known = iter(6 * subject.golden.payloads)
    if any(payload not in known for payload in simulator.payloads):
        raise FaultFound("rate limit: a packet is none of the blocks in their order")
    before = len(simulator.packets)
    simulator.feed(subject.adc[:3])
    chip.settle()
    expect("packets without a limit", len(simulator.packets) - before, 3)


def counters(chip: Chip) -> None:
    """Counters go on beyond a few hundred."""
    subject, simulator = chip.subject, chip.simulator
    short = 5000
    simulator.feed(np.zeros(short, np.int16), np.ones(short, np.bool_))
    chip.settle()
    chip.counts("short spikes", wrong_spikes=short, spikes=0)
    for _ in range(520):
        chip.refuses("identity", register("identity").offset, 1)
    chip.counts("refused", refused_writes=520)
    simulator.pause(inputs=Pauses(), outputs=Pauses(0.98, length=1000), seed=21)
    blocks = 12
    simulator.feed(subject.adc[:blocks])
    simulator.run(blocks)
    expect("payloads after short spikes", simulator.payloads, subject.golden.payloads[:blocks])
    chip.shows("long stalls", [chip.read(name) for name in ("input_stalls", "output_stalls", "bytes")])


def _equal(chip: Chip, golden: EncodedBlocks) -> None:
    simulator, blocks = chip.simulator, len(golden.payloads)
    simulator.run(blocks)
    result = compare(simulator.manifest, golden, simulator.take_taps(blocks), simulator.payloads)
    if result.first is not None:
        raise FaultFound(str(result.first))


def _coded(chip: Chip, blocks: int) -> bool:
    return chip.read("blocks") >= blocks


def _pace(chip: Chip) -> str | None:
    subject = chip.subject
    numbers = numbers_sent(subject.spec, subject.adc)
    return steady_state(chip.simulator.frame_end_cycles, subject.manifest.cycles_per_block, numbers).fault


def _events(blocks: int, spikes: int) -> NDArray[np.int64]:
    """(blocks · spikes, 2) channel and time, a channel for each block."""
    rng = np.random.default_rng(blocks)
    channels = rng.integers(0, 1 << 16, blocks).repeat(spikes)
    return np.stack([channels, rng.integers(0, 1 << 32, blocks * spikes)], axis=1)


def _sidecar(sidecar: int, events: NDArray[np.int64], spikes: int, of_a_block: int) -> Events | None:
    own, first = events[:spikes], events[:spikes:of_a_block]
    return {0: None, 1: Events(first[:, 0], first[:, 1]), 2: Events(first[:, 0], own[:, 1])}[sidecar]


def _coded_after(chip: Chip, sequence: int) -> None:
    """Blocks, two in a packet, after something else."""
    subject = chip.subject
    chip.simulator.feed(subject.adc[:4])
    chip.flush()
    expected = write_blocks(subject.spec, subject.golden.indices[:4], blocks_per_packet=2, sequence=sequence)
    chip.sent("blocks again", expected, sequence)


BENCHES = (full_rate, stalls, packets, wrong_lengths, raw, timeout, settings, rate_limit, counters)
OF_PARAMETERS = (full_rate, stalls, packets)
"""Those that other parameters are put through, too."""
