"""The decoder on the host: packets, as they come over a link, to blocks and waveforms.

A stream: feed any number of bytes, again and again; memory stays bounded.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import Gap, Header, Packet, PacketReader
from spikecae.bitstream.payload import Blocks, PayloadError, read_blocks, read_snippets
from spikecae.codec.blocks import whole_number
from spikecae.codec.point_decoder import PointDecoder
from spikecae.codec.repeats import Repeats
from spikecae.codec.spec_folder import load_codec_points, network_in
from spikecae.codec.times import TimeReceiver
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.spec import EncoderSpec
from spikecae.spec.operating_points import check_operating_points

__all__ = ["CodedPacket", "Decoder", "LinkReport", "RawPacket", "Refused"]


@dataclass(frozen=True, eq=False)
class CodedPacket:
    """A packet of coded blocks. ``late``: its number lies behind one read before, as after the transmitter's reset."""

    header: Header
    blocks: Blocks
    late: bool


@dataclass(frozen=True, eq=False)
class RawPacket:
    """A packet of un-encoded snippets (n, D)."""

    header: Header
    snippets: NDArray[np.int16]
    events: Events | None
    late: bool


@dataclass(frozen=True)
class Refused:
    """A packet whose checksums hold, but that this spec cannot have made, and why."""

    header: Header
    reason: str


@dataclass
class LinkReport:
    """What came over the link so far."""

    packets: int = 0
    """Decoded, coded and raw."""
    blocks: int = 0
    """Coded blocks in them."""
    snippets: int = 0
    """Un-encoded snippets in them."""
    lost: int = 0
    """Packets that their neighbours' numbers tell of, and that did not come."""
    repeated: int = 0
    """Packets that came again, and were dropped."""
    refused: int = 0
    """Packets that this spec cannot have made."""
    damaged: int = 0
    """Headers whose packet failed its checksum."""
    bytes_read: int = 0
    bytes_skipped: int = 0
    """Bytes in no valid packet."""


class Decoder:
    """Blocks out of a stream of packets that may begin anywhere and be damaged anywhere. Never raises on bytes.

    Packets may be of several operating points of a chip, in any mixture: their headers' tags tell.

    Args:
        spec: of the encoder that sends; of a chip, operating point 0.
        network: file of the decoder network; opened when waveforms are first asked for.
        epoch: the encoder's; times are then those that it was given, however long, as long as less than 2**31 samples
            are lost in a row. None: they are as packets carry them, modulo 2**32.

        further: the chip's other points, each with the file of its network.

    Raises:
        InputError: ``epoch`` is no integer.
        SpecError: the points are not of one chip.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        network: str | os.PathLike[str],
        epoch: int | None = None,
        further: Sequence[tuple[EncoderSpec, str | os.PathLike[str]]] = (),
    ) -> None:
        points = [(spec, network), *further]
        check_operating_points([point for point, _ in points])
        self.spec = spec
        self.report = LinkReport()
        self._times = None if epoch is None else TimeReceiver(whole_number(epoch, "epoch"))
        self._points = {point.tag: PointDecoder(point, Path(path)) for point, path in points}
        self._reader = PacketReader()
        self._repeats = Repeats()

    @classmethod
    def from_spec(
        cls, folder: str | os.PathLike[str], network: str | os.PathLike[str] | None = None, epoch: int | None = None
    ) -> Self:
        """A decoder for the spec in ``folder``, with the network there (``decoder.onnx``) or another, and for those of
        the chip's further operating points below it.

        Raises:
            FileNotFoundError: there is no spec.
            SpecError: it is damaged.
            InputError: ``folder`` is a file, or ``epoch`` no integer.
        """
        (spec, own), *further = load_codec_points(folder)
        return cls(spec, network or network_in(own), epoch, [(point, network_in(path)) for point, path in further])

    def feed(self, data: bytes) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """Take bytes in; the packets that they complete, and the gaps between them.

        Raises:
            InputError: ``data`` is no bytes, but text, an array or a list. None of it has been taken.
        """
        return self._judge(self._reader.feed(data))

    def close(self) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """End of the stream: the packets that a false header had hidden."""
        return self._judge(self._reader.close())

    def latents(self, indices: NDArray[np.integer], tag: int | None = None) -> NDArray[np.float32]:
        """Latents (n, N, T) of indices (n, S): integers times a power of two.

        Args:
            indices: of packets of one operating point.
            tag: that of the point, as the packets' headers have it; None for point 0.

        Raises:
            InputError: these are not S indices a block, an index is none that packets of this point have, or no point
                has this tag.
        """
        return self._point(tag).latents(indices)

    def waveforms(self, indices: NDArray[np.integer], adc: Adc, tag: int | None = None) -> NDArray[np.float32]:
        """Snippets (n, M, D) in recording units, the converter's and the normalization's work undone.

        Args:
            indices: of packets of one operating point.
            adc: the converter.
            tag: that of the point, as the packets' headers have it; None for point 0.

        Raises:
            InputError: as for :meth:`latents`; or ``adc`` is not the converter of this spec.
            DecoderNetworkError: ONNX Runtime or the network is missing, or the network is of another design.
        """
        return self._point(tag).waveforms(indices, adc)

    def _point(self, tag: int | None) -> PointDecoder:
        point = self._points.get(self.spec.tag if tag is None else tag)
        if point is None:
            known = ", ".join(f"{known:04x}" for known in self._points)
            raise InputError(f"tag = {tag!r} is of no operating point; this decoder knows {known}")
        return point

    def _judge(self, found: list[Packet | Gap]) -> list[CodedPacket | RawPacket | Refused | Gap]:
        report, judged = self.report, list[CodedPacket | RawPacket | Refused | Gap]()
        for item in found:
            if isinstance(item, Gap):
                report.lost += item.count
                judged.append(item)
                continue
            if self._repeats.has(item):
                report.repeated += 1
                continue
            judged.append(self._decode(item))
        if self._times is not None:
            self._times.count_on(list(_times_in(judged)))
        report.bytes_read, report.bytes_skipped = self._reader.bytes_read, self._reader.bytes_skipped
        report.damaged = self._reader.rejected
        return judged

    def _decode(self, packet: Packet) -> CodedPacket | RawPacket | Refused:
        try:
            if packet.header.raw:
                snippets, events = read_snippets(packet)
                if snippets.shape[1] != self.spec.samples:
                    raise PayloadError(
                        f"packet {packet.header.sequence}: raw snippets of {snippets.shape[1]} samples, "
                        f"{self.spec.design!r} has {self.spec.samples}"
                    )
                self.report.snippets += len(snippets)
                decoded: CodedPacket | RawPacket = RawPacket(packet.header, snippets, events, packet.late)
            else:
                point = self._points.get(packet.header.tag)
                blocks = read_blocks(self.spec if point is None else point.spec, packet)
                self.report.blocks += len(blocks.indices)
                decoded = CodedPacket(packet.header, blocks, packet.late)
        except PayloadError as error:
            self.report.refused += 1
            return Refused(packet.header, str(error))
        self.report.packets += 1
        return decoded


def _times_in(items: list[CodedPacket | RawPacket | Refused | Gap]) -> Iterator[NDArray[np.int64]]:
    """The times of all packets that have some."""
    for item in items:
        events = item.blocks.events if isinstance(item, CodedPacket) else getattr(item, "events", None)
        if events is not None:
            yield events.times
