"""Decoded spikes as continuous traces, made as they are asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from spikeinterface.core import BaseRecordingSegment

if TYPE_CHECKING:
    from spikecae.recordings.spikes import DecodedSpikes

__all__ = ["DecodedSegment"]


class DecodedSegment(BaseRecordingSegment):  # type: ignore[misc]  # SpikeInterface has no types
    """A segment: snippets where they were, their mean where they overlap, and zeros between."""

    def __init__(self, spikes: "DecodedSpikes", segment: int, samples: int, rate_hz: float, start_s: float) -> None:
        super().__init__(sampling_frequency=rate_hz, t_start=start_s)
        self._spikes, self._samples = spikes, samples
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
        recorded, samples = spikes.header.recording, spikes.header.samples
        peak = 0 if recorded is None else recorded.peak
        near = slice(*np.searchsorted(self._times, [first - (samples - peak) + 1, last + peak]))
        rows, times = self._rows[near], self._times[near]
        total = np.zeros((last - first + 2 * samples, len(spikes.channel_ids)), np.float32)
        count = np.zeros(total.shape, np.uint8)
        waveforms, channels = spikes.waveforms(rows), spikes.channels[rows]
        for event, time in enumerate((times - peak - first + samples).tolist()):
            total[time : time + samples, channels[event]] += waveforms[event].T
            count[time : time + samples, channels[event]] += 1
        made = total[samples : samples + last - first]
        made /= np.maximum(count[samples : samples + last - first], 1)
        return made[:, slice(None) if channel_indices is None else channel_indices]
