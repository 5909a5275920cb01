"""What a stream of packets decodes to, as arrays in an ``.npz``."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import Sidecar
from spikecae.codec import DECODED_AT_A_TIME, CodedPacket, Decoder, RawPacket
from spikecae.codec.arrays import ArrayWriter
from spikecae.design import Adc

__all__ = ["DecodedFile", "is_decoded"]

SIGNS = {"indices.npy", "present.npy", "packets.npy"}
"""Arrays that every decoded file has, and by which it is known."""

NONE = -1
"""Channel or time of a block or spike that has none."""


class DecodedFile:
    """Writes packets as they arrive; the file is there when the ``with`` block ends well.

    Args:
        path: the file.
        decoder: decodes the indices.
        adc: the converter that samples went through; None writes latents in place of waveforms.

    Attributes:
        without_times: blocks whose times are left out: they came once a block where the first packet's came once a
            spike, or the other way round, or the first had none.
    """

    def __init__(self, path: Path, decoder: Decoder, adc: Adc | None) -> None:
        self._decoder, self._adc = decoder, adc
        self._writer = ArrayWriter(path)
        self._waiting: list[CodedPacket] = []
        self._sidecar: Sidecar | None = None
        self.without_times = 0

    def add(self, item: object) -> None:
        """Take a packet; anything else is not of the file."""
        if isinstance(item, CodedPacket):
            self._waiting.append(item)
            if sum(packet.header.count for packet in self._waiting) >= DECODED_AT_A_TIME:
                self.flush()
        elif isinstance(item, RawPacket):
            nowhere = np.full(len(item.snippets), NONE, np.int64)
            events = item.events or Events(nowhere, nowhere)
            self._writer.append("raw_snippets", item.snippets)
            self._writer.append("raw_channels", events.channels)
            self._writer.append("raw_times", events.times)

    def flush(self) -> None:
        """Write the packets that wait for more to be decoded with them."""
        packets, spec, writer = self._waiting, self._decoder.spec, self._writer
        self._waiting = []
        indices = np.concatenate([np.empty((0, len(spec.symbols)), np.int32), *(p.blocks.indices for p in packets)])
        present = np.concatenate([np.empty((0, spec.spikes), np.bool_), *(p.blocks.present for p in packets)])
        counts = np.array([p.header.count for p in packets], np.int64)
        tags = np.repeat(np.array([p.header.tag for p in packets], np.uint16), counts)
        if self._adc is None:
            writer.append("latents", self._of_points(tags, lambda rows, tag: self._decoder.latents(indices[rows], tag)))
        else:
            adc = self._adc
            waveforms = self._of_points(tags, lambda rows, tag: self._decoder.waveforms(indices[rows], adc, tag))
            waveforms[~present] = np.nan
            writer.append("snippets", waveforms)
        writer.append("indices", indices)
        writer.append("present", present)
        writer.append("tags", tags)
        writer.append("packets", np.repeat(np.array([p.header.sequence for p in packets], np.uint16), counts))
        self._write_events(packets, len(indices))

    def _of_points(
        self, tags: NDArray[np.uint16], decode: Callable[[NDArray[np.bool_], int], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """What ``decode`` makes of the rows of each tag, in the order of the rows."""
        points = np.unique(tags).tolist() or [self._decoder.spec.tag]
        parts = [decode(tags == tag, tag) for tag in points]
        whole = np.empty((len(tags), *parts[0].shape[1:]), np.float32)
        for tag, part in zip(points, parts, strict=True):
            whole[tags == tag] = part
        return whole

    def _write_events(self, packets: list[CodedPacket], blocks: int) -> None:
        if self._sidecar is None and packets:
            self._sidecar = packets[0].header.sidecar
        per_spike = self._sidecar is Sidecar.SPIKE
        channels = np.full(blocks, NONE, np.int64)
        times = np.full((blocks, self._decoder.spec.spikes) if per_spike else blocks, NONE, np.int64)
        first = 0
        for packet in packets:
            rows, events = slice(first, first + packet.header.count), packet.blocks.events
            first = rows.stop
            if events is None:
                continue
            channels[rows] = events.channels
            if per_spike and events.times.size == np.count_nonzero(packet.blocks.present):
                times[rows][packet.blocks.present] = events.times
            elif self._sidecar is Sidecar.BLOCK and events.times.size == packet.header.count:
                times[rows] = events.times
            else:
                self.without_times += packet.header.count
        if self._sidecar not in (None, Sidecar.NONE):
            self._writer.append("channels", channels)
            self._writer.append("times", times)

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        self._writer.__exit__(kind, error, trace)


def is_decoded(path: Path) -> bool:
    """Whether a file is one that :class:`DecodedFile` wrote; an empty one could become one."""
    if not path.stat().st_size:
        return True
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist()) >= SIGNS
    except zipfile.BadZipFile:
        return False
