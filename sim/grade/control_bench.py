"""What each mutant's control plane is put through: registers written and read, parameters read back, checks failed."""

import zlib
from functools import partial
from itertools import pairwise

import numpy as np

from rtl.host.register_map import REGISTERS, WINDOW_BITS, register
from rtl.manifest import Memory
from sim.batch import Pauses
from sim.grade.bench import PAUSES
from sim.grade.chip import RUN, STATUS, Chip, FaultFound, expect
from spikecae.bitstream.payload import write_blocks

__all__ = ["CONTROL_BENCHES"]

IDENTITY, VERSION = 0x53434145, 1 | 1 << 16
ABSENT = ("threshold", "point", "spec_hash_1", "spec_hash_2", "spec_hash_3")
"""An encoder with one operating point and no front end has not these: 0, and not to be written."""
LEGAL = {"sidecar": (0, 2), "rate_limit": (0, 8 << 24), "rate_burst": (1, (1 << 24) - 1)}
WORD = (0, (1 << 32) - 1)
PATTERNS = (0x5A5A5A5A, 0xA5A5A5A5, 0xFFFFFFFF, 0x00000001)
STARTED = ("control", "status", "spec_hash", "crc_expected")
"""What a load writes."""
CHANGING = ("crc_computed", "packets_checked", "status", "refused_writes", "input_stalls", "output_stalls")
"""Registers that change by themselves, or with a refused write."""
REFUSED = 1 << 9


def registers(chip: Chip) -> None:
    """Each register holds what is written and legal, refuses the rest, and leaves the others alone."""
    simulator = chip.simulator
    chip.until("running", lambda: chip.status("running"))
    chip.counts("after loading", identity=IDENTITY, version=VERSION, control=RUN, sidecar=0, timeout=0, rate_limit=0)
    chip.counts("after loading", crc_computed=chip.read("crc_expected"), scrub_idle=1 << 24, spikes=0)
    expect("after loading: status", chip.read("status"), STATUS["running"] | STATUS["idle"])
    chip.halt()
    expect("halted: status", chip.read("status"), STATUS["halted"] | STATUS["idle"])
    simulator.pause(**PAUSES, seed=11)
    held = {entry.name: chip.read(entry.name) for entry in REGISTERS if entry.name not in CHANGING}
    refused = 0
    for entry in REGISTERS:
        if entry.name in ("control", "status"):
            continue
        if entry.access == "count":
            chip.write(entry.name, 1)
        elif entry.access == "ro" or entry.name in ABSENT:
            chip.refuses(entry.name, entry.offset, 1)
            refused += 1
        else:
            refused += _settings(chip, entry.name, held)
        _same(chip, held)
    settings = [entry.name for entry in REGISTERS if entry.access == "rw" and entry.name not in (*ABSENT, *STARTED)]
    for wait, (first, second) in enumerate(pairwise(settings)):
        simulator.write_twice((register(first).offset, held[second] | 1), (register(second).offset, held[second]), wait)
        chip.write(first, held[first])
        _same(chip, held)
    for offset in (0x80, 0xFFC, (1 << WINDOW_BITS) - 4):
        chip.refuses("no register", offset, 1)
        expect("no register", simulator.read(offset), 0)
        refused += 1
    expect("refused", chip.status("refused"), True)
    chip.write("refused_writes", 0)
    chip.refuses("again", register("identity").offset, 1)
    expect("refused again", chip.read("refused_writes"), 1)
    chip.write("status", ~REFUSED & 0xFFFFFFFF)
    expect("refused stays", chip.status("refused"), True)
    chip.write("status", REFUSED)
    expect("refused cleared", chip.status("refused"), False)
    _same(chip, held)
    for name in settings:
        chip.write(name, LEGAL.get(name, (3, 3))[1])
    chip.simulator.step(100)
    chip.reset()
    chip.counts("after a reset", **{name: held[name] for name in settings if name != "packet_blocks"})
    simulator.feed(chip.subject.adc[:2])
    chip.flush()
    expect("packets after a reset", simulator.payloads, chip.subject.golden.payloads[:2])
    simulator.reset(load=())
    expect("packet_blocks after a reset", chip.read("packet_blocks"), 1)


