"""What a ``.scae`` file should hold, and what has become of it: nothing is lost without being counted."""

from dataclasses import dataclass

from spikecae.bitstream.packets import SEQUENCES, Gap
from spikecae.codec.container import ContainerReader
from spikecae.codec.decoder import LinkReport

__all__ = ["Account", "many"]


def many(count: int, noun: str) -> str:
    """A count of things in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


NAMED_GAPS = 8
"""Runs of lost packets that are named one by one."""


@dataclass(frozen=True)
class Account:
    """A file that was read to its end.

    Attributes:
        file: the file.
        link: what came of its packets.
        gaps: the runs of packets that did not come, in order.
        contradictions: what its header says otherwise than its packets, or the spec they were made with.
    """

    file: ContainerReader
    link: LinkReport
    gaps: tuple[Gap, ...]
    contradictions: tuple[str, ...] = ()

    @property
    def blocks_expected(self) -> int | None:
        """How many blocks were written; None if the file does not tell."""
        return self.file.header.blocks if self.file.end is None else self.file.end.blocks

    @property
    def blocks_missing(self) -> int | None:
        """How many of them did not come."""
        return None if self.blocks_expected is None else max(0, self.blocks_expected - self.link.blocks)

    @property
    def packets_lost(self) -> int:
        """How many packets did not come, or could not be decoded; at least so many if the file's end is missing."""
        end = self.file.end
        return self.link.lost if end is None else max(0, end.packets - self.link.packets)

    @property
    def faults(self) -> list[str]:
        """All that is wrong with the file, in words; empty if it is whole."""
        return [*self._missing(), *self._damage(), *self._altered()]

    def _altered(self) -> list[str]:
        """What a header says that cannot be, though its checksum holds."""
        end, told = self.file.end, self.file.header.blocks
        contradictions = list(self.contradictions)
        if end is not None and told is not None and told != end.blocks:
            contradictions.insert(0, f"{many(told, 'block')}, but its end record says {end.blocks}")
        return [f"its header, altered after it was written, says {contradiction}" for contradiction in contradictions]

    def _missing(self) -> list[str]:
        end, link, expected = self.file.end, self.link, self.blocks_expected
        faults = []
        if self.blocks_missing:
            faults.append(f"{self.blocks_missing} of {many(expected or 0, 'block')} missing")
        elif expected is not None and link.blocks > expected:
            faults.append(f"{many(link.blocks - expected, 'block')} more than the {expected} that were written")
        if end is not None and link.snippets != end.snippets:
            faults.append(f"{many(link.snippets, 'un-encoded snippet')}, and {end.snippets} were written")
        if end is None and self.file.header.schema_version > 1:
            faults.append("its end is missing: it was cut short, damaged there, or is not complete yet")
            if expected is None:
                faults.append("how many blocks it should hold is not known")
        return faults

    def _damage(self) -> list[str]:
        link = self.link
        faults = []
        if self.packets_lost:
            faults.append(f"{many(self.packets_lost, 'packet')} lost{self._where()}")
        for count, what in (
            (link.damaged, "damaged"),
            (link.refused, "refused: this spec cannot have made them"),
            (link.repeated, "repeated"),
        ):
            if count:
                faults.append(f"{many(count, 'packet')} {what}")
        if link.bytes_skipped:
            faults.append(f"{link.bytes_skipped} of {link.bytes_read} bytes belong to no valid packet")
        if self.file.end is not None and not self.file.intact:
            faults.append("its checksum does not hold")
        return faults

    def _where(self) -> str:
        """Which packets the runs of missing numbers are."""
        if not self.gaps:
            return ""
        runs = [
            str(gap.first) if gap.count == 1 else f"{gap.first} to {(gap.first + gap.count - 1) % SEQUENCES}"
            for gap in self.gaps[:NAMED_GAPS]
        ]
        rest = f" and {len(self.gaps) - NAMED_GAPS} more runs" if len(self.gaps) > NAMED_GAPS else ""
        return f" (number {', '.join(runs)}{rest})"
