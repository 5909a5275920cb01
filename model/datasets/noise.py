"""Noise of each channel of a recording, from stretches spread over all of it, and which channels have any.

Memory and time are bounded whatever the recording's length: some seconds are looked at, one stretch at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.data_quality import CAUSES, LeftOut, NoiseRange
from model.datasets.signal import Signal
from spikecae.recordings.peaks import noise_deviation

__all__ = ["NoiseSurvey", "survey"]

WINDOW_S = 0.5
WINDOWS, LEAST_WINDOWS = 16, 4
"""Over the whole recording, shared out by the length of its segments, and at least in each of them."""
SEED = 0
USABLE = 0.5
"""Share of a window's samples that must be a signal for it to count."""
ALIVE = 0.1
"""Share of the windows that must count for a channel to be used."""
AGREEMENT = 0.05
"""The noise of the beginning stands if it is the recording's but for so much, which is what some seconds can err by: a
detector that starts knows no more."""
SEGMENTS_DIFFER = 0.2
"""A segment in which a channel's noise differs by more from the recording's has a noise of its own."""
IMPLAUSIBLE = 20.0
"""So many times more or less noise than the others is not that of an electrode like theirs."""
REMARKABLE = 2.0
"""Of a segment: so many times more or less is said."""


@dataclass(frozen=True)
class NoiseSurvey:
    """What to detect with.

    Attributes:
        kept: intp ``[K]``, channels of the recording that are used, in order.
        deviation: float32 ``[S, K]``, their noise in each segment, recording units; NaN in a segment that is left out.
        left_out: channels and segments that are not used, and why.
        notes: what else is out of the common.
    """

    kept: NDArray[np.intp]
    deviation: NDArray[np.float32]
    left_out: list[LeftOut]
    notes: list[str]

    @property
    def range(self) -> NoiseRange | None:
        """Over used channels and segments; None where nothing is used."""
        used = self.deviation[np.isfinite(self.deviation)]
        return NoiseRange(least=float(used.min()), largest=float(used.max())) if used.size else None


def survey(signal: Signal, segments: Sequence[int]) -> NoiseSurvey:
    """Noise of ``signal`` in each of ``segments``, from windows drawn over all of them, always the same ones."""
    windows = list(_windows(signal, segments))
    estimates = np.empty((len(windows), signal.channels), np.float32)
    causes = np.zeros((len(CAUSES) + 1, signal.channels), np.int64)
    for row, (segment, start, stop) in enumerate(windows):
        piece = signal.read(segment, start, stop)
        signal.remember(piece)
        estimates[row] = _deviation_of_good(piece.traces, piece.near > 0)
        causes += np.stack([(piece.faults == code).sum(axis=0) for code in range(len(causes))])
    overall = _median(estimates)
    reasons = _unusable_channels(estimates, overall, causes)
    kept = np.array([channel for channel in range(signal.channels) if channel not in reasons], np.intp)
    left_out = [LeftOut(what=f"channel {signal.names[channel]}", reason=reasons[channel]) for channel in reasons]

    beginning = signal.read(segments[0], 0, min(signal.samples(segments[0]), signal.chunk + signal.margin))
    begun = _deviation_of_good(beginning.traces, beginning.near > 0)[kept]
    overall = overall[kept]
    settled = np.where(np.abs(begun - overall) <= AGREEMENT * overall, begun, overall)
    place = np.array([segment for segment, _, _ in windows])
    own = np.stack([_median(estimates[place == segment]) for segment in segments])[:, kept]
    differs = np.abs(own - overall) > SEGMENTS_DIFFER * overall  # never where nothing is known: NaN
    deviation = np.where(differs, own, settled).astype(np.float32)
    odd, notes = _odd_segments(segments, own)
    for segment in odd:
        deviation[list(segments).index(segment)] = np.nan
    left_out += [LeftOut(what=f"segment {segment}", reason=reason) for segment, reason in odd.items()]
    return NoiseSurvey(kept, deviation, left_out, notes)


def _windows(signal: Signal, segments: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(segment, start, stop): one window at a random place in each of equal parts of a segment."""
    everything = sum(signal.samples(segment) for segment in segments)
    length = round(WINDOW_S * signal.rate_hz)
    for segment in segments:
        total = signal.samples(segment)
        count = max(LEAST_WINDOWS, round(WINDOWS * total / everything))
        count = min(count, max(1, total // length))
        random = np.random.default_rng((SEED, segment))
        edges = np.linspace(0, total, count + 1).astype(np.int64)
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            start = low + int(random.integers(0, max(1, high - low - length + 1)))
            yield segment, start, min(high, start + length)


def _deviation_of_good(traces: NDArray[np.float32], bad: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Noise of each channel where it is not ``bad``; NaN where too little is left."""
    deviation = noise_deviation(traces)
    for channel in np.flatnonzero(bad.any(axis=0)):
        good = traces[~bad[:, channel], channel]
        enough = len(good) >= USABLE * len(traces)
        deviation[channel] = noise_deviation(good[:, None])[0] if enough else np.nan
    return deviation


def _median(estimates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each channel over the windows ``[W, C]`` that count; NaN where none does."""
    result = np.full(estimates.shape[1], np.nan, np.float32)
    some = np.isfinite(estimates).any(axis=0)
    result[some] = np.nanmedian(estimates[:, some], axis=0)
    return result


def _unusable_channels(
    estimates: NDArray[np.float32], overall: NDArray[np.float32], causes: NDArray[np.int64]
) -> dict[int, str]:
    """Why channels cannot be used: hardly any signal, no noise, or a noise unlike that of the others."""
    reasons = {}
    alive = np.isfinite(estimates).mean(axis=0) >= ALIVE
    typical = float(np.median(overall[alive & (overall > 0)])) if (alive & (overall > 0)).any() else 0.0
    for channel, noise in enumerate(overall.tolist()):
        if not alive[channel]:
            worst = int(causes[1:, channel].argmax()) + 1
            share = causes[worst, channel] / causes[:, channel].sum()
            never = "never varies" if CAUSES[worst - 1] == "blanked" and share == 1 else None
            reasons[channel] = never or f"{CAUSES[worst - 1]} in {100 * share:.0f} % of what was looked at"
        elif noise == 0:
            reasons[channel] = "its noise is 0"
        elif not typical / IMPLAUSIBLE <= noise <= typical * IMPLAUSIBLE:
            reasons[channel] = f"its noise is {noise:.3g}, that of the others about {typical:.3g}"
    return reasons


def _odd_segments(segments: Sequence[int], own: NDArray[np.float32]) -> tuple[dict[int, str], list[str]]:
    """Segments to leave out, with the reason, and remarks on others, from the channels' noise ``[S, C]`` in each."""
    odd: dict[int, str] = {}
    notes: list[str] = []
    if not own.shape[1]:
        return odd, notes
    levels = _median(own.T)
    typical = float(np.nanmedian(levels)) if np.isfinite(levels).any() else 0.0
    for segment, level in zip(segments, levels.tolist(), strict=True):
        if not np.isfinite(level):
            odd[segment] = "no channel has a signal in it"
        elif not typical / IMPLAUSIBLE <= level <= typical * IMPLAUSIBLE:
            odd[segment] = f"its noise is {level:.3g}, that of all segments about {typical:.3g}"
        elif not typical / REMARKABLE <= level <= typical * REMARKABLE:
            notes.append(
                f"segment {segment}: noise {level:.3g}, of all segments about {typical:.3g}; thresholds of its own"
            )
    return odd, notes
