"""The golden chip's packets: which may come of the spikes that were taken and of what was written when.

A packet's bytes follow from the spikes in it, the settings that were asked for when its first block began, and its
number. How many spikes are in it is the chip's choice only where docs/hardware.md gives it a reason to close early.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.packets import HEADER_BYTES, Header, Packet, PacketReader, Sidecar, frame
from spikecae.bitstream.payload import Events, PayloadError, read_blocks, read_snippets, write_blocks, write_snippets
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from spikecae.stages.base import GOLOMB
from tests.sim.control.bench import Epoch, Sent, Taken
from tests.sim.control.registers import Registers, Settings
from tests.sim.control.script import Fed

__all__ = ["DROPPED", "HELD", "NEVER", "SLACK", "WRONG", "Blocks", "Judge", "Spike", "during", "tagged"]

SLACK = 3
"""Cycles from a write to what it does, at most."""
NEVER = 1 << 62
WRONG, DROPPED, HELD = "wrong", "dropped", "held"


@dataclass(eq=False)
class Spike:
    """What was taken, and what became of it: the number of its packet, or why it is in none."""

    fed: Fed
    taken: Taken
    fate: int | str = HELD
    over: int = field(init=False)
    """When it is counted at the latest, were it in no packet."""

    def __post_init__(self) -> None:
        self.over = self.taken.last


class Blocks:
    """Golden indices of blocks from the pool, each worked out once.

    Args:
        specs: of the operating points.
        pool: (spikes, D).
    """

    def __init__(self, specs: Sequence[EncoderSpec], pool: NDArray[np.int16]) -> None:
        self.specs = specs
        self.pool = pool
        self._known: dict[tuple[int, tuple[int, ...]], NDArray[np.int32]] = {}

    def indices(self, point: int, blocks: Sequence[tuple[int, ...]]) -> NDArray[np.int32]:
        """(blocks, S) of blocks of the pool's spikes, numbered; a block may lack its last."""
        spec = self.specs[point]
        unknown = sorted({block for block in blocks if (point, block) not in self._known})
        if unknown:
            adc = np.zeros((len(unknown), spec.spikes, spec.samples), np.int16)
            present = np.zeros((len(unknown), spec.spikes), np.bool_)
            for n, block in enumerate(unknown):
                adc[n, : len(block)], present[n, : len(block)] = self.pool[list(block)], True
            for block, own in zip(unknown, encode(spec, adc, present).indices, strict=True):
                self._known[point, block] = own
        return np.stack([self._known[point, block] for block in blocks])

    def escapes(self, point: int, block: tuple[int, ...]) -> int:
        """Reserved symbols that a block codes."""
        symbols = self.specs[point].symbols
        owners = {symbols.escaped_by[n] for n, table in enumerate(symbols.tables) if table == GOLOMB}
        own = self.indices(point, [block])[0]
        return sum(int(own[by]) == symbols.sizes[by] - 1 for by in owners)


