"""A script of actions on a chip, line by line as ``driver.cpp`` reads it, and what the model must know of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fed", "Flip", "Script"]


@dataclass(frozen=True)
class Fed:
    """A spike that is offered: from where in the pool, how many samples, and its channel and time."""

    start: int
    count: int
    channel: int
    time: int


@dataclass(frozen=True)
class Flip:
    """A bit of a parameter memory."""

    memory: str
    word: int
    bit: int


@dataclass
class Script:
    """Actions, in order.

    Args:
        pool: (spikes, D) codes that spikes are taken from.
    """

    pool: NDArray[np.int16]
    lines: list[str] = field(default_factory=list)
    fed: list[list[Fed]] = field(default_factory=lambda: [[]])
    """Of each time between resets."""
    flips: list[list[Flip]] = field(default_factory=lambda: [[]])
    waits: list[str] = field(default_factory=list)
    """What each wait is for."""
    pokes: dict[str, int] = field(default_factory=dict)
    """Registers whose value was set through the back door, and to what."""
    actions: int = 0

    def __post_init__(self) -> None:
        self._add("pool", self.pool.size, *self.pool.ravel().tolist())
        self.actions = 0

    def _add(self, *words: object) -> None:
        self.lines.append(" ".join(map(str, words)))
        self.actions += 1

    def spike(self, spike: int, channel: int, time: int, *, count: int | None = None, split: int = 0) -> "list[str]":
        """Offer a spike of the pool, of ``count`` samples in place of its own; with ``split``, so many at first.

        Returns:
            What offers the rest; empty without a split.
        """
        samples = self.pool.shape[1]
        count = samples if count is None else count
        start, user = spike * samples, channel | time << 16
        self.fed[-1].append(Fed(start, count, channel, time))
        if not 0 < split < count:
            self._add("beats", start, count, 1, user)
            return []
        self._add("beats", start, split, 0, user)
        return [f"beats {start + split} {count - split} 1 {user}"]

    def rest(self, lines: Sequence[str]) -> None:
        """Offer what :meth:`spike` left."""
        self.lines += lines

    def write(self, offset: int, value: int, strobe: int = 15) -> None:
        self._add("write", offset, value, strobe)

    def read(self, offset: int) -> None:
        self._add("read", offset)

    def step(self, cycles: int) -> None:
        self._add("step", cycles)

    def pauses(self, which: str, chance: int, longest: int) -> None:
        """``idle`` or ``stall``: of a thousand cycles so many begin a pause of so many at most."""
        self._add(which, chance, longest)

    def block(self, cycles: int) -> None:
        """Take no byte for so many cycles."""
        self._add("block", cycles)

    def until(self, what: str, offset: int, mask: int, value: int, limit: int) -> None:
        """Poll a register until its bits have a value; within ``limit`` cycles they must."""
        self._add("until", offset, mask, value, limit)
        self.waits.append(what)

    def drain(self, what: str, limit: int) -> None:
        """Wait until all that was offered is taken."""
        self._add("drain", limit)
        self.waits.append(what)

    def flip(self, scope: str, variable: str, flip: Flip) -> None:
        self._add("flip", scope, variable, flip.word, flip.bit)
        self.flips[-1].append(flip)

    def poke(self, scope: str, variable: str, value: int, name: str) -> None:
        """Set a register that nothing else sets: a counter near its end, or the sequence number."""
        self._add("set", scope, variable, value)
        self.pokes[name] = value

    def reset(self, cycles: int) -> None:
        self._add("reset", cycles)
        self.fed.append([])
        self.flips.append([])
