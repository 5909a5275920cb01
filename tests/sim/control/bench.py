"""A compiled chip on which scripts of actions are played, and the log of what its pins did."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtl.manifest import Manifest
from sim.verilate import MEMORY_VARIABLE, build_driver
from sim.wrapper import WRAPPER
from tests.sim.control.script import Script

__all__ = ["Access", "Bench", "Epoch", "Sent", "Taken"]

DRIVER = Path(__file__).with_name("driver.cpp")


@dataclass(frozen=True)
class Access:
    """A register access; ``counts`` are bytes, and cycles in which a sample and a byte waited, before its cycle."""

    cycle: int
    write: bool
    offset: int
    value: int
    strobe: int
    response: int
    counts: tuple[int, int, int]


@dataclass(frozen=True)
class Taken:
    """A spike: the cycle in which it was offered, those of its first and of its last sample, and its samples."""

    offered: int
    first: int
    last: int
    count: int


@dataclass(frozen=True)
class Sent:
    """A packet: the cycles in which its first byte was offered, and its last one taken."""

    offered: int
    ended: int
    data: bytes


@dataclass
class Epoch:
    """What happened from one reset to the next."""

    start: int
    accesses: list[Access] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    flips: list[int] = field(default_factory=list)
    """Their cycles."""
    unfinished: int | None = None
    """When a spike was offered whose end was not taken."""
    failed: list[str] = field(default_factory=list)
    """What was waited for in vain, or broke a bus's rules."""
    end: int = 0


class Bench:
    """A chip with its driver.

    Args:
        verilog: of the chip.
        manifest: its.
        models: where programs are kept.
    """

    def __init__(self, verilog: str, manifest: Manifest, models: Path) -> None:
        top = manifest.top
        visible = [(f"{top}.chip.registers", "count_*"), (f"{top}.chip.packetizer", "sequence")]
        if manifest.parameters == "ram":
            memories = [memory.name for memory in manifest.memories if memory.role == "parameters"]
            visible += [(f"{top}.{name}", MEMORY_VARIABLE) for name in memories]
        ports = ", ".join(f"{p.direction}put [{p.width - 1}:0] {p.name}" for p in manifest.ports)
        pins = ", ".join(f".{port.name}({port.name})" for port in manifest.ports)
        wrapper = f"module {WRAPPER}({ports});\n  {top} dut({pins});\nendmodule\n"
        self._program = build_driver(verilog, wrapper, DRIVER, models, visible)

    def play(self, script: Script, seed: int = 1) -> list[Epoch]:
        """What happened, reset by reset."""
        done = subprocess.run(
            [str(self._program), str(seed)], input="\n".join(script.lines) + "\n", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return _parsed(done.stdout.splitlines(), script.waits)


def _parsed(lines: Sequence[str], waits: Sequence[str]) -> list[Epoch]:
    epochs: list[Epoch] = []
    waited = iter(waits)
    for line in lines:
        kind, *words = line.split()
        if kind == "z":
            epochs.append(Epoch(int(words[0])))
            continue
        now = epochs[-1]
        if kind in ("w", "r"):
            cycle, offset, value, strobe, response, *counts = map(int, words)
            one, two, three = counts
            now.accesses.append(Access(cycle, kind == "w", offset, value, strobe, response, (one, two, three)))
        elif kind == "s":
            now.taken.append(Taken(*map(int, words)))
        elif kind == "p":
            now.sent.append(Sent(int(words[0]), int(words[1]), bytes.fromhex(words[2])))
        elif kind == "x":
            now.flips.append(int(words[0]))
        elif kind == "i":
            now.unfinished = int(words[0])
        elif kind in ("u", "d"):
            what = next(waited)
            if words[1] != "1":
                now.failed.append(f"cycle {words[0]}: {what} in vain")
        else:
            now.failed.append(line)
        if kind in ("u", "d", "w", "r"):
            now.end = int(words[0])
    return epochs
