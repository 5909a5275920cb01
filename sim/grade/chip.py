"""A chip under test: register names in place of offsets, and every answer held against what it must be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.host.register_map import REGISTERS, WINDOW_BITS, register
from rtl.manifest import Manifest
from sim.batch import BatchSimulator, Pauses, ProtocolError
from sim.grade.mutants import SELECTOR
from spikecae.golden import EncodedBlocks, encode
from spikecae.spec import EncoderSpec

__all__ = ["COUNTERS", "FLUSH", "PRESET", "RAW", "RUN", "STATUS", "Chip", "FaultFound", "Subject", "expect"]

RUN, FLUSH, RAW = 1, 2, 4
"""Bits of ``control``."""
STATUS = {
    **{"running": 1 << 0, "checking": 1 << 1, "halted": 1 << 2, "idle": 1 << 3, "waits": 1 << 4},
    **{"crc": 1 << 8, "refused": 1 << 9, "wrong": 1 << 10},
}
COUNTERS = tuple(entry.name for entry in REGISTERS if entry.access == "count")
PRESET = (("packetizer", "sequence"), *(("registers", f"count_{name}") for name in COUNTERS))
"""Units and registers that count too far for a bench: it sets them near their ends."""
PATIENCE = 600
"""Looks at a register, ``LOOK`` cycles apart, before what must come is given up."""
LOOK = 40
SLOWNESS = 4
"""Times its cycles that a block may take, with pauses."""


class FaultFound(AssertionError):
    """The chip does not do what golden, the standard or the register map say."""


def expect(what: str, got: object, wanted: object) -> None:
    """Raises: FaultFound: they differ."""
    if got != wanted:
        raise FaultFound(f"{what}: expected {wanted}, got {got}")


@dataclass(frozen=True)
class Subject:
    """A design, and blocks (n, M, D) with what golden makes of them."""

    spec: EncoderSpec
    manifest: Manifest
    load: list[tuple[int, int]]
    offsets: dict[str, list[range]]
    """Of parameters, as :func:`rtl.host.load.offsets_of` has them."""
    adc: NDArray[np.int16]
    golden: EncodedBlocks

    @property
    def spikes(self) -> NDArray[np.int16]:
        """(n · M, D)."""
        return self.adc.reshape(-1, self.spec.samples)


class Chip:
    """A simulated chip, loaded and running, of which a mutant may be awake.

    Args:
        library: compiled with the mutants.
        subject: what it is.
        mutant: which one; 0 none.
        recorded: what a chip without fault has shown; None: this is one.
    """

    def __init__(self, library: Path, subject: Subject, mutant: int, recorded: dict[str, object] | None = None) -> None:
        self.subject = subject
        self.shown = dict[str, object]()
        """What no model predicts to the cycle."""
        self._recorded = recorded
        self.simulator = BatchSimulator(library, subject.manifest)
        for bit in range(SELECTOR.width):
            if mutant >> bit & 1:
                self.simulator.flip(SELECTOR.name, 0, bit)
        self.restart()

    def become(self, subject: Subject) -> None:
        """Take other parameters, from the next :meth:`restart` on."""
        self.subject = subject
        self.simulator.manifest = subject.manifest

    def shows(self, what: str, value: object) -> None:
        """What no model predicts to the cycle is as on a chip without fault, which equals golden in all else.

        Raises:
            FaultFound: it is not.
        """
        what = f"{what} at {self.subject.manifest.spec_hash[:4]}"
        self.shown[what] = value
        if self._recorded is not None:
            expect(what, value, self._recorded[what])

    def restart(self) -> None:
        """Reset, load, and run at full rate."""
        self.simulator.pause(inputs=Pauses(), outputs=Pauses(), seed=1)
        self.simulator.reset(load=self.subject.load)

    def reset(self, cycles: int = 4) -> None:
        """Reset for so many cycles while memories keep what they hold, and run at full rate."""
        self.simulator.pause(inputs=Pauses(), outputs=Pauses(), seed=1)
        self.simulator.reset(cycles, load=[write for write in self.subject.load if write[0] < 1 << WINDOW_BITS])

    def preset(self, unit: str, register: str, value: int) -> None:
        """Set one of :data:`PRESET` through the back door."""
        self.simulator.preset(unit, register, value)

    @property
    def counters(self) -> list[str]:
        """Those that can count: without a front end no event is lost, and without escapes none is coded."""
        symbols = self.subject.spec.symbols
        never = {"overruns", *(["escapes"] if len(symbols) == len(symbols.coded) else [])}
        return [name for name in COUNTERS if name not in never]

    def write(self, name: str, value: int) -> None:
        """Write a register."""
        self.simulator.write(register(name).offset, value)

    def refuses(self, what: str, offset: int, value: int, strobe: int = 0xF) -> None:
        """A write that must not be taken.

        Raises:
            FaultFound: it is.
        """
        try:
            self.simulator.write(offset, value, strobe)
        except ProtocolError:
            return
        raise FaultFound(f"{what}: {value:#x} is taken")

    def refuses_to_read(self, what: str, offset: int) -> None:
        """An offset that must not be read.

        Raises:
            FaultFound: it is answered.
        """
        try:
            value = self.simulator.read(offset)
        except ProtocolError:
            return
        raise FaultFound(f"{what} at {offset:#x} reads {value:#x}")

    def read(self, name: str) -> int:
        """A register."""
        return self.simulator.read(register(name).offset)

    def status(self, name: str) -> bool:
        """Whether a bit of ``status`` is set."""
        return bool(self.read("status") & STATUS[name])

    def until(self, what: str, holds: Callable[[], bool], looks: int = PATIENCE) -> None:
        """Simulate until something holds.

        Raises:
            FaultFound: it does not come.
        """
        for _ in range(looks):
            if holds():
                return
            self.simulator.step(LOOK)
        raise FaultFound(f"{what}: not within {looks * LOOK} cycles; status {self.read('status'):#x}")

    def settle(self) -> None:
        """Simulate until all that was fed is taken and coded, and a wait more."""
        manifest = self.subject.manifest
        blocks = self.simulator.waiting // (manifest.spikes * manifest.samples)
        looks = PATIENCE + SLOWNESS * blocks * manifest.cycles_per_block // LOOK
        self.until("all is taken", lambda: not self.simulator.waiting, looks)
        self.simulator.step(manifest.latency_cycles + 2 * manifest.cycles_per_block)

    def flush(self, mode: int = 0) -> None:
        """Send what there is, and wait for it."""
        self.settle()
        self.write("control", RUN | FLUSH | mode)
        self.until("flush ends", lambda: not self.read("control") & FLUSH)
        self.simulator.step(LOOK)

    def halt(self, mode: int = 0) -> None:
        """Stop, once everything is sent."""
        self.write("control", mode)
        self.until("halted", lambda: self.status("halted"))

    def start(self, mode: int = 0) -> None:
        """Run again."""
        self.write("control", RUN | mode)
        self.until("running", lambda: self.status("running"))

    def sent(self, what: str, expected: list[bytes], since: int = 0) -> None:
        """These packets, and no more, have left since so many before.

        Raises:
            FaultFound: others have.
        """
        got = self.simulator.packets[since:]
        for number, (packet, wanted) in enumerate(zip(got, expected, strict=False)):
            expect(f"{what}, packet {number}", packet.hex(), wanted.hex())
        expect(f"{what}, packets", len(got), len(expected))

    def counts(self, what: str, **wanted: int) -> None:
        """Registers hold these values.

        Raises:
            FaultFound: one does not.
        """
        for name, value in wanted.items():
            expect(f"{what}: {name}", self.read(name), value)

    def close(self) -> None:
        """End the simulation."""
        self.simulator.close()


def coded(subject: Subject, spikes: int) -> EncodedBlocks:
    """What golden makes of the first so many spikes, the last block of them partial where they do not fill it."""
    whole = -(-spikes // subject.spec.spikes)
    present = np.arange(whole * subject.spec.spikes).reshape(whole, -1) < spikes
    return encode(subject.spec, np.where(present[:, :, None], subject.adc[:whole], 0), present)
