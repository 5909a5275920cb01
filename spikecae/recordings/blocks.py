"""Blocks of events, as an encoder takes them: neighbourhoods one by one, or spikes of a channel as they gather."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.design import Block
from spikecae.recordings.finder import Found

__all__ = ["BlockFormer", "Formed"]


@dataclass(frozen=True, eq=False)
class Formed:
    """Blocks.

    Attributes:
        codes: int16 ``[n, M, D]``.
        snippets: float32 ``[n, M, D]``, what they were before the converter.
        events: channel of each block; time of each block of a neighbourhood, of each spike of a queue.
        missing: spikes that a single block lacks of its M.
    """

    codes: NDArray[np.int16]
    snippets: NDArray[np.float32]
    events: Events
    missing: int = 0


class BlockFormer:
    """Takes what was found in order, and keeps the spikes of a queue's channels that do not fill a block yet."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._held: Found | None = None

    def take(self, found: Found) -> Formed:
        """The blocks that are full, in order of their last spike."""
        if self._block.kind == "neighbourhood":
            return Formed(found.codes, found.snippets, Events(found.channels, found.times))
        whole = found if self._held is None else _joined(self._held, found)
        size = self._block.spikes
        order = np.argsort(whole.channels, kind="stable")
        ends = np.flatnonzero(np.diff(whole.channels[order], append=-1)) + 1
        runs = np.split(order, ends[:-1])
        full = [run[: len(run) // size * size].reshape(-1, size) for run in runs]
        rows = np.concatenate(full)
        rows = rows[np.argsort(whole.times[rows[:, -1]], kind="stable")]
        left = np.sort(np.concatenate([run[len(run) // size * size :] for run in runs]))
        self._held = _chosen(whole, left)
        return self._formed(whole, rows)

    def last(self) -> list[Formed]:
        """Blocks that lack some spikes, one of each channel that has spikes left."""
        held, self._held = self._held, None
        if held is None:
            return []
        size, made = self._block.spikes, []
        for channel in np.unique(held.channels):
            own = np.flatnonzero(held.channels == channel)
            part, lacking = _chosen(held, own), size - len(own)
            codes = np.concatenate([part.codes[:, 0], np.zeros((lacking, self._block.samples), np.int16)])
            snippets = np.concatenate([part.snippets[:, 0], np.zeros((lacking, self._block.samples), np.float32)])
            made.append(Formed(codes[None], snippets[None], Events(part.channels[:1], part.times), lacking))
        return made

    def _formed(self, whole: Found, rows: NDArray[np.intp]) -> Formed:
        shape = (-1, self._block.spikes, self._block.samples)
        return Formed(
            whole.codes[rows].reshape(shape),
            whole.snippets[rows].reshape(shape),
            Events(whole.channels[rows[:, 0]], whole.times[rows].ravel()),
        )


def _joined(first: Found, second: Found) -> Found:
    return Found(
        np.concatenate([first.snippets, second.snippets]),
        np.concatenate([first.codes, second.codes]),
        np.concatenate([first.channels, second.channels]),
        np.concatenate([first.times, second.times]),
        first.clipped + second.clipped,
    )


def _chosen(found: Found, rows: NDArray[np.intp]) -> Found:
    return Found(found.snippets[rows], found.codes[rows], found.channels[rows], found.times[rows], 0)
