"""The golden chip's registers and states, from docs/hardware.md: its table of registers, and what stands around it.

When a check begins and ends is not documented to the cycle. So the model keeps every state that the chip may be in,
and each answer must be one that one of these gives.
"""

import re
import zlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.sim.control.bench import Access, Epoch
from tests.sim.control.script import Flip

__all__ = ["DOCUMENTED", "Memory", "Registers", "Settings", "Shape"]

TEXT = (Path(__file__).parents[3] / "docs" / "hardware.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(0x..)` \| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| .* \|$", re.M)
OKAY, SLVERR = 0, 2
RUN, FLUSH, RAW = 1, 2, 4
POINTS = ("spec_hash", "spec_hash_1", "spec_hash_2", "spec_hash_3")


@dataclass(frozen=True)
class Documented:
    """A row of the table."""

    name: str
    access: str
    reset: str
    taken: str


DOCUMENTED = {
    int(offset, 16): Documented(name, access, reset, taken) for offset, name, access, reset, taken in ROW.findall(TEXT)
}
OFFSETS = {row.name: offset for offset, row in DOCUMENTED.items()}


@dataclass(frozen=True)
class Memory:
    """A parameter memory, as ``registers.json`` and the manifest have it."""

    name: str
    offset: int
    words: int
    lanes: int
    width: int


@dataclass(frozen=True)
class Shape:
    """What the documents leave to a design."""

    packet_blocks: int
    points: int
    hashes: tuple[int, ...]
    """First 32 bits of each point's."""
    window: int | None
    """Byte offset from which parameters lie; None: they are built in."""
    memories: tuple[Memory, ...] = ()
    right: dict[int, int] = field(default_factory=dict)
    """Of each bus word, by its offset."""
    whole: bool = False
    """Blocks are events of several spikes."""


@dataclass(frozen=True)
class Settings:
    """What a packet is made with."""

    raw: int | None
    sidecar: int
    packet_blocks: int
    tag: int
    point: int