def memories(chip: Chip) -> None:
    """Parameters read back while halted, also when they are all inverted; holes, parts of words, and a running chip."""
    simulator, load = chip.simulator, chip.subject.load
    window = [(offset, value) for offset, value in load if offset >> WINDOW_BITS]
    offset, value = window[0]
    chip.refuses("parameters while running", offset, value ^ 1)
    expect("parameters while running", simulator.read(offset), 0)
    chip.halt()
    simulator.pause(**PAUSES, seed=12)
    for offset, value in window:
        expect(f"parameter at {offset:#x}", simulator.read(offset), value)
    for strobe in (1, 7, 0xE):
        chip.refuses("a part of a word", window[0][0], 0, strobe)
        chip.refuses("a part of a register", register("timeout").offset, 5, strobe)
    expect("a part of a word", simulator.read(window[0][0]), window[0][1])
    holes = [before + 4 for (before, _), (after, _) in pairwise(window) if after - before > 4]
    for offset in [*holes, window[-1][0] + 4, _beyond(window)]:
        chip.refuses("a hole", offset, 1)
        chip.refuses_to_read("a hole", offset)
    chip.counts("memories", refused_writes=1 + 6 + len(holes) + 2, timeout=0)
    _run_again(chip)


def places(chip: Chip) -> None:
    """Words lie in their memories where they should: a bit that is flipped at an address shows in that word alone."""
    simulator = chip.simulator
    chip.halt()
    for memory in _arrays(chip):
        offsets = [lanes[0] for lanes in chip.subject.offsets[memory.short_name]]
        held = [simulator.read(offset) for offset in offsets]
        for address in (0, *(1 << bit for bit in range((memory.words - 1).bit_length()))):
            simulator.flip(memory.name, address, 0)
            turned = [number for number, offset in enumerate(offsets) if simulator.read(offset) != held[number]]
            simulator.flip(memory.name, address, 0)
            expect(f"words with a bit that was flipped at {address} of {memory.short_name}", len(turned), 1)
            chip.shows(f"the word at address {address} of {memory.short_name}", turned)


def checks(chip: Chip) -> None:
    """A flipped bit of each memory halts the chip in time, says so, and is mended by loading again."""
    simulator, subject, load = chip.simulator, chip.subject, chip.subject.load
    words = [value for offset, value in load if offset >> WINDOW_BITS]
    chip.write("scrub_idle", 0)
    chip.write("scrub_blocks", 0)
    chip.write("packet_blocks", 1)
    simulator.feed(subject.adc[:8])
    chip.settle()
    chip.counts("without checks", packets_checked=0, packets=8)
    chip.write("scrub_blocks", 3)
    simulator.feed(subject.adc[:8])
    chip.until("16 packets", lambda: chip.read("packets") == 16)
    if not 8 < chip.read("packets_checked") <= 16:
        raise FaultFound(f"packets_checked: {chip.read('packets_checked')} after checks every 3 blocks of 16")
    expect("packets behind checks", [p[11:-2] for p in simulator.packets], 2 * subject.golden.payloads[:8])
    _times(chip)
    failures = 0
    for number, memory in enumerate(_arrays(chip)):
        for word, bit in ((0, 0), (memory.words - 1, memory.width - 1)):
            simulator.flip(memory.name, word, bit)
            chip.write("scrub_blocks", 0)
            chip.write("scrub_idle", 300 + number)
            simulator.step(400 + 4 * len(words))
            failures += 1
            expect(f"a flipped bit of {memory.short_name}", chip.status("halted"), True)
            expect("its sticky bit", chip.status("crc"), True)
            chip.counts("a flipped bit", control=0, crc_failures=failures)
            image = b"".join(
                simulator.read(offset).to_bytes(4, "little") for offset, _ in load if offset >> WINDOW_BITS
            )
            expect("crc_computed", chip.read("crc_computed"), zlib.crc32(image))
            simulator.flip(memory.name, word, bit)
            chip.write("status", STATUS["crc"])
            expect("cleared", chip.status("crc"), False)
            chip.write("control", RUN)
            chip.until("running again", lambda: chip.status("running"))
            simulator.feed(subject.adc[:1])
            chip.settle()
            chip.shows(
                f"suspect after failure {failures}", [chip.read(name) for name in ("packets", "packets_suspect")]
            )
    before = chip.read("packets")
    chip.shows("packets after failures", [before, simulator.asleep])
    chip.write("scrub_idle", 0)
    chip.write("packet_blocks", 2)
    first = len(simulator.packets)
    simulator.feed(subject.adc[:4])
    chip.flush()
    expect("packets after repair", chip.read("packets"), before + 2)
    expected = write_blocks(subject.spec, subject.golden.indices[:4], blocks_per_packet=2, sequence=first)
    chip.sent("after repair", expected, first)


