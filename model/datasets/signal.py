"""Samples of a continuous recording: read once, judged, repaired, band-passed, scaled. All else sees only these."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.datasets.band import band_filter
from model.datasets.faults import blanked_samples, find_faults, repaired, widened
from spikecae.design import Design
from spikecae.recordings.band import REACH_PERIODS

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["Piece", "Signal"]

CHUNK_S = 5.0
MOST_VALUES = 1 << 27
"""Of a chunk, all channels together: what bounds memory on probes of thousands of channels."""


@dataclass(frozen=True)
class Piece:
    """Samples ``first`` to ``first + T`` of a segment.

    Attributes:
        traces: float32 ``[T, C]``, band-passed, recording units.
        faults: uint8 ``[T, C]``, the cause of each sample, see :mod:`model.datasets.faults`.
        near: uint8 ``[T, C]``, the cause of a fault from which the filter may still ring.
        stored: ``[T, C]``, the recording's own numbers.
        first: index of the first sample.
        start, stop: the samples that no other piece has, of a chunk.
    """

    traces: NDArray[np.float32]
    faults: NDArray[np.uint8]
    near: NDArray[np.uint8]
    stored: NDArray[np.number]
    first: int
    start: int
    stop: int


class Signal:
    """A ``recording`` in the design's band, and in its unit: ``scale`` (one, or one a channel) times what is stored."""

    def __init__(self, recording: "BaseRecording", design: Design, scale: ArrayLike = 1.0) -> None:
        from spikeinterface.preprocessing import bandpass_filter  # takes seconds to import

        self._recording, self._design = recording, design
        self._scale = np.broadcast_to(np.asarray(scale, np.float32), (recording.get_num_channels(),))
        low, high = design.recording.band_hz
        self._filter: Callable[[Any], Any] = lambda part: bandpass_filter(
            part, freq_min=low, freq_max=high, dtype="float32"
        )
        self.rate_hz = float(recording.get_sampling_frequency())
        self._chips_filter = band_filter(design, self.rate_hz)
        self._reach = round(REACH_PERIODS * self.rate_hz / low)
        self._around = max(self._reach, self._filter(recording).margin_samples, blanked_samples(self.rate_hz))
        self.margin = design.block.samples + round(design.recording.refractory_ms * self.rate_hz / 1000) + 1
        """Samples around a chunk: what a snippet, or a larger peak nearby, can need of its neighbours."""
        longest = max(round(CHUNK_S * self.rate_hz), 4 * self.margin)
        self.chunk = max(4 * self.margin, min(longest, MOST_VALUES // self.channels))
        self._least = np.full(self.channels, np.inf)
        self._largest = -self._least

    @property
    def channels(self) -> int:
        """Channels of the recording."""
        return int(self._recording.get_num_channels())

    @property
    def names(self) -> list[str]:
        """What the recording calls its channels."""
        return [str(name) for name in self._recording.channel_ids]

    @property
    def segments(self) -> int:
        """Segments of the recording."""
        return int(self._recording.get_num_segments())

    def samples(self, segment: int) -> int:
        """Length of a segment."""
        return int(self._recording.get_num_samples(segment))

    def only(self, channels: NDArray[np.intp]) -> "Signal":
        """The same of some channels, in order of ``channels``."""
        if len(channels) == self.channels:
            return self
        part = self._recording.select_channels(self._recording.channel_ids[channels])
        signal = Signal(part, self._design, self._scale[channels])
        signal._least, signal._largest = self._least[channels], self._largest[channels]
        return signal

    def read(self, segment: int, first: int, last: int) -> Piece:
        """Samples ``first`` to ``last`` (not included) of a segment."""
        from spikeinterface.core import NumpyRecording

        before, after = max(0, first - self._around), min(self.samples(segment), last + self._around)
        raw = self._recording.get_traces(segment_index=segment, start_frame=before, end_frame=after)
        faults = find_faults(raw, self._least, self._largest, self.rate_hz)
        own = slice(first - before, last - before)
        mended = repaired(raw, faults)
        if self._chips_filter is not None:
            traces = self._chips_filter(mended.astype(np.float64))[own]
        else:
            whole = NumpyRecording([mended], self.rate_hz)
            traces = self._filter(whole).get_traces(start_frame=own.start, end_frame=own.stop)
        return Piece(
            traces=np.asarray(traces, np.float32) * self._scale,
            faults=faults[own],
            near=widened(faults, self._reach)[own],
            stored=raw[own],
            first=first,
            start=first,
            stop=last,
        )

    def remember(self, piece: Piece) -> None:
        """From now on, the extremes of ``piece`` count where clipping is looked for."""
        good = np.where(piece.faults == 0, piece.stored, np.nan)
        self._least = np.fmin(self._least, np.fmin.reduce(good))
        self._largest = np.fmax(self._largest, np.fmax.reduce(good))

    def chunks(self, segment: int) -> Iterator[Piece]:
        """All samples of a segment in order, each chunk with a margin of its neighbours."""
        total = self.samples(segment)
        for start in range(0, total, self.chunk):
            first, stop = max(0, start - self.margin), min(total, start + self.chunk)
            piece = self.read(segment, first, min(total, stop + self.margin))
            yield Piece(piece.traces, piece.faults, piece.near, piece.stored, first, start, stop)
