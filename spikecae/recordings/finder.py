"""Spikes of a recording, stretch by stretch, as ADC codes: found as those were that the encoder was fitted to."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from spikecae.codec.account import many
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import MICROVOLTS, units_to_codes
from spikecae.recordings.arrangement import Arrangement
from spikecae.recordings.chosen import Codec
from spikecae.recordings.peaks import find_peaks, noise_deviation
from spikecae.recordings.source import Source

__all__ = ["Found", "Stretch", "all_found", "noise_of", "step_for", "step_of", "stretches", "too_few"]

WINDOW_S = 0.5
WINDOWS = 16
"""Over the whole recording, at equal distances: what the noise is estimated from."""
MOST_VALUES = 1 << 22
"""Of a stretch, all channels together: what bounds memory."""
LONGEST_S = 5.0
FIRST_STRETCHES = 20
LEAST_SPIKES = 8
"""That a scale can be found from."""


@dataclass(frozen=True)
class Stretch:
    """Samples ``start`` to ``stop`` (not included) of a segment, before which there are ``before`` in others."""

    segment: int
    start: int
    stop: int
    before: int


@dataclass(frozen=True, eq=False)
class Found:
    """Events of a stretch, in order of time.

    Attributes:
        snippets: float32 ``[E, P, D]``, band-passed.
        codes: int16 ``[E, P, D]``.
        channels: int64 ``[E]``, the channel of the peak.
        times: int64 ``[E]``, sample of the peak, counted through all segments.
        clipped: samples beyond the converter's range.
    """

    snippets: NDArray[np.float32]
    codes: NDArray[np.int16]
    channels: NDArray[np.int64]
    times: NDArray[np.int64]
    clipped: int


def stretches(source: Source, codec: Codec) -> Iterator[Stretch]:
    """All of a recording, in order."""
    margin = _margin(source, codec)
    length = max(4 * margin, min(round(LONGEST_S * source.rate_hz), MOST_VALUES // source.channels))
    before = 0
    for segment, total in enumerate(source.lengths):
        for start in range(0, total, length):
            yield Stretch(segment, start, min(total, start + length), before)
        before += total


def _margin(source: Source, codec: Codec) -> int:
    """Samples around a stretch: what a snippet, or a larger peak nearby, can need of its neighbours."""
    return codec.design.block.samples + round(codec.design.recording.refractory_ms * source.rate_hz / 1000) + 1


def noise_of(source: Source) -> NDArray[np.float32]:
    """Noise deviation of each channel ``[C]``: the median over windows.

    Raises:
        InputError: no channel has any noise.
    """
    length, total = round(WINDOW_S * source.rate_hz), sum(source.lengths)
    ends = np.cumsum(source.lengths)
    estimates = []
    for place in np.linspace(0, max(0, total - length), WINDOWS).astype(int).tolist():
        segment = int(np.searchsorted(ends, place, side="right"))
        first = place - int(ends[segment] - source.lengths[segment])
        last = min(source.lengths[segment], first + length)
        estimates.append(noise_deviation(source.read(segment, max(0, last - length), last)))
    noise = np.asarray(np.median(estimates, axis=0), np.float32)
    if not (noise > 0).any():
        raise InputError(
            f"all {source.channels} channels are flat: median(|x|) is 0 in {WINDOWS} windows of {WINDOW_S} s over the "
            f"recording; give one with a signal"
        )
    return noise


def step_of(source: Source, codec: Codec, arrangement: Arrangement, noise: NDArray[np.float32]) -> float:
    """Units of ``source`` in a step of the converter.

    It is the design's where that is in volts. A design in a unit of its own has no µV: the analog gain is then chosen,
    so that the first spikes have the deviation of those that the encoder was fitted to.

    Raises:
        InputError: there are too few spikes to choose it by.
    """
    design = codec.design
    if design.recording.unit in MICROVOLTS:
        return design.adc.lsb * MICROVOLTS[design.recording.unit]
    any_step = Adc(bits=design.adc.bits, lsb=1e6, signed=design.adc.signed)
    squares, count, spikes = 0.0, 0, 0
    first = islice(stretches(source, codec), FIRST_STRETCHES)
    for found in all_found(source, codec, arrangement, noise, any_step, 1, first):
        squares += float(np.square(found.snippets, dtype=np.float64).sum())
        count += found.snippets.size
        spikes += len(found.times)
    if spikes < LEAST_SPIKES:
        raise too_few(source, codec, spikes, LEAST_SPIKES)
    return step_for(codec, squares / count)


def step_for(codec: Codec, mean_square: float) -> float:
    """Units in a step, so that spikes of this mean square have the deviation of those that the encoder was fitted
    to."""
    spec = codec.spec
    flat = np.zeros((1, spec.spikes, spec.samples))
    deviation = float(np.mean(spec.source.undo(flat + 1) - spec.source.undo(flat)))
    return float(np.sqrt(mean_square)) / deviation


def too_few(source: Source, codec: Codec, spikes: int, needed: int) -> InputError:
    """What to say where ``needed`` spikes are not there."""
    wanted, seconds = codec.design.recording, sum(source.lengths) / source.rate_hz
    opposite = {"negative": "positive", "positive": "negative"}.get(wanted.polarity)
    turned = "spikeinterface.preprocessing.scale(recording, gain=-1)"
    other = f"; if its spikes are {opposite}, turn it round ({turned})" if opposite else ""
    return InputError(
        f"{many(spikes, 'spike')} in {seconds:.1f} s of {many(source.channels, 'channel')}, {needed} are needed: codec "
        f"{codec.design.name!r} looks for {wanted.polarity} peaks beyond {wanted.threshold:g} deviations of the noise; "
        f"give a longer recording{other}"
    )


def all_found(
    source: Source,
    codec: Codec,
    arrangement: Arrangement,
    noise: NDArray[np.float32],
    adc: Adc,
    jobs: int,
    parts: Iterable[Stretch],
) -> Iterator[Found]:
    """What is in each of ``parts``, in order; ``jobs`` of them are worked on at a time, and no more are held."""
    wanted = codec.design.recording
    margin = _margin(source, codec)
    threshold = np.where(noise > 0, wanted.threshold * noise, np.inf).astype(np.float32)
    window = np.arange(codec.design.block.samples) - wanted.peak

    def find(stretch: Stretch) -> Found:
        first, total = max(0, stretch.start - margin), source.lengths[stretch.segment]
        traces = source.read(stretch.segment, first, min(total, stretch.stop + margin))
        samples, peaks = find_peaks(traces, threshold, arrangement.close, wanted)
        mine = (samples + first >= stretch.start) & (samples + first < stretch.stop)
        mine &= (samples + window[0] >= 0) & (samples + window[-1] < len(traces))
        samples, peaks = samples[mine], peaks[mine]
        place = (samples[:, None] + window)[:, None, :], arrangement.nearest[peaks][:, :, None]
        snippets = traces[place]
        codes, clipped = units_to_codes(snippets, adc)
        return Found(snippets, codes, peaks.astype(np.int64), samples + (first + stretch.before), clipped)

    waiting: list[Future[Found]] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for stretch in parts:
                waiting.append(pool.submit(find, stretch))
                if len(waiting) > jobs:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
