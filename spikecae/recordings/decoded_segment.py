"""Decoded spikes as continuous traces, made as they are asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from spikeinterface.core import BaseRecordingSegment

from spikecae.front_end.recorded import Recorded

if TYPE_CHECKING:
    from spikecae.recordings.spikes import DecodedSpikes

__all__ = ["DecodedSegment"]

NOISE_AT_A_TIME = 1 << 13
"""Samples."""


class DecodedSegment(BaseRecordingSegment):  # type: ignore[misc]  # SpikeInterface has no types
    """A segment: snippets where they were, their mean where they overlap, between them zeros or ``noise``."""

    def __init__(self, spikes: "DecodedSpikes", recorded: Recorded, segment: int, *, noise: bool) -> None:
        super().__init__(recorded.sampling_rate_hz, t_start=recorded.segment_starts_s[segment])
        self._spikes, self._recorded, self._noise = spikes, recorded, noise
        self._segment, self._samples = segment, recorded.segment_samples[segment]
        self._rows = np.flatnonzero(spikes.segment == segment)
        self._times = spikes.sample[self._rows]

    def get_num_samples(self) -> int:
        """Samples of the segment."""
        return self._samples

    def get_traces(
        self, start_frame: int | None = None, end_frame: int | None = None, channel_indices: Any = None
    ) -> NDArray[np.float32]:
        """Samples ``start_frame`` to ``end_frame`` (not included): ``[T, C]``."""
        spikes = self._spikes
        first = 0 if start_frame is None else start_frame
        last = self._samples if end_frame is None else end_frame
        samples, peak = spikes.header.samples, self._recorded.peak
        near = slice(*np.searchsorted(self._times, [first - (samples - peak) + 1, last + peak]))
        rows, times = self._rows[near], self._times[near]
        total = np.zeros((last - first + 2 * samples, len(spikes.channel_ids)), np.float32)
        count = np.zeros(total.shape, np.uint8)
        waveforms, channels = spikes.waveforms(rows), spikes.channels[rows]
        for event, time in enumerate((times - peak - first + samples).tolist()):
            total[time : time + samples, channels[event]] += waveforms[event].T
            count[time : time + samples, channels[event]] += 1
        made = total[samples : samples + last - first]
        there = count[samples : samples + last - first]
        made /= np.maximum(there, 1)
        if self._noise:
            made = np.where(there > 0, made, self._noise_of(first, last))
        return made[:, slice(None) if channel_indices is None else channel_indices]

    def _noise_of(self, first: int, last: int) -> NDArray[np.float32]:
        """Made in pieces that each have a seed of their own, so that a sample is the same however it is asked for."""
        deviation = np.array(self._recorded.noise, np.float32)
        start = first // NOISE_AT_A_TIME
        pieces = [
            np.random.default_rng((self._segment, piece)).standard_normal((NOISE_AT_A_TIME, len(deviation)), np.float32)
            for piece in range(start, -(-last // NOISE_AT_A_TIME))
        ]
        whole = np.concatenate([np.empty((0, len(deviation)), np.float32), *pieces])
        return whole[first - start * NOISE_AT_A_TIME : last - start * NOISE_AT_A_TIME] * deviation
