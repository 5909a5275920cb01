"""Flip parameter bits of a running chip through the simulator's back door, and account for every packet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from rtl.host.parameter_store import lay_out
from rtl.host.register_map import register
from rtl.memory.parameter_memory import BUS_BITS
from rtl.shape.plan import Plan
from sim.batch import BatchSimulator
from spikecae.golden import EncodedBlocks

SCRUB_BLOCKS = 8
IN_FLIGHT = 4
"""Blocks that a check can find begun: two in the input buffer, one in the convolutions, one in the search."""
RUNNING, HALTED, CRC = 1, 4, 1 << 8
"""Bits of the status register."""


@dataclass
class Account:
    """What became of the packets of a run with flips."""

    flips: int = 0
    packets: int = 0
    wrong: int = 0
    harmful: int = 0
    """Flips that spoiled at least one packet."""
    detection_cycles: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.flips} flips: all noticed, {min(self.detection_cycles)} to {max(self.detection_cycles)} cycles "
            f"later; {self.harmful} spoiled packets, {self.wrong} of {self.packets}; {len(self.faults)} faults"
        )


def flip_and_recover(
    simulator: BatchSimulator,
    load: Sequence[tuple[int, int]],
    adc: np.ndarray,
    golden: EncodedBlocks,
    places: Sequence[tuple[str, int, int]],
    period: int,
    seed: int,
) -> Account:
    """Spikes come all the time; bits flip one after the other, each at a random time.

    Args:
        simulator: a chip that was loaded and runs.
        load: the writes that load it.
        adc: blocks (n, M, D) that are fed over and over.
        golden: what these must give.
        places: (memory, word, bit).
        period: cycles within which the chip must have noticed, as its documentation states.
        seed: of the times.
    """
    rng = np.random.default_rng(seed)
    account = Account()
    suspicious: list[tuple[int, int]] = []
    begun: int | None = None
    """The first packet that no check vouched for before the last one that failed."""

    def feed_ahead() -> None:
        while simulator.waiting < adc.size:
            simulator.feed(adc)

    def read(name: str) -> int:
        return simulator.read(register(name).offset)

    simulator.write(register("scrub_blocks").offset, SCRUB_BLOCKS)
    for memory, word, bit in places:
        while not read("status") & RUNNING:
            feed_ahead()
            simulator.step(50)
        feed_ahead()
        simulator.step(int(rng.integers(1, period)))
        feed_ahead()
        while not read("status") & RUNNING:  # a check of the sound memory is going on
            simulator.step(20)
        simulator.flip(memory, word, bit)
        flipped = simulator.cycles
        while not (status := read("status")) & HALTED:
            feed_ahead()
            simulator.step(20)
            if simulator.cycles > flipped + 2 * period:
                raise TimeoutError(f"bit {bit} of word {word} in {memory} was not noticed in {2 * period} cycles")
        account.flips += 1
        account.detection_cycles.append(simulator.cycles - flipped)
        if simulator.cycles - flipped > period:
            account.faults.append(f"{memory}: noticed after {simulator.cycles - flipped} cycles, {period} at most")
        if not status & CRC:
            account.faults.append(f"{memory}: halted, but does not say why: status {status:#x}")
        checked, sent, suspect = (read(name) for name in ("packets_checked", "packets", "packets_suspect"))
        begin = max(checked, suspect)
        if sent - begin > SCRUB_BLOCKS + IN_FLIGHT:
            account.faults.append(f"{memory}: {sent - begin} packets since the last check")
        if begun is not None:
            suspicious.append((begun, suspect))
        before = simulator.frames
        simulator.step(period)
        if simulator.frames != before or simulator.read(register("packets").offset) != sent:
            account.faults.append(f"{memory}: it went on sending while halted")
        begun = begin
        simulator.write(register("status").offset, CRC)
        for offset, value in load:
            simulator.write(offset, value)
    feed_ahead()
    simulator.run(simulator.frames + 2 * SCRUB_BLOCKS)
    if begun is not None:
        suspicious.append((begun, read("packets_suspect")))
    payloads = simulator.payloads
    account.packets = len(payloads)
    wrong = {n for n, payload in enumerate(payloads) if payload != golden.payloads[n % len(golden.payloads)]}
    account.wrong = len(wrong)
    spans = [range(*span) for span in suspicious]
    account.harmful = sum(any(n in wrong for n in span) for span in spans)
    unaccounted = wrong - {n for span in spans for n in span}
    account.faults += [f"packet {n} is wrong, though a later check passed" for n in sorted(unaccounted)]
    if any(early[1] > late[0] for early, late in pairwise(suspicious)):
        account.faults.append("packets that came before a reload count as unchecked after it")
    if read("crc_failures") != len(places):
        account.faults.append(f"{read('crc_failures')} failed checks are counted, {len(places)} were forced")
    return account


def choose_places(plan: Plan, count: int, seed: int) -> list[tuple[str, int, int]]:
    """Seeded (memory, word, bit), the memories in turn."""
    rng = np.random.default_rng(seed)
    images = plan.images
    regions = lay_out(images)
    places = []
    for number in range(count):
        region = regions[number % len(regions)]
        bits = images[region.name].width if region.lanes == 1 else region.lanes * BUS_BITS
        word, bit = int(rng.integers(region.words)), int(rng.integers(bits))
        places.append((f"chip.encoder.store.{region.name}", word, bit))
    return places


def notice_cycles(plan: Plan) -> int:
    """Cycles within which a flip must be noticed: the blocks until a check is due and those then under way, the check,
    and one more check for a bit that flips behind it."""
    words = sum(region.words * region.lanes for region in lay_out(plan.images))
    return (SCRUB_BLOCKS + IN_FLIGHT) * plan.cycles_per_block + plan.latency + 2 * words