class Registers:
    """Judge every access of one run from reset to reset.

    Args:
        shape: of the chip.
        words: what the parameter memories hold, by offset, from the run before; changed in place.
    """

    def __init__(self, shape: Shape, words: dict[int, int]) -> None:
        self.shape, self.words = shape, words
        self.faults: list[str] = []
        loadable = shape.window is not None
        self.values = {row.name: self._at_reset(row) for row in DOCUMENTED.values()}
        self.values["control"] = 0
        self.modes = {("halted", 0)} if loadable else {("running", 1)}
        self._widths = {
            memory.offset + 4 * n: min(32, memory.width - 32 * (n % memory.lanes))
            for memory in shape.memories
            for n in range(memory.words * memory.lanes)
        }
        self._check = len(self._widths) + 16
        self.sound: list[tuple[int, bool]] = []
        """From each cycle on, whether a check would pass."""
        self.corrupt: list[tuple[int, bool]] = []
        """From each cycle on, whether parameters are not those of the specs."""
        self.asked: list[tuple[int, Settings]] = []
        """From each cycle on."""
        self.flushes: list[int] = []
        self.stops: list[tuple[int, int]] = []
        """From each cycle on, what was written to ``run``, or 0 where a check may have failed."""
        self.timeouts: list[tuple[int, int]] = [(0, self.values["timeout"])]
        self.limits: list[tuple[int, int]] = [(0, self.values["rate_limit"])]
        self.replaced: list[int] = []
        """Cycles in which parameters were written."""
        self.refused: list[int] = []
        self.reads: list[tuple[Access, str]] = []
        """Of counters and states that only the packets explain."""
        self.clears: dict[str, list[int]] = {row.name: [] for row in DOCUMENTED.values() if row.access == "count"}
        self.states: list[frozenset[str]] = []
        """In which each access may have found the chip."""
        self._raw: int | None = 0

    def _at_reset(self, row: Documented) -> int:
        first, *others = row.reset.split("; ")
        text = first
        for other in others:
            if self.shape.window is None and other.startswith("built in "):
                text = other.removeprefix("built in ")
            if other.startswith("without one "):
                text = other.split()[-1]
        known = {"the hash": self.shape.hashes[0], "hardware.packet_blocks": self.shape.packet_blocks}
        if row.name in POINTS[1:] and self.shape.window is None and POINTS.index(row.name) < self.shape.points:
            return self.shape.hashes[POINTS.index(row.name)]
        text = text.strip("`")
        return known[text] if text in known else int(text.replace(",", ""), 0) if text[0].isdigit() else -1

    def walk(self, epoch: Epoch, flips: Iterable[Flip]) -> None:
        """All accesses, and flips between them."""
        self.asked.append((epoch.start, self._settings()))
        self.stops.append((epoch.start, 0 if self.shape.window is not None else 1))
        self._judge_parameters(epoch.start)
        waiting = sorted(zip(epoch.flips, flips, strict=True), key=lambda pair: pair[0])
        for access in epoch.accesses:
            while waiting and waiting[0][0] <= access.cycle:
                self._flip(*waiting.pop(0))
            self._advance(access.cycle)
            self.states.append(frozenset(mode for mode, _ in self.modes))
            (self._write if access.write else self._read)(access)
        for cycle, flip in waiting:
            self._flip(cycle, flip)

    def _fault(self, access: Access, text: str) -> None:
        row = DOCUMENTED.get(access.offset & ~3)
        what = f"{'write' if access.write else 'read'} of {row.name if row else hex(access.offset)} {access.value:#x}"
        self.faults.append(f"cycle {access.cycle}: {what}, strobe {access.strobe:x}: {text}; states {self.modes}")

    # States.

    def _advance(self, cycle: int) -> None:
        """What may have happened by itself."""
        verdicts = {self.is_sound(cycle)} | {was for at, was in self.sound if cycle - self._check <= at <= cycle}
        before = [was for at, was in self.sound if at < cycle - self._check]
        verdicts |= set(before[-1:])
        while True:
            more = set(self.modes)
            for mode, run in self.modes:
                if mode == "halted" and run:
                    more.add(("checking" if self.shape.window is not None else "running", run))
                if mode == "checking" and True in verdicts:
                    more.add(("running", run))
                if mode == "checking" and False in verdicts:
                    more.add(("halted", 0))
                    self.stops.append((cycle, 0))
                if mode == "running":
                    more.add(("checking", run) if run and self.shape.window is not None else ("running", run))
                    if not run:
                        more.add(("stopping", run))
                if mode == "stopping":
                    more.add(("halted", run))
            if more == self.modes:
                return
            self.modes = more

    def _only(self, access: Access, kept: set[tuple[str, int]], text: str) -> None:
        if kept:
            self.modes = kept
        else:
            self._fault(access, text)

    def is_sound(self, cycle: int) -> bool:
        """Whether a check would pass."""
        return self.sound[bisect_left(self.sound, (cycle + 1,)) - 1][1] if self.sound else True

    def _judge_parameters(self, cycle: int) -> None:
        if self.shape.window is None:
            return
        data = b"".join(self.words.get(offset, 1 << 31).to_bytes(4, "little") for offset in sorted(self._widths))
        self.sound.append((cycle, zlib.crc32(data) == self.values["crc_expected"]))
        self.corrupt.append((cycle, any(self.words.get(o) != value for o, value in self.shape.right.items())))

    def _flip(self, cycle: int, flip: Flip) -> None:
        memory = next(m for m in self.shape.memories if m.name == flip.memory)
        offset = memory.offset + 4 * (flip.word * memory.lanes + flip.bit // 32)
        self._advance(cycle)
        self.words[offset] ^= 1 << flip.bit % 32
        self._judge_parameters(cycle)

    # Accesses.

    def _legal(self, name: str, value: int) -> bool:
        least, most = {
            "packet_blocks": (1, self.shape.packet_blocks),
            "sidecar": (0, 2),
            "point": (0, self.shape.points - 1),
            "rate_limit": (0, 1 << 27),
            "rate_burst": (1, (1 << 24) - 1),
        }.get(name, (0, (1 << 32) - 1))
        return least <= value <= most

    def _refuses(self, row: Documented | None, access: Access) -> bool:
        if row is None or row.access == "ro" or access.strobe != 15:
            return True
        if row.name == "threshold" or (row.name == "point" and self.shape.points == 1):
            return True
        if "built in never" in row.taken and self.shape.window is None:
            return True
        if row.name in POINTS and (self.shape.window is None or POINTS.index(row.name) >= self.shape.points):
            return True
        return not self._legal(row.name, access.value)

    def _write(self, access: Access) -> None:
        offset = access.offset & ~3
        if self.shape.window is not None and offset >= self.shape.window:
            self._write_parameter(access, offset)
        else:
            row = DOCUMENTED.get(offset)
            refused = self._refuses(row, access)
            if access.response != (SLVERR if refused else OKAY):
                self._fault(access, f"answered {access.response}, refused must be {refused}")
            if not refused and row is not None:
                self._take(row, access)
        if access.response == SLVERR:
            self.refused.append(access.cycle)

    def _write_parameter(self, access: Access, offset: int) -> None:
        """Taken while halted only, and where a memory has a word."""
        sensible = access.strobe == 15 and offset in self._widths
        if access.response == OKAY and sensible:
            self._only(access, {mode for mode in self.modes if mode[0] == "halted"}, "taken though not halted")
            self.words[offset] = access.value & ((1 << self._widths[offset]) - 1)
            self.replaced.append(access.cycle)
            self._judge_parameters(access.cycle)
        elif access.response == OKAY:
            self._fault(access, "taken though it is no whole word of a memory")
        elif sensible:
            self._only(access, {mode for mode in self.modes if mode[0] != "halted"}, "refused though halted")

    def _take(self, row: Documented, access: Access) -> None:
        value, cycle = access.value, access.cycle
        if row.access == "count":
            self.clears[row.name].append(cycle)
        elif row.name == "status":
            self.reads.append((access, "clear"))
        elif row.name == "control":
            halted = {mode == "halted" for mode, _ in self.modes}
            if halted == {True}:
                self._raw = value >> 2 & 1
            elif True in halted and self._raw != value >> 2 & 1:
                self._raw = None
            self.modes = {(mode, value & 1) for mode, _ in self.modes}
            self.stops.append((cycle, value & 1))
            if value & FLUSH:
                self.flushes.append(cycle)
            self.asked.append((cycle, self._settings()))
        else:
            self.values[row.name] = value
            if row.name == "crc_expected":
                self._judge_parameters(cycle)
            {"timeout": self.timeouts, "rate_limit": self.limits}.get(row.name, []).append((cycle, value))
            self.asked.append((cycle, self._settings()))

    def _read(self, access: Access) -> None:
        offset = access.offset & ~3
        if self.shape.window is not None and offset >= self.shape.window:
            self._read_parameter(access, offset)
            return
        row = DOCUMENTED.get(offset)
        if access.response != OKAY:
            self._fault(access, "a register is always read with OKAY")
        if row is None:
            if access.value:
                self._fault(access, "no register reads 0")
        elif row.name == "status":
            bits = {"running": 1, "checking": 2, "halted": 4, "stopping": 0}
            kept = {mode for mode in self.modes if bits[mode[0]] == access.value & 7}
            self._only(access, kept, "no such state")
            self.reads.append((access, "status"))
        elif row.name == "control":
            self._read_control(access)
        elif row.access == "count" or row.name in ("packets_checked", "packets_suspect", "crc_computed"):
            self.reads.append((access, row.name))
        elif self.values[row.name] >= 0 and access.value != self.values[row.name]:
            self._fault(access, f"reads {access.value:#x}, was set to {self.values[row.name]:#x}")

    def _read_control(self, access: Access) -> None:
        self._only(access, {mode for mode in self.modes if mode[1] == access.value & 1}, "run is another")
        raw = access.value >> 2 & 1
        if self._raw is None:
            for n in range(len(self.asked) - 1, -1, -1):
                cycle, settings = self.asked[n]
                if settings.raw is not None:
                    break
                self.asked[n] = cycle, Settings(**(vars(settings) | {"raw": raw}))
            self._raw = raw
        elif raw != self._raw:
            self._fault(access, "raw is another")
        self.reads.append((access, "control"))

    def _read_parameter(self, access: Access, offset: int) -> None:
        halted = {mode for mode in self.modes if mode[0] == "halted"}
        absent = offset not in self._widths
        if access.response == SLVERR:
            if not absent or access.value:
                self._fault(access, "only where no word is a read is refused, and gives 0")
            self._only(access, halted, "refused though not halted")
        elif absent:
            self._only(access, self.modes - halted, "no word, though halted")
        elif access.value != self.words.get(offset, access.value) and halted:
            self._only(access, self.modes - halted, f"holds {self.words.get(offset):#x}")
            if access.value:
                self._fault(access, "a parameter can be read while not halted")

    def _settings(self) -> Settings:
        point = max(self.values["point"], 0)
        tag = self.values[POINTS[point]] >> 16
        return Settings(self._raw, self.values["sidecar"], self.values["packet_blocks"], tag, point)

    def asked_at(self, cycle: int) -> Settings:
        """What was asked for before a cycle."""
        return self.asked[max(bisect_left(self.asked, (cycle,), key=lambda entry: (entry[0],)) - 1, 0)][1]
