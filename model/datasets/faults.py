"""Samples that are not a signal: NaN, blanked and clipped stretches; what lies near them; how a filter gets past them.

The one rule for every reader. A cause is a number here: 0 is none, others index ``CAUSES`` from 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from model.data_quality import CAUSES, Cause

__all__ = [
    "CODES",
    "Stretches",
    "blanked_samples",
    "by_cause",
    "find_faults",
    "find_snippet_faults",
    "repaired",
    "widened",
]

CODES: dict[Cause, int] = {cause: number for number, cause in enumerate(CAUSES, 1)}

BLANKED_MS, BLANKED_SAMPLES = 2.0, 32
"""One value for so long, and for so many samples, is no signal: noise of one code repeats itself, but not so often."""
CLIPPED_SAMPLES = 4
"""So many at the extreme of the channel, in a row, are the amplifier's limit and not a peak."""
NAMED = 200
"""Stretches remembered by place; all are counted."""


def blanked_samples(rate_hz: float) -> int:
    """Equal samples in a row that are a blanked stretch."""
    return max(BLANKED_SAMPLES, round(BLANKED_MS * rate_hz / 1000))


def find_faults(
    raw: NDArray[np.number], least: NDArray[np.number], largest: NDArray[np.number], rate_hz: float
) -> NDArray[np.uint8]:
    """The cause of each sample of ``raw`` ``[T, C]``, numbers as stored, before any filter.

    ``least`` and ``largest`` ``[C]`` are extremes seen elsewhere; those of ``raw`` count too. A channel that never
    varies is blanked, not clipped.
    """
    faults = np.zeros(raw.shape, np.uint8)
    missing = ~np.isfinite(raw) if raw.dtype.kind == "f" else None
    if missing is not None and missing.any():
        raw = np.where(missing, np.nan, raw)  # infinity is no extreme
    low, high = np.minimum(least, np.fmin.reduce(raw)), np.maximum(largest, np.fmax.reduce(raw))
    long_enough = blanked_samples(rate_hz)
    _mark(faults, raw[1:] == raw[:-1], long_enough - 1, CODES["blanked"], after=1)
    extreme = ((raw >= high) | (raw <= low)) & (low < high)
    _mark(faults, extreme, CLIPPED_SAMPLES, CODES["clipped"])
    if missing is not None and missing.any():
        faults[missing] = CODES["not a number"]
    return faults


def _mark(faults: NDArray[np.uint8], condition: NDArray[np.bool_], length: int, code: int, after: int = 0) -> None:
    """Write ``code`` wherever ``condition`` ``[T, C]`` holds for ``length`` samples in a row, and ``after`` more."""
    whole, size = condition, 1
    while size < length:  # doubling: whole[t] says that size samples from t on fulfil it
        step = min(size, length - size)
        whole = whole[:-step] & whole[step:]
        size += step
        if not whole.any():
            return
    if not whole.any():
        return
    for channel in np.flatnonzero(whole.any(axis=0)):
        change = np.zeros(len(faults) + 1, np.int64)
        (starts,) = np.nonzero(whole[:, channel])
        np.add.at(change, starts, 1)
        np.add.at(change, starts + length + after, -1)
        faults[np.cumsum(change[:-1]) > 0, channel] = code


def find_snippet_faults(snippets: NDArray[np.number]) -> NDArray[np.uint8]:
    """The cause of each snippet ``[n, P, D]``, as uint8 ``[n, P]``; one that never varies is blanked or silent."""
    faults = np.zeros(snippets.shape[:2], np.uint8)
    still = (snippets == snippets[..., :1]).all(axis=-1)
    faults[still] = CODES["blanked"]
    faults[still & (snippets[..., 0] == 0)] = CODES["silent"]
    faults[~np.isfinite(snippets).all(axis=-1)] = CODES["not a number"]
    return faults