@dataclass
class Judge:
    """Judge every packet of one run from reset to reset, after its registers.

    Args:
        blocks: golden.
        registers: walked already.
        epoch: the run.
        fed: spikes that were offered.
        room: snippets that a raw packet has room for.
        first: sequence number of the first packet.
    """

    blocks: Blocks
    registers: Registers
    epoch: Epoch
    fed: Sequence[Fed]
    room: int
    first: int = 0
    faults: list[str] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)
    """Packets that are not what golden makes, though parameters were spoiled."""
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Blocks and escapes of each coded packet."""
    partial: int = 0
    whole: bool = field(init=False, default=False)
    """Blocks are events, of which none is partial."""

    def __post_init__(self) -> None:
        samples = self.blocks.pool.shape[1]
        pairs = zip(self.fed, self.epoch.taken, strict=False)
        self.spikes = [Spike(fed, taken, HELD if fed.count == samples else WRONG) for fed, taken in pairs]
        for spike in self.spikes:
            if spike.taken.count != spike.fed.count:
                self.faults.append(f"{spike.taken.count} samples were taken of {spike.fed.count}")
        self._number = {spike: number for number, spike in enumerate(self.spikes)}
        self._at = 0
        self._times: tuple[Packet, NDArray[np.int64] | None] | None = None

    def run(self) -> None:
        """All packets, one after the other."""
        reader = PacketReader()
        for number, sent in enumerate(self.epoch.sent):
            where = f"packet {number}, cycles {sent.offered} to {sent.ended}"
            found = [item for item in reader.feed(sent.data) if isinstance(item, Packet)]
            if len(found) != 1 or len(found[0].payload) + 13 != len(sent.data):
                self.faults.append(f"{where}: no packet: {sent.data.hex()}")
                return
            fault = self._judge(number, sent, found[0])
            if fault:
                self.faults.append(f"{where}: {fault}: {sent.data[:HEADER_BYTES].hex()}")
                return

    def _judge(self, number: int, sent: Sent, packet: Packet) -> str:
        header = packet.header
        if header.sequence != (self.first + number) % (1 << 16):
            return f"sequence {header.sequence}"
        start = self._at
        spikes = 1 if header.raw else self.blocks.specs[0].spikes
        chosen = self._take(packet, spikes)
        if not chosen:
            self._at = start
            return f"{header.count} blocks, {header.missing} missing: no such spikes were taken"
        own = [spike for block in chosen for spike in block]
        if own[-1].taken.last >= sent.offered:
            return "sent before its last sample was taken"
        asked = [self._asked(block[0]) for block in chosen]
        shared = [now for now in asked[-1] if all(now in others for others in asked)]
        if not shared:
            return f"blocks that began at different settings: {asked}"
        fitting = [now for now in shared if _header_of(now) == (header.raw, header.sidecar, header.tag)]
        if not fitting:
            return f"made with other settings than {shared}"
        now = fitting[-1]
        most = min(now.packet_blocks, self.room) if header.raw else now.packet_blocks
        if header.count > most:
            return f"{header.count} blocks, {most} at most"
        reasons = self._reasons(own[0], own[-1], sent, now)
        if header.count < most and not reasons:
            return f"closed with {header.count} of {most} blocks, without a reason"
        if header.missing and not reasons & {"flush", "stop", "timeout"}:
            return f"a partial block, for {reasons or 'no reason'}"
        for spike in own:
            spike.fate = number
        self.partial += header.missing > 0
        return self._content(number, sent, packet, chosen, now)

    def _asked(self, spike: Spike) -> list[Settings]:
        """What may have been asked for when a spike began: that before its first sample was taken or, of a raw snippet,
        whose channel and time leave before its samples are taken, since it was offered."""
        own, taken = self.registers, spike.taken
        now = own.asked_at(taken.first)
        if not now.raw:
            return [now]
        return [asked for (_, asked), _ in during(own.asked, taken.offered - 1, taken.first - 1)]

    def _take(self, packet: Packet, spikes: int) -> list[list[Spike]]:
        """The blocks of a packet, or none if they were not taken."""
        header, chosen = packet.header, list[list[Spike]]()
        for number in range(header.count):
            wanted = spikes - (header.missing if number == header.count - 1 else 0)
            block = self._next(packet, number, wanted, spikes)
            if not block:
                return []
            chosen.append(block)
        return chosen

    def _next(self, packet: Packet, number: int, wanted: int, spikes: int) -> list[Spike]:
        """The next block. Spikes of the wrong length are left out; where a rate is limited, as many spikes as make a
        block may be dropped before it, of whatever length: what its times say is found, the first of several ways."""
        came: dict[int, tuple[int, str] | None] = {self._at: None}
        waiting = deque([self._at])
        while waiting:
            at = waiting.popleft()
            if at >= len(self.spikes):
                continue
            limited, ways = self.limited(at), list[tuple[int, str]]()
            if self.spikes[at].fed.count != self.blocks.pool.shape[1]:
                ways.append((at + 1, WRONG))
            else:
                block, end = self._block(at, wanted)
                if len(block) == wanted and (not limited or self._is(packet, number, block[0])):
                    self._settle(at, came)
                    self._at = end
                    return block
            if limited and at + spikes <= len(self.spikes):
                ways.append((at + spikes, DROPPED))
            for end, fate in ways:
                if end not in came:
                    came[end] = at, fate
                    waiting.append(end)
        return []

    def _block(self, at: int, wanted: int) -> tuple[list[Spike], int]:
        """Spikes of the right length from one on, and where what follows them begins."""
        block = list[Spike]()
        while at < len(self.spikes) and len(block) < wanted:
            if self.spikes[at].fate != WRONG:
                block.append(self.spikes[at])
            at += 1
        return block, at

    def _settle(self, at: int, came: dict[int, tuple[int, str] | None]) -> None:
        """Note what became of the spikes before a block."""
        while (way := came[at]) is not None:
            start, fate = way
            for spike in self.spikes[start:at]:
                spike.fate = fate
            at = start

    def limited(self, at: int) -> bool:
        """Whether a block that begins with this spike may have found a limit."""
        if at >= len(self.spikes):
            return False
        first = self.spikes[at].taken.first
        return any(limit for (_, limit), _ in during(self.registers.limits, first - SLACK, first))

    def _is(self, packet: Packet, number: int, spike: Spike) -> bool:
        """Whether a block or snippet of a packet begins with a spike, by its time."""
        if self._times is None or self._times[0] is not packet:
            self._times = packet, self._decoded(packet)
        times = self._times[1]
        return times is not None and int(times[number]) == spike.fed.time

    def _decoded(self, packet: Packet) -> NDArray[np.int64] | None:
        """First time of each block or snippet."""
        header = packet.header
        try:
            if header.raw:
                events = read_snippets(packet)[1]
            else:
                spec = self.blocks.specs[self._point(packet)]
                events = read_blocks(spec, tagged(packet, spec.tag)).events
        except PayloadError:
            return None
        if events is None:
            return None
        step = self.blocks.specs[0].spikes if header.sidecar is Sidecar.SPIKE and not header.raw else 1
        return events.times[::step]

    def _point(self, packet: Packet) -> int:
        """By the settings that have its tag, of those that were asked for since the packet before."""
        for spike in self.spikes[self._at :]:
            asked = self.registers.asked_at(spike.taken.first)
            if asked.tag == packet.header.tag:
                return asked.point
        return 0

    def _reasons(self, first: Spike, last: Spike, sent: Sent, now: Settings) -> set[str]:
        """Why a packet with these spikes, and those between, may be closed before it is full."""
        own, found = self.registers, set[str]()
        begin, end = (last.taken.offered if now.raw else last.taken.first) - SLACK, sent.offered
        if bisect_left(own.flushes, begin) < bisect_right(own.flushes, end):
            found.add("flush")
        if any(not run for (_, run), _ in during(own.stops, begin, end)):
            found.add("stop")
        if any(asked != now for (_, asked), _ in during(own.asked, begin, end)):
            found.add("settings")
        since = first.taken.offered
        spoiled = any(not sound for (_, sound), _ in during(own.sound, since, end))
        if spoiled or bisect_left(own.replaced, since) < bisect_right(own.replaced, end):
            found.add("suspect")
        gaps = self._gaps(last, end)
        for (start, limit), until in during(own.timeouts, begin, end):
            if limit and any(min(until, close) - max(start, open_) >= limit for open_, close in gaps):
                found.add("timeout")
        return found

    def _gaps(self, last: Spike, end: int) -> list[tuple[int, int]]:
        """Cycles behind a spike without a sample, or perhaps without one: within another spike, too."""
        edges, number = [last.taken.last], self._number[last] + 1
        while number < len(self.spikes) and self.spikes[number].taken.offered < end:
            edges += [self.spikes[number].taken.offered, self.spikes[number].taken.last]
            number += 1
        if self.epoch.unfinished is not None and number == len(self.spikes):
            edges.append(self.epoch.unfinished)
        return list(pairwise([*(edge for edge in edges if edge < end), end]))

    def _content(
        self, number: int, sent: Sent, packet: Packet, chosen: Sequence[Sequence[Spike]], now: Settings
    ) -> str:
        """Whether the bytes are golden's, and the host's decoder reads them."""
        wanted = self._golden(packet.header, chosen, now)
        if not packet.header.raw:
            width = self.blocks.pool.shape[1]
            keys = [tuple(spike.fed.start // width for spike in block) for block in chosen]
            self.counts[number] = len(chosen), sum(self.blocks.escapes(now.point, key) for key in keys)
        if sent.data != wanted:
            span = chosen[0][0].taken.first, sent.offered
            corrupt = any(bad for (_, bad), _ in during(self.registers.corrupt, *span))
            if not corrupt or packet.header.raw:
                return f"holds {sent.data.hex()}, golden is {wanted.hex()}"
            self.wrong.add(number)
        elif packet.header.raw:
            read_snippets(packet)
        else:
            spec = self.blocks.specs[now.point]
            read_blocks(spec, tagged(packet, spec.tag))
        return ""

    def _golden(self, header: Header, chosen: Sequence[Sequence[Spike]], now: Settings) -> bytes:
        own = [spike.fed for block in chosen for spike in block]
        width = self.blocks.pool.shape[1]
        first = np.array([block[0].fed.channel for block in chosen])
        times = np.array([fed.time for fed in (own if header.sidecar == 2 else [block[0].fed for block in chosen])])
        events = Events(first, times) if header.sidecar else None
        if header.raw:
            snippets = self.blocks.pool[[fed.start // width for fed in own]]
            (made,) = write_snippets(header.tag, snippets, snippets_per_packet=255, events=events)
        else:
            keys = [tuple(spike.fed.start // width for spike in block) for block in chosen]
            (made,) = write_blocks(
                self.blocks.specs[now.point],
                self.blocks.indices(now.point, keys),
                blocks_per_packet=255,
                events=events,
                missing=header.missing,
                sidecar=header.sidecar,
            )
        payload = made[HEADER_BYTES:-2]
        return frame(
            Header(
                sequence=header.sequence,
                tag=now.tag,
                count=len(chosen),
                length=len(payload),
                missing=header.missing,
                raw=header.raw,
                sidecar=header.sidecar,
            ),
            payload,
        )


def _header_of(settings: Settings) -> tuple[bool, int, int]:
    """Raw, sidecar and tag of a packet that is made with them."""
    raw = bool(settings.raw)
    return raw, 0 if raw and settings.sidecar == 1 else settings.sidecar, settings.tag


def tagged(packet: Packet, tag: int) -> Packet:
    """With the tag of the spec that it was coded by, whatever was written into the tag's register."""
    fields = vars(packet.header) | {"tag": tag}
    return Packet(Header(**fields), packet.payload)


def during(entries: Sequence[tuple], begin: int, end: int) -> list[tuple[tuple, int]]:
    """Entries (cycle, …) that are in force in some of the cycles, each with the cycle that ends it."""
    first = max(bisect_right(entries, begin, key=lambda entry: entry[0]) - 1, 0)
    last = bisect_right(entries, end, key=lambda entry: entry[0])
    return [(entries[n], entries[n + 1][0] if n + 1 < len(entries) else NEVER) for n in range(first, last)]
