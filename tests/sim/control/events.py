"""The golden chip's packets where blocks are events (docs/hardware.md, "Events of neighbourhoods").

Which spikes make an event follows from their times and number. Only where a flush, a stop, a timeout or a rate limit
may have met it within is there more than one way; then what the packet holds decides.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.packets import Packet, Sidecar
from spikecae.bitstream.payload import PayloadError, read_blocks, read_snippets
from tests.sim.control.packets import DROPPED, HELD, NEVER, SLACK, WRONG, Judge, Spike, during, tagged

__all__ = ["EventJudge"]


@dataclass(frozen=True)
class Way:
    """Spikes up to ``end`` have this fate."""

    end: int
    fate: str


@dataclass
class EventJudge(Judge):
    """As :class:`Judge`, of a chip whose blocks are whole events."""

    doubtful: set[Spike] = field(default_factory=set)
    """Spikes behind the last packet that may be left out, or held."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole = True
        for spike in self.spikes:
            spike.fate = HELD
        self._held: tuple[Packet, NDArray[np.integer] | None, NDArray[np.int64] | None] | None = None

    def run(self) -> None:
        """All packets; then what became of the spikes behind the last one."""
        super().run()
        if self.faults:
            return
        for kept in (False, True):
            came, doubt = self._explore(kept=kept)
            if len(self.spikes) in came or kept:
                self.doubtful = set(self.spikes[doubt:])
                self._settle(max(came), came)
                return

    def _explore(self, *, kept: bool) -> tuple[dict[int, tuple[int, str] | None], int]:
        """How the spikes behind the last packet may have gone, with ``kept`` some of them held; and from which on there
        is more than one way."""
        came: dict[int, tuple[int, str] | None] = {self._at: None}
        waiting, doubt = deque([self._at]), len(self.spikes)
        while waiting:
            at = waiting.popleft()
            if at >= len(self.spikes):
                continue
            block, ways = self._ways(at)
            if len(ways) + bool(block) > 1:
                doubt = min(doubt, at)
            for way in [*([Way(at + len(block), HELD)] if block and kept else []), *ways]:
                if way.end not in came:
                    came[way.end] = at, way.fate
                    waiting.append(way.end)
        return came, doubt

    def _take(self, packet: Packet, spikes: int) -> list[list[Spike]]:
        return [] if packet.header.missing else super()._take(packet, spikes)

    def _next(self, packet: Packet, number: int, wanted: int, spikes: int) -> list[Spike]:
        came: dict[int, tuple[int, str] | None] = {self._at: None}
        doubts, waiting = {self._at: False}, deque([self._at])
        while waiting:
            at = waiting.popleft()
            if at >= len(self.spikes):
                continue
            block, ways = self._ways(at)
            doubt = doubts[at] or len(ways) + bool(block) > 1
            fits = len(block) == wanted and self._is_raw(block[0]) == packet.header.raw
            if fits and (not doubt or self._same(packet, number, block)):
                self._settle(at, came)
                self._at = at + wanted
                return block
            for way in ways:
                if way.end not in came:
                    came[way.end], doubts[way.end] = (at, way.fate), doubt
                    waiting.append(way.end)
        return []

    def _settle(self, at: int, came: dict[int, tuple[int, str] | None]) -> None:
        """Note what became of the spikes before one, and when at the latest."""
        spikes = self.blocks.specs[0].spikes
        while (way := came[at]) is not None:
            start, fate = way
            cut = fate == WRONG and at - start < spikes and not self._is_raw(self.spikes[start])
            following = self.spikes[at].taken.first if at < len(self.spikes) else NEVER
            for spike in self.spikes[start:at]:
                spike.fate = fate
                spike.over = following if cut else self.spikes[at - 1].taken.last
            at = start

    def _is_raw(self, spike: Spike) -> bool:
        return bool(self.registers.asked_at(spike.taken.first).raw)

    def _ways(self, at: int) -> tuple[list[Spike], list[Way]]:
        """The block or snippet that begins with a spike, if one does; and how else it may have gone."""
        samples, spikes = self.blocks.pool.shape[1], self.blocks.specs[0].spikes
        first = self.spikes[at]
        if self._is_raw(first):
            right = first.fed.count == samples
            ways = [*([] if right else [Way(at + 1, WRONG)]), *([Way(at + 1, DROPPED)] if self.limited(at) else [])]
            return [first] if right else [], ways
        own = self._of_one_time(at, spikes)
        full, right = len(own) == spikes, all(spike.fed.count == samples for spike in own)
        over = full or at + len(own) < len(self.spikes)
        ways = [Way(at + n, WRONG) for n in range(1, len(own) + (not full)) if self._cut(at + n)]
        if over and not (full and right):
            ways.append(Way(at + len(own), WRONG))
        if over and self.limited(at):
            ways.append(Way(at + len(own), DROPPED))
        return own if full and right else [], list(dict.fromkeys(ways))

    def _of_one_time(self, at: int, most: int) -> list[Spike]:
        """Raw mode that was asked for meanwhile waits for an event that has begun."""
        first = self.spikes[at]
        own = [first]
        for spike in self.spikes[at + 1 : at + most]:
            if spike.fed.time != first.fed.time:
                break
            own.append(spike)
        return own

    def _cut(self, at: int) -> bool:
        """Whether a flush, a stop or a timeout may have come between a spike and the one before it."""
        own, before = self.registers, self.spikes[at - 1].taken
        offered = self.spikes[at].taken.offered if at < len(self.spikes) else self.epoch.end
        begin = before.first - SLACK
        end = self.spikes[at].taken.first + SLACK if at < len(self.spikes) else self.epoch.end
        if any(begin <= flush <= end for flush in own.flushes):
            return True
        if any(not run for (_, run), _ in during(own.stops, begin, end)):
            return True
        timeouts = during(own.timeouts, begin, end)
        return any(
            limit and min(until, offered) - max(start, before.last) >= limit for (start, limit), until in timeouts
        )

    def _same(self, packet: Packet, number: int, block: Sequence[Spike]) -> bool:
        """Whether a packet holds these spikes there: their times if it has them, and what golden makes of them."""
        if self._held is None or self._held[0] is not packet:
            self._held = packet, *self._read(packet)
        _, values, times = self._held
        if times is not None and int(times[number]) != block[0].fed.time:
            return False
        span = block[0].taken.first, block[-1].taken.last
        if any(bad for (_, bad), _ in during(self.registers.corrupt, *span)):
            return True
        if values is None:
            return False
        places = [spike.fed.start // self.blocks.pool.shape[1] for spike in block]
        if packet.header.raw:
            return bool((values[number] == self.blocks.pool[places[0]]).all())
        golden = self.blocks.indices(self._point(packet), [tuple(places)])[0]
        return bool((values[number] == golden).all())

    def _read(self, packet: Packet) -> tuple[NDArray[np.integer] | None, NDArray[np.int64] | None]:
        """Snippets, or indices; and the first time of each block or snippet."""
        try:
            if packet.header.raw:
                snippets, events = read_snippets(packet)
                return snippets, None if events is None else events.times
            spec = self.blocks.specs[self._point(packet)]
            read = read_blocks(spec, tagged(packet, spec.tag))
        except PayloadError:
            return None, None
        step = spec.spikes if packet.header.sidecar is Sidecar.SPIKE else 1
        return read.indices, None if read.events is None else read.events.times[::step]
