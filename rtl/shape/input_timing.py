"""When the input buffer is filled, and hands on: part of :mod:`rtl.shape.timing`."""

from rtl.shape.feed import Feed
from rtl.shape.timing_parts import Clock, Counter

__all__ = ["InputBuffer"]


class InputBuffer(Counter):
    """:class:`rtl.units.input_buffer.InputBuffer`, fed a sample a cycle.

    Cycles
    ------
    Latency: 2 cycles from a block's last sample.
    Throughput: a sample a cycle in, a transfer a cycle out.
    """

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self._beats = feed.beats
        self._normalizer = 1 if feed.codes == 1 else 2  # cycles from the pins
        self._reads = feed.transfers
        self.blocks = 0
        """Blocks yet to be fed."""
        self._full = 0
        self._read = 0
        self.left = self._beats
        self.valid = False
        self.last_beats: list[int] = []
        self._places = feed.places
        # Two sums of codes wait in the normalizer for a single place, and pass it while the next codes come.
        self._ahead = 2 * (feed.codes - 1) if feed.places == 1 else 0

    def step(self, out_ready: bool) -> None:
        available, room = self._full > 0, self._full < self._places
        if self._places == 1:  # the block stays in its place until it has been taken
            room = room and not self.valid
            available = available and not self.valid
        if available and (out_ready or not self.valid):
            self.valid, self._clock.moved = True, True
            self._read += 1
            if self._read == self._reads:
                self._read = 0
                self._full -= 1
        elif out_ready and self.valid:
            self.valid, self._clock.moved = False, True
        if self.blocks and room and self._clock.count(self):
            self.left = self._beats - self._ahead
            self.blocks -= 1
            self._full += 1
            self.last_beats.append(self._clock.cycle - self._normalizer)
