"""Golden model of the spike detector: raw samples in, spikes out, integer for integer as the hardware.

0. Where there is a band-pass, samples go through it first (:mod:`spikecae.front_end.filter`), and all else is about
   what it gives.
1. Noise, per channel: a running median of |x| (x = code - zero). Every ``turns``-th sample, so that all channels have
   their turn, moves the estimate by 2**-noise_shift of itself, up if |x| is at least as large, else down: it rests
   where half of the samples are larger. Few codes span the noise of a neural amplifier, so that their median would
   jump by whole codes; a dither spreads each code over the interval of voltages that it stands for.
2. A sample *crosses* where its height (-x, x or |x|) is above the threshold, that of the sample before was not, and
   more than ``refractory`` samples have passed since the last peak of the channel. The threshold is ``gain / 16`` times
   the estimate, in whole codes. Until the noise is known none is above it.
3. The largest of the ``search`` samples from there on, the first on a tie, is the *peak*.
4. Neighbourhoods: a peak waits until no larger one can come on a close channel within the refractory time, which takes
   ``refractory + search`` frames. A larger one takes its place; one that is not larger is dropped.
5. D samples around the peak are cut out of each of the event's channels.

The threshold is the paper's, 5 * median(|x|) / 0.6745 (Quiroga et al. 2004), with the running median in place of that
over all samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.front_end.filter import BandPassFilter
from spikecae.front_end.front_end import GAIN_FRACTION, FrontEnd

__all__ = ["DetectedSpikes", "RunningMedian", "SpikeDetector"]

ESTIMATE_FRACTION = 16
"""Fraction bits of the noise estimate, in codes."""
THRESHOLD_FRACTION = 8
"""Those of them that the threshold is computed from."""
START = 1 << ESTIMATE_FRACTION
COARSE = 4
"""In the first 2**noise_shift turns steps are 2**COARSE as large: enough for a factor e**16 either way."""
DITHER_BITS = 8

Samples = NDArray[np.int64]


@dataclass(frozen=True)
class DetectedSpikes:
    """Events in the order in which they leave.

    Attributes:
        times: (events,) frame of the peak.
        peaks: (events,) channel of the peak.
        channels: (events, M) channel of each snippet.
        snippets: (events, M, D) int16, codes.
    """

    times: NDArray[np.int64]
    peaks: NDArray[np.int64]
    channels: NDArray[np.int64]
    snippets: NDArray[np.int16]


@dataclass
class _Event:
    """A peak. ``left`` is the sample in which it lost to one with another place in the list."""

    time: int
    channel: int
    height: int
    left: int | None = None


class RunningMedian:
    """Step 1, for all channels.

    Attributes:
        estimate: (C,) median(|x|), in codes / 2**16.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._frame = 0
        self.estimate: Samples = np.full(front_end.channels, START, np.int64)
        self._threshold: Samples = np.zeros(front_end.channels, np.int64)
        self._due: dict[int, tuple[Samples, Samples]] = {}

    def push(self, x: Samples) -> Samples:
        """The thresholds, in codes, that count for each of the samples ``x`` (T, C), of the same shape."""
        thresholds = np.empty_like(x)
        settling = self._front_end.settling
        for n, codes in enumerate(np.abs(x)):
            frame = self._frame + n
            if frame in self._due:
                channels, values = self._due.pop(frame)
                self._threshold[channels] = values
            thresholds[n] = self._threshold
            settled = frame >= settling
            turns = self._front_end.turns if settled else self._front_end.settling_turns
            first = -(frame - settling * settled) * len(codes) % turns
            if first < len(codes):
                self._move(np.arange(first, len(codes), turns), codes[first::turns], frame)
        self._frame += len(x)
        return thresholds

    def _move(self, channels: Samples, codes: Samples, frame: int) -> None:
        """Those whose turn it is: their estimates now, and their thresholds from a later frame on."""
        front_end = self._front_end
        before = self.estimate[channels]
        coarse = frame < front_end.settling_turns << front_end.noise_shift
        step = (before >> (front_end.noise_shift - COARSE if coarse else front_end.noise_shift)) + 1
        after = np.where(_dithered(codes, frame) >= before, before + step, before - step)
        self.estimate[channels] = after
        threshold = (after >> (ESTIMATE_FRACTION - THRESHOLD_FRACTION)) * front_end.gain
        threshold = np.minimum(threshold >> (THRESHOLD_FRACTION + GAIN_FRACTION), (1 << front_end.bits) - 1)
        self._due[frame + front_end.threshold_frames] = channels, threshold


