"""The golden chip: judges what a chip did with a script, by its documents alone."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.sim.control.bench import Access, Epoch
from tests.sim.control.events import EventJudge
from tests.sim.control.packets import DROPPED, HELD, WRONG, Blocks, Judge, during
from tests.sim.control.registers import DOCUMENTED, FLUSH, Registers, Shape
from tests.sim.control.script import Script

__all__ = ["Verdict", "judge"]

SETTLED = 64
"""Cycles after which nothing of a spike is under way whose packet has left, or that is left out."""
EDGE = 3
MODULUS = 1 << 32
PINS = ("bytes", "input_stalls", "output_stalls")
REFUSED, WRONG_LENGTH = 9, 10
IDLE, WAITING, SUSPECT = 8, 16, 32


@dataclass
class Verdict:
    """What was found."""

    faults: list[str] = field(default_factory=list)
    actions: int = 0
    packets: int = 0
    wrong: int = 0
    spikes: int = 0
    lost: int = 0
    partial: int = 0
    vouched: int = 0
    """Packets that a check vouched for, at the last look."""
    cycles: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    writes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(register, what the chip did, ``taken`` or ``refused``)."""

    def add(self, other: "Verdict") -> None:
        """Both together."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)


def judge(script: Script, epochs: Sequence[Epoch], shape: Shape, blocks: Blocks, room: int) -> Verdict:
    """Whether a chip of a shape may do so.

    Args:
        script: what was asked of it.
        epochs: what it did.
        shape: what it is.
        blocks: golden indices.
        room: snippets that a raw packet has room for.
    """
    found, words = Verdict(actions=script.actions), dict[int, int]()
    for number, (epoch, fed, flips) in enumerate(zip(epochs, script.fed, script.flips, strict=True)):
        registers = Registers(shape, words)
        registers.walk(epoch, flips)
        packets = (EventJudge if shape.whole else Judge)(
            blocks, registers, epoch, fed, room, script.pokes.get("sequence", 0)
        )
        packets.run()
        found.faults += [*epoch.failed, *registers.faults, *packets.faults]
        found.packets += len(epoch.sent)
        found.wrong += len(packets.wrong)
        found.spikes += len(packets.spikes)
        found.partial += packets.partial
        found.cycles += epoch.end - epoch.start
        if not packets.faults:
            ends = number == len(epochs) - 1
            account = Account(registers, packets, epoch, script.pokes)
            found.lost += account.lost(ends=ends)
            found.faults += account.faults()
            found.vouched += account.vouched
            found.fates.update("sent" if isinstance(s.fate, int) else s.fate for s in packets.spikes)
            found.writes.update(account.coverage())
    return found


class Account:
    """What counters, states and checks say of packets that are judged.

    Args:
        registers, packets: judged already.
        epoch: the run.
        pokes: counters that were set, and to what.
    """

    def __init__(self, registers: Registers, packets: Judge, epoch: Epoch, pokes: dict[str, int]) -> None:
        self.registers, self.packets, self.epoch, self.pokes = registers, packets, epoch, pokes
        self.vouched = 0
        self._ended = [sent.ended for sent in epoch.sent]
        own = packets.spikes
        self._held = [
            (s.taken.first, self._ended[s.fate] if isinstance(s.fate, int) else NEVER)
            for s in own
            if s.fate not in (WRONG, DROPPED)
        ]
        self._found: list[str] = []
        samples, spikes = packets.blocks.pool.shape[1], packets.blocks.specs[0].spikes
        limited = [packets.limited(at) for at in range(len(own))]
        self._limited = {s for s, here in zip(own, limited, strict=True) if here}
        self._doubtful = {
            s
            for at, s in enumerate(own)
            if (s.fed.count != samples or (packets.whole and s.fate in (WRONG, DROPPED)))
            and any(limited[max(0, at - spikes + 1) : at + 1])
        }
        """Spikes of the wrong length, or of an event that is left out, that may have been dropped for the limit, in a
        block, before that was seen; or that may be held."""
        if isinstance(packets, EventJudge):
            self._doubtful |= packets.doubtful

    def lost(self, *, ends: bool) -> int:
        """Spikes that are in no packet at the end of a run that waits for all; those that may have been dropped for
        the rate limit are, from the last packet on."""
        held = [spike for spike in self.packets.spikes if spike.fate == HELD]
        for spike in held:
            if spike in self._limited:
                spike.fate = DROPPED
        lost = sum(spike.fate == HELD for spike in held) if ends else 0
        if lost:
            self._found.append(f"{lost} spikes are in no packet")
        return lost

    def coverage(self) -> Counter[tuple[str, str, str]]:
        """What was written in which state."""
        found = Counter[tuple[str, str, str]]()
        for access, modes in zip(self.epoch.accesses, self.registers.states, strict=True):
            if not access.write:
                continue
            row = DOCUMENTED.get(access.offset & ~3)
            name = row.name if row else "parameter" if access.offset >> 12 else "none"
            answer = "refused" if access.response else "taken"
            for state in self._states(access, modes):
                found[name, state, answer] += 1
        return found

    def _states(self, access: Access, modes: frozenset[str]) -> list[str]:
        at, own = access.cycle, self.packets.spikes
        found = ["halted"] if modes == {"halted"} else []
        n = bisect_right(own, at, key=lambda spike: spike.taken.first)
        before = own[max(0, n - 16) : n]
        spikes = self.packets.blocks.specs[0].spikes
        held = [s for s in before if isinstance(s.fate, int) and s.taken.last < at <= self._ended[s.fate]]
        if any(spike.taken.last >= at for spike in before):
            found.append("mid-spike")
        if len(held) % spikes:
            found.append("mid-block")
        if len(held) >= spikes:
            found.append("packet open")
        if self.registers.asked_at(at).raw:
            found.append("raw")
        if not self.registers.is_sound(at) and "halted" not in found:
            found.append("failing")
        return found or ["idle"]

    def faults(self) -> list[str]:
        """All that is not as documented."""
        sticky = {REFUSED: self.epoch.start, WRONG_LENGTH: self.epoch.start}
        checked = (0, self.epoch.start)
        for access, name in self.registers.reads:
            if name in self.registers.clears:
                self._counter(access, name)
            elif name == "clear":
                for bit in sticky:
                    if access.value >> bit & 1:
                        sticky[bit] = access.cycle
            elif name == "status":
                self._status(access, sticky)
            elif name == "control":
                self._flushed(access)
            elif name == "packets_checked":
                checked = access.value, access.cycle
            elif name == "packets_suspect":
                self._vouched(access, *checked)
        return self._found

    def _quiet(self, cycle: int) -> bool:
        """No spike is under way, none waits."""
        own = self.packets.spikes
        if self.epoch.unfinished is not None and self.epoch.unfinished <= cycle:
            return False
        n = bisect_right(own, cycle, key=lambda spike: spike.taken.offered)
        before = own[max(0, n - 200) : n]
        return all(
            spike.over < cycle - SETTLED
            and (self._ended[spike.fate] < cycle - EDGE if isinstance(spike.fate, int) else spike.fate != HELD)
            for spike in before
        )

    def _fault(self, access: Access, text: str) -> None:
        self._found.append(f"cycle {access.cycle}: reads {access.value:#x}: {text}")

    def _counter(self, access: Access, name: str) -> None:
        """A counter lies between what must have been counted since it was cleared, and what can have been."""
        clears = self.registers.clears[name]
        n = bisect_left(clears, access.cycle) - 1
        begin = clears[n] if n >= 0 else self.epoch.start
        least, most = self._bounds(name, begin, access)
        if least is None:
            return
        start = self.pokes.get(name, 0) if n < 0 else 0
        value = (access.value - start) % MODULUS
        if not least <= value <= most:
            self._fault(access, f"{name} counts {value}, {least} to {most} happened since cycle {begin}")

    def _bounds(self, name: str, begin: int, access: Access) -> tuple[int | None, int]:
        end = access.cycle
        if name in PINS:
            which = PINS.index(name)
            cleared = next((a for a in self.epoch.accesses if a.write and a.cycle == begin), None)
            exact = access.counts[which] - (cleared.counts[which] if cleared else 0)
            return (max(0, exact - EDGE), exact + EDGE) if begin == self.epoch.start or cleared else (None, 0)
        if name == "packets":
            return _between(self._ended, begin, end)
        if name == "refused_writes":
            own = self.registers.refused
            n = bisect_left(own, end) - bisect_right(own, begin)
            return n, n
        if name in ("spikes", "wrong_spikes", "limited_spikes"):
            kinds = {"wrong_spikes": (WRONG,), "limited_spikes": (DROPPED,)}.get(name)
            return self._spikes(kinds, begin, end)
        if name in ("blocks", "escapes"):
            return self._coded(name == "escapes", begin, end)
        if name == "crc_failures":
            return 0, NEVER if any(not sound for _, sound in self.registers.sound) else 0
        return 0, 0

    def _spikes(self, kinds: tuple[str, ...] | None, begin: int, end: int) -> tuple[int, int]:
        least = most = 0
        for spike in self.packets.spikes:
            either = kinds is not None and spike in self._doubtful
            if ((spike.fate not in kinds) if kinds else spike.fate in (WRONG, DROPPED)) and not either:
                continue
            last = spike.taken.last
            if last > end or (isinstance(spike.fate, int) and self._ended[spike.fate] < begin):
                continue
            most += last >= begin or not self._quiet(begin)
            sure = self._quiet(end) if kinds else isinstance(spike.fate, int) and self._ended[spike.fate] < end
            least += last > begin and sure and not either
        return least, most

    def _coded(self, escapes: bool, begin: int, end: int) -> tuple[int, int]:
        """Of packets that left meanwhile, and of those whose blocks may have been coded meanwhile."""
        least = 0
        most = sum(s.fate == HELD and s.taken.last < end for s in self.packets.spikes) * self._most(escapes)
        for number, counts in self.packets.counts.items():
            sent = self.epoch.sent[number]
            if sent.ended < begin:
                continue
            own = [s for s in self.packets.spikes if s.fate == number]
            if not own or own[0].taken.first > end:
                continue
            if escapes and number in self.packets.wrong:  # coded with other parameters than golden's
                most += len(own) * self._most(escapes)
                continue
            most += counts[escapes]
            least += counts[escapes] if own[0].taken.first > begin and sent.ended < end else 0
        return least, most

    def _most(self, escapes: bool) -> int:
        """Blocks, or reserved symbols, of a spike at most."""
        return len(self.packets.blocks.specs[0].symbols) if escapes else 1

    def _status(self, access: Access, sticky: dict[int, int]) -> None:
        at = access.cycle
        refused = any(sticky[REFUSED] < cycle < at for cycle in self.registers.refused)
        if (access.value >> REFUSED & 1) != refused:
            self._fault(access, f"status says refused {not refused}")
        doubtful = self._doubtful
        wrong = [s.taken.last for s in self.packets.spikes if s.fate == WRONG or s in doubtful]
        sure = [s.taken.last for s in self.packets.spikes if s.fate == WRONG and s not in doubtful]
        told, since = access.value >> WRONG_LENGTH & 1, sticky[WRONG_LENGTH]
        if told and self._quiet(since) and not any(since - SETTLED < last < at for last in wrong):
            self._fault(access, "status tells of a spike of the wrong length")
        if not told and self._quiet(at) and any(since < last < at - SETTLED for last in sure):
            self._fault(access, "status does not tell of a spike of the wrong length")
        if self._quiet(at) and access.value & (WAITING | SUSPECT):
            recent = bool(during(self.registers.asked, at - EDGE, at)[1:])
            replaced = bisect_left(self.registers.replaced, at - EDGE) < bisect_left(self.registers.replaced, at)
            if not recent and not replaced and "checking" not in self._states_at(at):
                self._fault(access, "status says that something waits, and nothing is held")
        if access.value & IDLE and any(first + SETTLED < at < ended - EDGE for first, ended in self._whole(at)):
            self._fault(access, "status says idle, and spikes are held")
        if not access.value & IDLE and self._quiet(at):
            self._fault(access, "status says not idle, and nothing is held")

    def _states_at(self, cycle: int) -> frozenset[str]:
        n = bisect_left(self.epoch.accesses, cycle, key=lambda access: access.cycle)
        return self.registers.states[min(n, len(self.registers.states) - 1)]

    def _whole(self, cycle: int) -> list[tuple[int, int]]:
        """First cycles, and last ones of the packets, of spikes that were taken to the end before a cycle."""
        own = self.packets.spikes
        n = bisect_right(own, cycle, key=lambda spike: spike.taken.first)
        return [
            (s.taken.last - SETTLED, self._ended[s.fate])
            for s in own[max(0, n - 200) : n]
            if isinstance(s.fate, int) and s.taken.last < cycle
        ]

    def _flushed(self, access: Access) -> None:
        """A flush clears itself only when all that was taken before it has left."""
        flushes = self.registers.flushes
        n = bisect_left(flushes, access.cycle) - 1
        if n < 0 or access.value & FLUSH:
            return
        if any(ended > access.cycle for first, ended in self._whole(flushes[n])):
            self._fault(access, f"the flush of cycle {flushes[n]} is over, and spikes from before are held")

    def _vouched(self, suspect: Access, checked: int, when: int) -> None:
        """All packets that are vouched for are golden's. The numbers count from when ``packets`` was last cleared."""
        clears = self.registers.clears["packets"]
        before = clears[bisect_left(clears, suspect.cycle) - 1] if clears and clears[0] < suspect.cycle else None
        if before is not None and before > when:
            return
        first = bisect_left(self._ended, before) if before is not None else 0
        if "packets" in self.pokes:
            return
        sent = bisect_left(self._ended, when + EDGE)
        if checked > sent - first + 1:
            self._fault(suspect, f"{checked} packets are vouched for, {sent - first} were sent since the counter began")
        spoiled = sorted(n - first for n in self.packets.wrong if suspect.value <= n - first < checked)
        if spoiled:
            self._fault(suspect, f"packets {spoiled} are wrong, and vouched for up to {checked}")
        self.vouched = max(self.vouched, checked - suspect.value)


NEVER = 1 << 62


def _between(cycles: Sequence[int], begin: int, end: int) -> tuple[int, int]:
    """How many lie between two cycles, surely, and at most."""
    least = bisect_left(cycles, end - EDGE) - bisect_right(cycles, begin + EDGE)
    most = bisect_right(cycles, end + EDGE) - bisect_left(cycles, begin - EDGE)
    return max(0, least), most
