"""How a snippet is copied in parts while its samples come, and how long the circular buffer has to keep them for it."""

from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SnippetParts"]

PER_PART, SCAN = 4, 3
"""Cycles besides those of its samples that a part takes, and those of a frame, besides one for each part of a snippet,
in which it is found which ones there are."""


@dataclass(frozen=True)
class SnippetParts:
    """The parts of the snippets of a queue, copied from the crossing on, each event's to a room of its own.

    Attributes:
        samples: D, samples of a snippet.
        peak: index of the peak in it.
        search: samples from the crossing on, itself included, of which one is the peak.
        queue: events that can be under way.
        channels: samples of a frame, one a cycle.
        free: of these cycles, those in which no word is written to the circular buffer.
    """

    samples: int
    peak: int
    search: int
    queue: int
    channels: int
    free: int

    @property
    def longest(self) -> int:
        """Samples of the longest part: what there is at the crossing, and no less than a peak can be later than that,
        so that no sample is copied over another before it is known which of them belong to the snippet."""
        return max(self.peak, self.search) + 1

    @property
    def ends(self) -> tuple[int, ...]:
        """Where the parts end, in samples from the first one on that can belong to a snippet, ``peak`` before the
        crossing. The peak is the crossing's sample or a later one, and the snippet begins and ends as much later: the
        last part ends ``search - 1`` samples earlier at most."""
        span = self.samples + self.search - 1
        last = max(self.longest, span - self.longest)  # where the last part begins
        between = -(-(last - self.longest) // self.longest)
        ends = (self.longest + (last - self.longest) * part // max(1, between) for part in range(between + 1))
        return (*ends, span)

    @property
    def wait(self) -> int | None:
        """Frames in which a part is copied once its samples are there, whatever parts of other events come before it;
        None where snippets cannot be copied so: there is no time, or no peak known before the last part is due.

        In w frames an event has no more than w samples more than a part, in two parts; each event that is sent
        meanwhile may leave its place to one that has a first part.
        """
        ends = self.ends
        if not self.samples - self.peak > self.search > 1 or ends[-2] + 1 >= self.samples:
            return None
        free = self.free - len(ends) - SCAN
        between = min((end - begin for begin, end in pairwise(ends[:-1])), default=self.samples)
        for wait in range(1, between):
            sent = min(self.queue, -(-wait * self.channels // self.samples))
            asked = self.queue * (self.longest + wait + 2 * PER_PART) + sent * (self.longest + PER_PART)
            if asked <= wait * free:
                return wait
        return None

    @property
    def age_bits(self) -> int:
        """Bits of its crossing's time that an event keeps: enough until all of it has been copied. No others are taken
        while the first one waits to be sent for longer than those tell."""
        return (self.samples + self.search + (self.wait or 0)).bit_length()
