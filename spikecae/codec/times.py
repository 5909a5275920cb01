"""Times longer than the 32 bits that packets have for them: what a sender may send, and how a receiver counts on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.bits import signed_difference
from spikecae.errors import InputError

__all__ = ["TimeReceiver", "TimeSender", "epoch_before"]

WRAP = 1 << 32
"""Packets carry times modulo this."""
HALF = 1 << 31


def epoch_before(first: int) -> int:
    """An epoch for times that begin with ``first``, and a little before it where they are not sorted."""
    return min(max(0, first - HALF), np.iinfo(np.int64).max)


class TimeSender:
    """Makes sure that a receiver can tell every time that is sent.

    Args:
        epoch: the first time lies in ``epoch..epoch + 2**32 - 1``, and each later one within 2**31 samples of the one
            before it. None: every time lies in 0..2**32 - 1, and nothing needs counting on.
    """

    def __init__(self, epoch: int | None) -> None:
        if epoch is not None and epoch < 0:
            raise InputError(f"epoch = {epoch} must not be negative; times count from the start of the recording")
        self._epoch = epoch
        self._last: int | None = None

    def check(self, times: NDArray[np.integer[Any]], per_block: int, first_block: int) -> None:
        """Check the next times (n) to be sent, of which ``per_block`` belong to a block.

        Raises:
            InputError: naming the block, and the first time that cannot be sent.
        """
        if not times.size:
            return
        lowest, highest = int(times.min()), int(times.max())

        def refuse(wrong: NDArray[np.bool_], reason: str) -> None:
            at = int(wrong.argmax())
            time = int(times[at])
            raise InputError(f"block {first_block + at // per_block}: time {time} {reason}")

        if lowest < 0:
            refuse(times < 0, "is negative; count samples from the start of the recording, or add a constant to all")
        if self._epoch is None:
            if highest >= WRAP:
                refuse(
                    times >= WRAP,
                    "does not fit the 32 bits of a packet; give Encoder and Decoder the same epoch, a time up to 2**32 "
                    "before the first, and they count on",
                )
            return
        if highest > np.iinfo(np.int64).max:
            refuse(times > np.iinfo(np.int64).max, "does not fit 63 bits; count samples from the recording's start")
        times = times.astype(np.int64)
        if self._last is None and not self._epoch <= times[0] < self._epoch + WRAP:
            refuse(times == times[0], f"is the first, and not within 2**32 samples after the epoch, {self._epoch}")
        steps = np.diff(times, prepend=times[0] if self._last is None else self._last)
        far = (steps < -HALF) | (steps >= HALF)
        if far.any():
            step = int(steps[far.argmax()])
            refuse(far, f"is {step} samples from the one before it, 2**31 or more; encode the parts on their own")
        self._last = int(times[-1])


class TimeReceiver:
    """Counts on where times modulo 2**32 wrap. ``epoch``: the one of the sender."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._last: int | None = None

    def count_on(self, times: Sequence[NDArray[np.int64]]) -> None:
        """Put the times that were sent in the place of those, modulo 2**32, that came; packets' arrays in order."""
        came = np.concatenate([np.empty(0, np.int64), *times])
        if not came.size:
            return
        if self._last is None:
            self._last = self._epoch + (int(came[0]) - self._epoch) % WRAP
        whole = self._last + signed_difference(np.diff(came, prepend=self._last % WRAP), 0).cumsum()
        self._last = int(whole[-1])
        first = 0
        for array in times:
            array[:] = whole[first : first + array.size]
            first += array.size
