"""Random actions on a chip: every register with legal and illegal values, in every state that these lead to."""

import numpy as np

from sim.verilate import MEMORY_VARIABLE
from tests.sim.control.chips import Subject
from tests.sim.control.registers import DOCUMENTED, FLUSH, OFFSETS, RAW, RUN
from tests.sim.control.script import Flip, Script

__all__ = ["Player"]

RUNNING, HALTED, IDLE = 1, 4, 8
LIVE = {
    "scrub_blocks": (0, 1, 3, 0x10002),
    "scrub_idle": (0, 90, 700, 1 << 24),
    "timeout": (0, 0, 40, 300, 2000),
    "rate_burst": (100, 3000, (1 << 24) - 1),
}
ILLEGAL = {
    "packet_blocks": (0, 5, 255, 0x101, 0xFFFFFFFF),
    "sidecar": (3, 4, 0x10000),
    "point": (3, 4, 0xFFFFFFFF),
    "rate_limit": ((1 << 27) + 1, 0xFFFFFFFF),
    "rate_burst": (0, 1 << 24),
    "threshold": (60,),
}


class Player:
    """Makes a script, seeded.

    Args:
        subject: the chip.
        seed: of everything.
        kind: ``faults``: parameters flip; ``limits``: spikes are dropped for the rate limit; ``calm``: neither.
    """

    def __init__(self, subject: Subject, seed: int, kind: str) -> None:
        self.subject, self.kind = subject, kind
        self.script = Script(subject.blocks.pool)
        self._draw = np.random.default_rng(seed)
        self._rest: list[str] = []
        self._raw, self._channel, self._time = 0, 7, (1 << 32) - 5000
        self._left = 0
        self._timed = kind == "limits" or (kind == "faults" and subject.shape.whole)
        """Only times tell which spikes are in a packet."""
        self._last = len(subject.shape.hashes) - 1
        self._loadable = subject.shape.window is not None
        self._limit = 40 * subject.manifest.latency_cycles + 60_000
        self._start()

    def play(self, actions: int) -> Script:
        """At least so many actions, and then all that was taken is waited for."""
        weights = {
            self._spikes: 30,
            self._setting: 14,
            self._live: 8,
            self._refused: 14,
            self._look: 14,
            self._step: 22,
            self._flush: 5,
            self._pauses: 4,
            self._settle: 2,
            self._stop: 1.5,
            self._storm: 0.3,
            self._reset: 0 if self.kind == "limits" else 0.3,
            self._fault: 1.5 if self.kind == "faults" else 0,
            self._count: 3,
        }
        chosen, share = list(weights), np.array(list(weights.values()), float)
        while self.script.actions < actions:
            chosen[self._draw.choice(len(chosen), p=share / share.sum())]()
        self._settle()
        return self.script

    # What it does.

    def _below(self, limit: int) -> int:
        return int(self._draw.integers(limit))

    def _one_in(self, count: int) -> bool:
        return self._below(count) == 0

    def _write(self, name: str, value: int) -> None:
        self.script.write(OFFSETS[name], value)

    def _control(self, value: int) -> None:
        self._write("control", value)
        self.script.read(OFFSETS["control"])

    def _until(self, what: str, name: str, mask: int, value: int, limit: int = 0) -> None:
        self.script.until(what, OFFSETS[name], mask, value, limit or self._limit)

    def _start(self) -> None:
        """Load it and let it run."""
        self._raw, self._rest = 0, []
        for offset, value in self.subject.load:
            self.script.write(offset, value)
        self._until("running after a load", "status", RUNNING, RUNNING)
        if self._timed:
            self._write("sidecar", 2)

    def _run(self) -> None:
        self._control(RUN | (RAW if self._raw else 0))

    def _spikes(self) -> None:
        for _ in range(1 + self._below(5)):
            self._complete()
            wrong = self._one_in(12)
            count = 1 + self._below(2 * self.script.pool.shape[1]) if wrong else None
            self._come(1 + self._below(1200))
            if self.subject.blocks.specs[0].spikes == 1:
                self._channel = self._below(1 << 16)
            split = 1 + self._below(self.script.pool.shape[1] - 1) if self._one_in(6) else 0
            self._rest = self.script.spike(
                self._below(len(self.script.pool)), self._channel, self._time, count=count, split=split
            )
            if self._rest:
                return

    def _come(self, later: int) -> None:
        """The next spike has a time of its own or, of an event, its event's; now and then a spike is missing, or there
        twice."""
        if self._left == 0:
            self._time = (self._time + later) % (1 << 32)
            spikes = self.subject.blocks.specs[0].spikes if self.subject.shape.whole else 1
            self._left = spikes + (self._below(3) - 1 if spikes > 1 and self._one_in(8) else 0)
        self._left -= 1

    def _complete(self) -> None:
        self.script.rest(self._rest)
        self._rest = []

    def _setting(self) -> None:
        which = self._below(4 if self._loadable else 2)
        if which == 0:
            self._write("packet_blocks", 1 + self._below(self.subject.shape.packet_blocks))
        elif which == 1:
            self._write("sidecar", 2 if self._timed else self._below(3))
        elif which == 2 and self._last:
            self._write("point", self._below(self._last + 1))
        elif self._loadable:
            name = ("spec_hash", "spec_hash_1", "spec_hash_2")[self._below(self._last + 1)]
            self._write(name, self._below(1 << 32) if self._one_in(2) else 0x5AFE0000 | self._below(4))

    def _live(self) -> None:
        names = [name for name in LIVE if self.kind == "limits" or name != "rate_burst"]
        name = names[self._below(len(names))]
        self._write(name, LIVE[name][self._below(len(LIVE[name]))])
        if self.kind == "limits" and self._one_in(2):
            self._write("rate_limit", (0, 1 << 20, 1 << 22, 1 << 24)[self._below(4)])
        if self._one_in(4):
            # Raw is left as it is, unless the chip is halted.
            self._control(RUN | (RAW if self._one_in(2) else 0))

    def _refused(self) -> None:
        if self._loadable and self._one_in(5):
            self.script.write(self._parameter(), self._below(1 << 32))
        else:
            self._illegal()

    def _illegal(self) -> None:
        """What is refused in every state."""
        kind = self._below(4)
        if kind == 0:
            name = list(ILLEGAL)[self._below(len(ILLEGAL))]
            self._write(name, ILLEGAL[name][self._below(len(ILLEGAL[name]))])
        elif kind == 1:
            rows = [offset for offset, row in DOCUMENTED.items() if row.access == "ro"]
            self.script.write(rows[self._below(len(rows))], self._below(1 << 32))
        elif kind == 2:
            end = self.subject.shape.window or 1 << 12
            holes = [offset for offset in (*range(0x80, 0x100, 4), end // 2, end - 4) if offset not in DOCUMENTED]
            self.script.write(holes[self._below(len(holes))], self._below(1 << 32))
        else:
            offset = list(DOCUMENTED)[self._below(len(DOCUMENTED))]
            self.script.write(offset, self._below(4), self._below(15))

    def _parameter(self) -> int:
        """Where a parameter may be: words, and holes; never written while the chip is halted."""
        window = self.subject.shape.window or 0
        return window + 4 * self._below(window // 4)

    def _look(self) -> None:
        kind = self._below(6)
        if kind == 0 and self._loadable:
            self.script.read(self._parameter())
        elif kind == 1:
            self.script.read(4 * self._below(64) + self._below(4))
        elif kind == 2:
            self.script.read(OFFSETS["packets_checked"])
            self.script.read(OFFSETS["packets_suspect"])
        else:
            self.script.read(list(DOCUMENTED)[self._below(len(DOCUMENTED))])

    def _step(self) -> None:
        long = self._one_in(10)
        self.script.step(1 + self._below(3 * self.subject.manifest.cycles_per_block if long else 40))

    def _flush(self) -> None:
        self._control(RUN | FLUSH | (RAW if self._raw else 0))

    def _pauses(self) -> None:
        if self._one_in(4):
            self.script.block(self._below(400))
        else:
            chance = (0, 30, 300)[self._below(3)]
            self.script.pauses(("idle", "stall")[self._below(2)], chance, (2, 30)[self._below(2)])

    def _count(self) -> None:
        rows = [row.name for row in DOCUMENTED.values() if row.access == "count"]
        if self._one_in(3):
            self._write("status", self._below(1 << 12))
        else:
            self._write(rows[self._below(len(rows))], self._below(2))

    def _settle(self) -> None:
        """All that was offered is taken and sent, by a flush or a timeout; then everything is counted."""
        self._complete()
        if self._one_in(2):
            self._unpaused()
        self.script.drain("all spikes taken", self._limit * (1 + len(self.script.fed[-1]) // 50))
        if self._one_in(3):
            self._write("timeout", 150)
            self._until("all sent by the timeout", "status", IDLE, IDLE)
            self._write("timeout", 0)
        else:
            self._flush()
            self._until("the end of a flush", "control", FLUSH, 0)
        self._until("an idle chip", "status", IDLE, IDLE)
        self.script.step(100)
        for offset in DOCUMENTED:
            self.script.read(offset)

    def _unpaused(self) -> None:
        self.script.pauses("idle", 0, 1)
        self.script.pauses("stall", 0, 1)
        self.script.block(0)

    def _storm(self) -> None:
        """A flush ends however fast spikes come."""
        self._complete()
        manifest = self.subject.manifest
        self._unpaused()
        limit = 6 * (manifest.latency_cycles + 3 * manifest.cycles_per_block + manifest.packet_buffer_bytes)
        limit += 2 * len(self.subject.load)
        for _ in range(4 * limit // self.script.pool.shape[1]):
            self._come(10)
            self.script.spike(self._below(len(self.script.pool)), self._channel, self._time)
        self.script.step(manifest.latency_cycles)
        self._flush()
        self._until("the end of a flush while spikes come", "control", FLUSH, 0, limit)

    def _stop(self) -> None:
        """Halt, perhaps with half a spike; change what may be changed then; run on."""
        self._control(RAW if self._raw else 0)
        if self._one_in(3):
            self.script.step(self._below(60))
            self._look()
            self._spikes()
        if self._raw or self.subject.blocks.specs[0].spikes > 1:
            self._complete()  # a block that has begun waits for it
        self._until("a halted chip", "status", HALTED, HALTED)
        self._while_halted()
        if self.kind != "limits" or self._one_in(4):
            self._raw = self._below(2)
        self._control(RAW if self._raw else 0)
        if self._loadable and self._one_in(3):
            for offset, value in self.subject.load:
                if offset >= (self.subject.shape.window or 0) and self._one_in(4):
                    self.script.write(offset, value)
        self._run()
        self._until("running after a stop", "status", RUNNING, RUNNING)

    def _while_halted(self) -> None:
        chosen = (self._setting, self._live_halted, self._look, self._spikes, self._illegal, self._count)
        for _ in range(self._below(6)):
            chosen[self._below(len(chosen))]()

    def _live_halted(self) -> None:
        self._write("timeout", LIVE["timeout"][self._below(5)])

    def _fault(self) -> None:
        """A parameter flips, or another CRC is expected; the chip halts by itself; it is repaired, and goes on."""
        if not self._loadable:
            return
        shape, crc = self.subject.shape, dict(self.subject.load)[OFFSETS["crc_expected"]]
        flip, bits = None, self._below(2)
        if bits:
            memory = shape.memories[self._below(len(shape.memories))]
            flip = Flip(memory.name, self._below(memory.words), self._below(memory.width))
            self._toggle(flip)
        else:
            self._write("crc_expected", crc ^ 1)
        blocks = self._below(5)
        self._write("scrub_blocks", blocks)
        self._write("scrub_idle", 0)
        for _ in range(self._below(4) + 4 * blocks):
            chosen = [self._spikes, self._step, self._spikes, self._setting, self._flush, self._illegal, self._count]
            chosen[self._below(7)]()
        self._write("scrub_idle", (90, 700)[self._below(2)])
        self._until("a check that fails", "status", HALTED, HALTED)
        self._raw_as_it_is()
        for name in ("status", "packets", "packets_checked", "packets_suspect", "crc_failures", "crc_computed"):
            self.script.read(OFFSETS[name])
        self._while_halted()
        if self._one_in(4):
            self._raw = self._below(2)
            self._control(RAW if self._raw else 0)
        if self._one_in(4):
            self._run()
            self._until("another check that fails", "status", HALTED, HALTED)
        if flip is None:
            self._write("crc_expected", crc)
        elif self._one_in(2):
            self._toggle(flip)
        else:
            for offset, value in self.subject.load:
                if offset >= (shape.window or 0):
                    self.script.write(offset, value)
        self._run()
        self._until("running after a repair", "status", RUNNING, RUNNING)

    def _raw_as_it_is(self) -> None:
        self.script.read(OFFSETS["control"])

    def _toggle(self, flip: Flip) -> None:
        name = next(m.name for m in self.subject.manifest.memories if m.short_name == flip.memory)
        self.script.flip(f"spike_encoder_wrapper.dut.{name}", MEMORY_VARIABLE, flip)

    def _reset(self) -> None:
        self.script.reset(1 + self._below(3))
        self._start()