def _arrays(chip: Chip) -> list[Memory]:
    """Parameter memories that are still arrays: Yosys makes registers of small ones."""
    own = [memory for memory in chip.subject.manifest.memories if memory.short_name in chip.subject.offsets]
    return [memory for memory in own if memory.words > 2]


def _times(chip: Chip) -> None:
    """A check comes with the block that it is due behind, or so many cycles after the last one."""
    simulator, subject = chip.simulator, chip.subject
    for blocks in (1, 2, 5, 21):
        chip.write("scrub_blocks", 0)
        chip.write("scrub_blocks", blocks)
        seen = []
        for _ in range(blocks + 2):
            simulator.feed(subject.adc[:1])
            chip.settle()
            seen.append((chip.read("packets"), chip.read("packets_checked")))
        chip.shows(f"checks every {blocks} blocks", seen)
    chip.write("scrub_blocks", 0)
    for cycles in (70, 1000, 5000):
        chip.write("scrub_idle", cycles)
        simulator.feed(subject.adc[:1])
        chip.settle()
        begun, packets = simulator.cycles, chip.read("packets")
        chip.until("check when idle", partial(_checked, chip, packets))
        chip.shows(f"checks every {cycles} cycles", simulator.cycles - begun)
        chip.write("scrub_idle", 0)


def _checked(chip: Chip, packets: int) -> bool:
    return chip.read("packets_checked") == packets


def _settings(chip: Chip, name: str, held: dict[str, int]) -> int:
    """Write a setting's patterns, and illegal values; leave it as it was. How many writes are refused."""
    most_blocks = chip.subject.manifest.packet_blocks
    low, high = LEGAL.get(name, (1, most_blocks) if name == "packet_blocks" else WORD)
    offset = register(name).offset
    values = PATTERNS if (low, high) == WORD else (low, high, (low + high) // 2, high // 3 | 1)
    for value in values:
        chip.write(name, value)
        expect(name, chip.read(name), value)
        _same(chip, {**held, name: value})
    illegal = [value for value in (low - 1, high + 1, high + 1 | 1 << 31) if value >= 0 and value < 1 << 32]
    for value in illegal:
        chip.refuses(name, offset, value)
    expect(f"{name} after refused writes", chip.read(name), values[-1])
    chip.write(name, held[name])
    return len(illegal)


def _same(chip: Chip, held: dict[str, int]) -> None:
    for name, value in held.items():
        expect(f"{name} beside others", chip.read(name), value)


def _beyond(window: list[tuple[int, int]]) -> int:
    """The last offset of the parameter window."""
    return (1 << (window[-1][0]).bit_length()) - 4


def _run_again(chip: Chip) -> None:
    """Load the inverse of all words, which must fail its check; then what is right, from the end on, which must code as
    golden."""
    subject, simulator, load = chip.subject, chip.simulator, chip.subject.load
    window = [(offset, value) for offset, value in load if offset >> WINDOW_BITS]
    for offset, value in window:
        simulator.write(offset, value ^ 0xFFFFFFFF)
    chip.shows("the inverse", [simulator.read(offset) for offset, _ in window])
    chip.write("control", RUN)
    chip.until("the inverse fails", lambda: chip.status("crc") and chip.status("halted"))
    chip.simulator.pause(inputs=Pauses(), outputs=Pauses(), seed=2)
    for offset, value in (*reversed(window), *load[len(window) :]):
        simulator.write(offset, value)
    chip.until("running", lambda: chip.status("running"))
    simulator.feed(subject.adc[:4])
    chip.flush()
    expect("blocks after loading again", simulator.payloads, subject.golden.payloads[:4])
    expect("all are taken", np.size(simulator.input_cycles), subject.adc[:4].size)


CONTROL_BENCHES = (registers, memories, places, checks)