def _dithered(codes: Samples, frame: int) -> Samples:
    """Code c > 0 stands for c - 1/2 to c + 1/2, code 0 for 0 to 1/2. The dither is the frame's bits, reversed."""
    reversed_bits = sum((frame >> bit & 1) << (DITHER_BITS - 1 - bit) for bit in range(DITHER_BITS))
    dither = reversed_bits << (ESTIMATE_FRACTION - DITHER_BITS)
    half = 1 << (ESTIMATE_FRACTION - 1)
    return np.where(codes > 0, (codes << ESTIMATE_FRACTION) + dither - half, dither >> 1)


class _Arbiter:
    """Step 4: events in the order of their places. At most one leaves per sample; samples count frame * C + channel."""

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._events: list[_Event] = []
        self._next_exit = 0
        self.overruns = 0

    @property
    def times(self) -> list[int]:
        """Frames of the peaks that wait."""
        return [event.time for event in self._events]

    def advance(self, sample: int) -> list[_Event]:
        """The events that leave before ``sample``."""
        out: list[_Event] = []
        while self._events:
            head = self._events[0]
            mature = (head.time + self._front_end.rival_time + 1) * self._front_end.channels
            exit_at = max(self._next_exit, mature if head.left is None else head.left + 1)
            if exit_at >= sample:
                break
            self._next_exit = exit_at + 1
            self._events.pop(0)
            if head.left is None:
                out.append(head)
        return out

    def push(self, event: _Event, sample: int) -> None:
        """Let ``event``, found at ``sample``, compete."""
        first, last = self._front_end.close[event.channel]
        rivals = [
            place
            for place, other in enumerate(self._events)
            if other.left is None
            and first <= other.channel <= last
            and abs(other.time - event.time) <= self._front_end.refractory
        ]
        if any(self._events[place].height >= event.height for place in rivals):
            return
        if rivals:
            self._events[rivals[0]] = event
            for place in rivals[1:]:
                self._events[place].left = sample
        elif len(self._events) < self._front_end.pending:
            self._events.append(event)
        else:
            self.overruns += 1


