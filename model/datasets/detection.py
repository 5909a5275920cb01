"""Spikes of a continuous recording: band-pass, threshold, alignment to the peak, neighbourhoods.

The threshold is the paper's: 5 times median(|x|) / 0.6745 of each channel (Quiroga et al. 2004).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from model.datasets.spikes import SpikeTable
from model.provenance import Provenance
from spikecae.design import Design, Recording
from spikecae.front_end.geometry import close_contacts, nearest_contacts

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["detect_spikes", "find_peaks", "noise_deviation"]

CHUNK_S = 5.0


def detect_spikes(recording: "BaseRecording", design: Design, provenance: Provenance, source: str) -> SpikeTable:
    """All spikes of a raw ``recording``, in order of time.

    A neighbourhood is the same event on the M contacts nearest to the one where it is largest, in order of position
    along the probe. For a queue, every channel is detected on its own.

    Raises:
        ValueError: too few channels, another sampling rate, no contact positions where they are needed, no spike.
    """
    wanted, block = design.recording, design.block
    channels = recording.get_num_channels()
    neighbourhood = block.kind == "neighbourhood"
    if neighbourhood and channels < block.spikes:
        raise ValueError(
            f"{source}: the recording has {channels} channels, design {design.name!r} codes neighbourhoods of "
            f"{block.spikes}; use a recording with at least {block.spikes} channels or another design"
        )
    rate = recording.get_sampling_frequency()
    if abs(rate / wanted.sampling_rate_hz - 1) > 0.01:
        raise ValueError(
            f"{source}: sampled at {rate:g} Hz, design {design.name!r} expects {wanted.sampling_rate_hz:g} Hz; "
            f"resample the recording or set recording.sampling_rate_hz"
        )
    if neighbourhood:
        positions = _positions(recording, block.spikes, source)
        nearest = nearest_contacts(positions, block.spikes)
        close = close_contacts(positions, wanted.radius_um)
    else:
        nearest = np.arange(channels)[:, None]
        close = np.eye(channels, dtype=bool)

    threshold: NDArray[np.float32] | None = None
    snippets, times, where = [], [], []
    window = np.arange(block.samples) - wanted.peak
    for traces, first, start, stop in _chunks(recording, design):
        if threshold is None:  # from the beginning alone, which is training time
            threshold = wanted.threshold * noise_deviation(traces)
        samples, peaks = find_peaks(traces, threshold, close, wanted)
        fits = (samples + window[0] >= 0) & (samples + window[-1] < len(traces))
        mine = fits & (samples + first >= start) & (samples + first < stop)
        samples, own = samples[mine], nearest[peaks[mine]]
        snippets.append(traces[(samples[:, None] + window)[:, None, :], own[:, :, None]])
        times.append((samples + first) / rate)
        where.append(own)
    table = SpikeTable(
        snippets=np.concatenate(snippets).astype(np.float32),
        times_s=np.concatenate(times),
        channels=np.concatenate(where).astype(np.int32),
        provenance=provenance,
        source=source,
    )
    if not len(table.snippets):
        raise ValueError(
            f"{source}: no {wanted.polarity} peak beyond {wanted.threshold:g} noise deviations; "
            f"check recording.polarity and recording.threshold"
        )
    return table


def noise_deviation(traces: NDArray[np.floating]) -> NDArray[np.float32]:
    """Noise of each channel of ``traces`` ``[T, C]``: median(|x|) / 0.6745."""
    return np.asarray(np.median(np.abs(traces), axis=0) / 0.6745, np.float32)


def find_peaks(
    traces: NDArray[np.floating], threshold: NDArray[np.floating], close: NDArray[np.bool_], recording: Recording
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Samples and channels of the spikes in ``traces`` ``[T, C]``, in order of time.

    A spike lies beyond its channel's ``threshold`` and is the largest within the refractory time, of its channel and
    of all channels that are ``close`` ``[C, C]`` to it.
    """
    match recording.polarity:
        case "negative":
            height = -traces
        case "positive":
            height = traces
        case "both":
            height = np.abs(traces)
    reach = max(1, round(recording.refractory_ms * recording.sampling_rate_hz / 1000))
    largest = maximum_filter1d(height, 2 * reach + 1, axis=0, mode="nearest")
    samples, channels = np.nonzero((height > threshold) & (height == largest))
    around = np.where(close[channels], largest[samples], -np.inf).max(axis=1)
    keep = height[samples, channels] >= around
    return samples[keep], channels[keep]


def _positions(recording: "BaseRecording", block: int, source: str) -> NDArray[np.float64]:
    channels = recording.get_num_channels()
    if recording.has_probe():
        return np.asarray(recording.get_channel_locations()[:, :2], np.float64)
    if channels == block:
        return np.zeros((channels, 2))
    raise ValueError(
        f"{source}: the recording has no contact positions, and {channels} channels are more than one neighbourhood of "
        f"{block}; attach a probe to it (spikeinterface set_probe)"
    )


def _chunks(recording: "BaseRecording", design: Design) -> Iterator[tuple[NDArray[np.float32], int, int, int]]:
    """Band-passed traces ``[T, C]`` in recording units, with (first sample of traces, start, stop of the chunk)."""
    from spikeinterface.preprocessing import bandpass_filter  # takes seconds to import

    low, high = design.recording.band_hz
    filtered = bandpass_filter(recording, freq_min=low, freq_max=high, dtype="float32")
    rate = recording.get_sampling_frequency()
    margin = design.block.samples + round(design.recording.refractory_ms * rate / 1000) + 1
    length = max(round(CHUNK_S * rate), 4 * margin)
    scaled = design.recording.unit == "uV" and recording.has_scaleable_traces()
    for segment in range(recording.get_num_segments()):
        total = recording.get_num_samples(segment)
        for start in range(0, total, length):
            first, stop = max(0, start - margin), min(total, start + length)
            traces = filtered.get_traces(
                segment_index=segment, start_frame=first, end_frame=min(total, stop + margin), return_in_uV=scaled
            )
            yield np.asarray(traces, np.float32), first, start, stop
