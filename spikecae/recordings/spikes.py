"""Decoded spikes, as SpikeInterface's objects and as arrays."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikecae.codec import DECODED_AT_A_TIME, Decoder
from spikecae.codec.container import FileHeader
from spikecae.errors import InputError
from spikecae.front_end.recorded import Recorded

if TYPE_CHECKING:
    from probeinterface import Probe
    from spikeinterface.core import BaseRecording, NumpySnippets, NumpySorting, SortingAnalyzer

__all__ = ["DecodedSpikes"]

MOST_VALUES = 1 << 29
"""Of snippets with all channels: 2 GiB."""


class DecodedSpikes:
    """The events of a ``.scae`` file, in order of time. Waveforms are decoded when they are asked for.

    An event is a spike of one channel or, of a codec for neighbourhoods, what a spike is on the channels near its peak.

    Attributes:
        header: of the file.
        recorded: what the header says of the recording.
        segment: int64 ``[n]``, the segment of each event.
        sample: int64 ``[n]``, the sample of its peak in the segment.
        channel: int64 ``[n]``, the channel of its peak, counted from 0.
    """

    def __init__(
        self,
        header: FileHeader,
        recorded: Recorded,
        decoder: Decoder,
        blocks: "tuple[NDArray[np.integer[Any]], NDArray[np.uint16]]",
        events: "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]",
        to_recording: "Callable[[DecodedSpikes, bool], BaseRecording]",
    ) -> None:
        self._to_recording = to_recording
        self.header, self.recorded, self._decoder = header, recorded, decoder
        self._indices, self._tags = blocks
        block, place, channel, times = events
        order = np.argsort(times, kind="stable")
        self._block, self._place, self.channel = block[order], place[order], channel[order]
        starts = np.concatenate([[0], np.cumsum(recorded.segment_samples)])
        times = times[order]
        self.segment = np.searchsorted(starts[1:], times, side="right").clip(max=len(starts) - 2)
        self.sample = times - starts[self.segment]

    def __len__(self) -> int:
        """Events."""
        return len(self.sample)

    def __repr__(self) -> str:
        recorded = self.recorded
        seconds = sum(recorded.segment_samples) / recorded.sampling_rate_hz
        return f"{len(self):,} events in {seconds:.1f} s of {len(recorded.channel_ids)} channels ({self.header.design})"

    @property
    def sampling_rate_hz(self) -> float:
        """Of a channel."""
        return self.recorded.sampling_rate_hz

    @property
    def channel_ids(self) -> list[str | int]:
        """As the recording calls them."""
        return list(self.recorded.channel_ids)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Time of each event's peak, from the start that the recording says its segment has."""
        starts = np.array(self.recorded.segment_starts_s)
        return np.asarray(starts[self.segment] + self.sample / self.sampling_rate_hz, np.float64)

    @cached_property
    def channels(self) -> NDArray[np.int64]:
        """The channels of each event's snippets: ``[n, P]``."""
        neighbours = self.recorded.neighbours
        rows = np.arange(len(self.channel_ids))[:, None] if neighbours is None else np.array(neighbours)
        return np.asarray(rows[self.channel], np.int64)

    @property
    def probe(self) -> "Probe | None":
        """The contacts, as far as the file has them."""
        if self.recorded.contacts_um is None:
            return None
        from probeinterface import Probe

        made = Probe(ndim=2, si_units="um")
        made.set_contacts(positions=np.array(self.recorded.contacts_um), shapes="circle", shape_params={"radius": 5})
        made.set_contact_ids([str(name) for name in self.channel_ids])
        made.set_device_channel_indices(np.arange(len(self.channel_ids)))
        return made

    def waveforms(
        self, events: "int | slice | Sequence[int] | NDArray[np.integer[Any]] | None" = None
    ) -> NDArray[np.float32]:
        """Snippets ``[n, P, D]`` of some ``events``, or of all, in the file's unit: µV, if the recording had gains.

        Of one, given by its number: ``[P, D]``.
        """
        rows = np.arange(len(self))[slice(None) if events is None else events]
        if not rows.ndim:
            one: NDArray[np.float32] = self.waveforms(rows[None])[0]
            return one
        blocks, whole = np.unique(self._block[rows], return_inverse=True)
        neighbourhood = self.recorded.neighbours is not None
        shape = self.channels.shape[1], self.header.samples
        made = np.empty((len(rows), *shape), np.float32)
        order = np.argsort(whole, kind="stable")
        edges = np.searchsorted(whole[order], np.arange(0, len(blocks) + DECODED_AT_A_TIME, DECODED_AT_A_TIME))
        for number, (first, last) in enumerate(pairwise(edges)):
            start = number * DECODED_AT_A_TIME
            decoded = self._decoded(blocks[start : start + DECODED_AT_A_TIME])
            own = order[first:last]
            part = decoded[whole[own] - start]
            made[own] = part if neighbourhood else part[np.arange(len(own)), self._place[rows[own]]][:, None]
        return made

    def _decoded(self, blocks: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        made = np.empty((len(blocks), self.header.spikes, self.header.samples), np.float32)
        for tag in np.unique(self._tags[blocks]).tolist():
            mine = self._tags[blocks] == tag
            made[mine] = self._decoder.waveforms(self._indices[blocks[mine]].astype(np.int32), self.header.adc, tag)
        return made

    def to_snippets(self, channel_ids: str | int | Sequence[str | int] | None = None) -> "NumpySnippets":
        """SpikeInterface's snippets ``(n, D, C)`` of some channels, or of all; 0 where an event has no snippet.

        Of some channels, those events are left out that have no snippet there.

        Raises:
            InputError: a channel is none of the file's, or all of it would take more than 2 GiB.
        """
        from spikeinterface.core import NumpySnippets

        if isinstance(channel_ids, str | int):
            channel_ids = [channel_ids]
        wanted = self.channel_ids if channel_ids is None else list(channel_ids)
        place = np.full(len(self.channel_ids), -1)
        for number, name in enumerate(wanted):
            place[self._index_of(name)] = number
        there = place[self.channels]
        rows = np.flatnonzero((there >= 0).any(axis=1)) if channel_ids is not None else np.arange(len(self))
        samples = self.header.samples
        if len(rows) * samples * len(wanted) > MOST_VALUES:
            raise InputError(
                f"{len(rows):,} events of {samples} samples on {len(wanted)} channels are more than 2 GiB of snippets; "
                f"ask for some channels (channel_ids=), or take waveforms(), which has those of each event alone"
            )
        decoded = self.waveforms(rows)
        made = np.zeros((len(rows), samples, len(wanted)), np.float32)
        event, spike = np.nonzero(there[rows] >= 0)
        made[event, :, there[rows][event, spike]] = decoded[event, spike]
        parts = self._of_segments(self.segment[rows])
        snippets = NumpySnippets(
            [made[part] for part in parts],
            [self.sample[rows][part] for part in parts],
            self.sampling_rate_hz,
            nbefore=self.recorded.peak,
            channel_ids=wanted,
        )
        snippets.set_channel_gains(1.0)
        snippets.set_channel_offsets(0.0)
        return snippets

    def to_sorting(self, labels: "Sequence[Any] | NDArray[Any] | None" = None) -> "NumpySorting":
        """SpikeInterface's sorting: a unit for each channel that has peaks, by its id; or for each of ``labels``.

        Args:
            labels: of each event, in order, as a sorter of yours has found them.

        Raises:
            InputError: there is another number of labels than of events, or they are neither integers nor text.
        """
        from spikeinterface.core import NumpySorting

        own = np.array(self.channel_ids)[self.channel] if labels is None else np.asarray(labels)
        if own.shape != (len(self),):
            shape = len(own) if own.ndim == 1 else f"an array {own.shape} of"
            raise InputError(f"{shape} labels for {len(self)} events; give one for each, in order of time")
        if own.dtype.kind not in "iuU":
            raise InputError(f"labels are {own.dtype}; give integers, or text")
        parts = self._of_segments(self.segment)
        return NumpySorting.from_samples_and_labels(
            [self.sample[part] for part in parts], [own[part] for part in parts], self.sampling_rate_hz
        )

    def to_recording(self, *, noise: bool = False) -> "BaseRecording":
        """SpikeInterface's recording with the decoded snippets where they were, and zeros between.

        Where snippets overlap, it has their mean. Snippets are decoded as traces are asked for. SpikeInterface is told
        the noise that the recording had, as zeros have none.

        Args:
            noise: white noise of that size, the same every time, in place of the zeros: for sorters that whiten, or
                look for the noise themselves.
        """
        return self._to_recording(self, noise)

    def to_analyzer(self, labels: "Sequence[Any] | NDArray[Any] | None" = None) -> "SortingAnalyzer":
        """SpikeInterface's analyzer, in memory: ``to_sorting(labels)`` on ``to_recording(noise=True)``.

        With a probe it is sparse, as SpikeInterface makes it: channels within 100 µm of a unit's peak.
        """
        from spikeinterface.core import create_sorting_analyzer

        recording = self.to_recording(noise=True)
        sorting, sparse = self.to_sorting(labels), self.probe is not None
        return create_sorting_analyzer(sorting, recording, sparse=sparse, job_kwargs={"progress_bar": False})

    def _of_segments(self, segment: NDArray[np.integer[Any]]) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(segment == number) for number in range(len(self.recorded.segment_samples))]

    def _index_of(self, name: str | int) -> int:
        if name not in self.channel_ids:
            raise InputError(f"channel {name!r} is none of the file's: {self.channel_ids[:8]}…; name one of them")
        return self.channel_ids.index(name)