class SpikeDetector:
    """Samples in, in pieces of any length; spikes out as soon as their last sample has come.

    What the chip loses because its output is held up is not modelled: there each event lost is counted.

    Attributes:
        overruns: events lost because ``front_end.pending`` others were waiting.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self._filter = BandPassFilter(front_end.band_pass, front_end.bits) if front_end.band_pass else None
        self._noise = RunningMedian(front_end)
        self._arbiter = _Arbiter(front_end)
        self._frames = 0
        self._history: Samples = np.empty((0, front_end.channels), np.int64)
        self._heights: Samples = np.empty((0, front_end.channels), np.int64)
        self._above = np.zeros(front_end.channels, bool)
        self._crossings: list[list[int]] = [[] for _ in range(front_end.channels)]
        self._armed = [0] * front_end.channels
        self._leaving: list[_Event] = []

    @property
    def overruns(self) -> int:
        """Events lost because ``front_end.pending`` others were waiting."""
        return self._arbiter.overruns

    @property
    def noise(self) -> NDArray[np.float64]:
        """(C,) running median(|x|), in codes."""
        return self._noise.estimate / (1 << ESTIMATE_FRACTION)

    def push(self, codes: NDArray[np.integer]) -> DetectedSpikes:
        """Detect in the next frames.

        Args:
            codes: (T, C) signed 16-bit codes. Those beyond ``front_end.bits`` are saturated.

        Raises:
            ValueError: another number of channels, or codes of more than 16 bits.
        """
        front_end = self._front_end
        codes = np.asarray(codes, np.int64)
        if codes.ndim != 2 or codes.shape[1] != front_end.channels:
            raise ValueError(f"codes are {codes.shape}, expected (T, {front_end.channels})")
        if codes.size and not -(1 << 15) <= codes.min() <= codes.max() < 1 << 15:
            raise ValueError("codes must be signed 16-bit integers")
        x = np.clip(codes, front_end.minimum, front_end.maximum) - front_end.zero
        if self._filter is not None:
            x = self._filter.push(x)
        self._find_crossings(x)
        self._frames += len(x)
        for sample, event in self._decide():
            if front_end.neighbours:
                self._leaving += self._arbiter.advance(sample)
                self._arbiter.push(event, sample)
            else:
                self._leaving.append(event)
        self._leaving += self._arbiter.advance(self._frames * front_end.channels)
        spikes = self._cut()
        self._forget()
        return spikes

    def _find_crossings(self, x: Samples) -> None:
        front_end = self._front_end
        match front_end.polarity:
            case "negative":
                heights = np.maximum(-x, 0)
            case "positive":
                heights = np.maximum(x, 0)
            case "both":
                heights = np.abs(x)
        above = heights > self._noise.push(x)
        above[: max(0, front_end.settling - self._frames)] = False
        crossing = above & ~np.concatenate([self._above[None], above])[:-1]
        for channel, at in zip(*np.nonzero(crossing.T), strict=True):
            self._crossings[channel].append(self._frames + int(at))
        self._above = above[-1] if len(above) else self._above
        self._history = np.concatenate([self._history, x])
        self._heights = np.concatenate([self._heights, heights])

    def _decide(self) -> list[tuple[int, _Event]]:
        """Peaks whose search has ended, each with the sample in which it did, in this order."""
        search, first = self._front_end.search, self._frames - len(self._heights)
        found = []
        for channel, crossings in enumerate(self._crossings):
            while crossings and (crossings[0] < self._armed[channel] or crossings[0] + search <= self._frames):
                crossing = crossings.pop(0)
                if crossing < self._armed[channel]:
                    continue
                heights = self._heights[crossing - first : crossing - first + search, channel]
                time = crossing + int(heights.argmax())
                self._armed[channel] = time + self._front_end.refractory + 1
                sample = (crossing + search - 1) * self._front_end.channels + channel
                found.append((sample, _Event(time, channel, int(heights.max()))))
        return sorted(found, key=lambda pair: pair[0])

    def _cut(self) -> DetectedSpikes:
        front_end, first = self._front_end, self._frames - len(self._history)
        window = np.arange(front_end.samples) - front_end.peak
        complete = 0
        while complete < len(self._leaving) and self._leaving[complete].time + window[-1] < self._frames:
            complete += 1
        events, self._leaving = self._leaving[:complete], self._leaving[complete:]
        times = np.array([event.time for event in events], np.int64)
        peaks = np.array([event.channel for event in events], np.int64)
        rows = np.array(front_end.neighbours or [[channel] for channel in range(front_end.channels)])
        channels = rows[peaks]
        x = self._history[(times[:, None] - first + window)[:, None], channels[:, :, None]]
        return DetectedSpikes(times, peaks, channels, (x + front_end.zero).astype(np.int16))

    def _forget(self) -> None:
        """Drop the samples that no snippet can need any more."""
        waiting = [*self._arbiter.times, *(event.time for event in self._leaving)]
        oldest = min([self._frames - self._front_end.search, *waiting])
        keep = self._frames - oldest + self._front_end.peak
        self._history = self._history[-keep:]
        self._heights = self._heights[-keep:]