def by_cause(codes: NDArray[np.uint8]) -> dict[Cause, int]:
    """How many of ``codes`` ``[n]`` have each cause; causes that none has are left away."""
    counts = np.bincount(codes, minlength=len(CAUSES) + 1)[1:]
    return {cause: int(count) for cause, count in zip(CAUSES, counts, strict=True) if count}


def widened(faults: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """``faults`` ``[T, C]`` spread over ``reach`` samples on both sides, where a filter still rings."""
    spread = faults.copy()
    for channel in np.flatnonzero(faults.any(axis=0)):
        spread[:, channel] = maximum_filter1d(faults[:, channel], 2 * reach + 1, mode="constant")
    return spread


def repaired(raw: NDArray[np.number], faults: NDArray[np.uint8]) -> NDArray[np.number]:
    """``raw`` ``[T, C]`` with straight lines in place of what is blanked or not a number, so that no step rings."""
    mend = (faults == CODES["blanked"]) | (faults == CODES["not a number"])
    channels = np.flatnonzero(mend.any(axis=0))
    if not len(channels):
        return raw
    result = raw.astype(np.float64)
    place = np.arange(len(raw))
    for channel in channels:
        bad = mend[:, channel]
        good = ~bad
        column = result[:, channel]
        column[bad] = np.interp(place[bad], place[good], column[good]) if good.any() else 0.0
    return result


class Stretches:
    """Faulty samples of a recording, added chunk by chunk: how many, and where the first ones are."""

    def __init__(self, names: list[str], rate_hz: float) -> None:
        self.counts: dict[Cause, int] = {}
        self._names, self._rate = names, rate_hz
        self._open: dict[int, tuple[int, int]] = {}
        self._places: dict[tuple[int, int, int, int], list[int]] = {}
        self._unnamed = 0

    def add(self, faults: NDArray[np.uint8], segment: int, start: int, last: bool) -> None:
        """Take the causes ``[T, C]`` of the samples from ``start`` on; chunks come in order, the segment's last too."""
        found = faults.any(axis=0)
        for channel in sorted(set(np.flatnonzero(found).tolist()) | set(self._open)):
            own = faults[:, channel]
            edges = np.flatnonzero(np.diff(own)) + 1
            runs = zip([0, *edges.tolist()], [*edges.tolist(), len(own)], strict=True)
            for begin, end in runs:
                code, since = int(own[begin]), start + begin
                if begin == 0 and channel in self._open:
                    before, opened = self._open.pop(channel)
                    if before == code:
                        since = opened
                    else:
                        self._close(segment, before, opened, start, channel)
                if code:
                    cause = CAUSES[code - 1]
                    self.counts[cause] = self.counts.get(cause, 0) + end - begin
                    if end == len(own) and not last:
                        self._open[channel] = (code, since)
                    else:
                        self._close(segment, code, since, start + end, channel)

    def _close(self, segment: int, code: int, begin: int, end: int, channel: int) -> None:
        key = (segment, code, begin, end)
        if key in self._places or len(self._places) < NAMED:
            self._places.setdefault(key, []).append(channel)
        else:
            self._unnamed += 1

    def sentences(self, limit: int) -> list[str]:
        """At most ``limit`` stretches by channel and time, those of one time together, and how many more there are."""
        said = []
        for (segment, code, begin, end), channels in sorted(self._places.items()):
            if len(channels) == len(self._names):
                which = "all channels" if len(channels) > 1 else f"channel {self._names[0]}"
            else:
                names = ", ".join(self._names[channel] for channel in channels[:8])
                more = f" and {len(channels) - 8} more" if len(channels) > 8 else ""
                which = f"channel{'s' if len(channels) > 1 else ''} {names}{more}"
            where = f" of segment {segment}" if segment else ""
            since, until = begin / self._rate, end / self._rate
            time = f"at {since:.4f} s" if end - begin == 1 else f"from {since:.3f} to {until:.3f} s"
            said.append(f"{which}: {CAUSES[code - 1]} {time}{where}")
        rest = len(said) - limit + self._unnamed
        return said[:limit] + ([f"{rest:,} more such stretches"] if rest > 0 else [])
