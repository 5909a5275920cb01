"""What a stream of packets decodes to, as arrays in an ``.npz``."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from spikecae.bitstream.packets import Sidecar
from spikecae.codec import DECODED_AT_A_TIME, CodedPacket, Decoder, RawPacket
from spikecae.codec.arrays import ArrayWriter
from spikecae.design import Adc

__all__ = ["DecodedFile"]

NONE = -1
"""Channel or time of a block or spike that has none."""


class DecodedFile:
    """Writes packets as they arrive; the file is there when the ``with`` block ends well.

    Args:
        path: the file.
        decoder: decodes the indices.
        adc: the converter that samples went through; None writes latents in place of waveforms.
    """

    def __init__(self, path: Path, decoder: Decoder, adc: Adc | None) -> None:
        self._decoder, self._adc = decoder, adc
        self._writer = ArrayWriter(path)
        self._waiting: list[CodedPacket] = []
        self._sidecar: Sidecar | None = None

    def add(self, item: object) -> None:
        """Take a packet; anything else is not of the file."""
        if isinstance(item, CodedPacket):
            self._waiting.append(item)
            if sum(packet.header.count for packet in self._waiting) >= DECODED_AT_A_TIME:
                self._write()
        elif isinstance(item, RawPacket) and item.snippets.shape[1] == self._decoder.spec.samples:
            self._writer.append("raw_snippets", item.snippets)

    def _write(self) -> None:
        packets, spec, writer = self._waiting, self._decoder.spec, self._writer
        self._waiting = []
        indices = np.concatenate([np.empty((0, len(spec.table_of)), np.int32), *(p.blocks.indices for p in packets)])
        present = np.concatenate([np.empty((0, spec.spikes), np.bool_), *(p.blocks.present for p in packets)])
        if self._adc is None:
            writer.append("latents", self._decoder.latents(indices))
        else:
            waveforms = self._decoder.waveforms(indices, self._adc)
            waveforms[~present] = np.nan
            writer.append("snippets", waveforms)
        writer.append("indices", indices)
        writer.append("present", present)
        for packet in packets:
            writer.append("packets", np.full(packet.header.count, packet.header.sequence, np.uint16))
            self._write_events(packet)

    def _write_events(self, packet: CodedPacket) -> None:
        if self._sidecar is None:
            self._sidecar = packet.header.sidecar
        if self._sidecar is Sidecar.NONE:
            return
        count, events, present = packet.header.count, packet.blocks.events, packet.blocks.present
        channels = np.full(count, NONE, np.int64)
        times = np.full(present.shape if self._sidecar is Sidecar.SPIKE else count, NONE, np.int64)
        if events is not None and packet.header.sidecar is self._sidecar:
            channels[:] = events.channels
            if self._sidecar is Sidecar.SPIKE:
                times[present] = events.times
            else:
                times[:] = events.times
        self._writer.append("channels", channels)
        self._writer.append("times", times)

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write()
        self._writer.__exit__(kind, error, trace)
