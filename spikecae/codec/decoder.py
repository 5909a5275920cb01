"""The decoder on the host: packets, as they come over a link, to blocks and waveforms.

A stream: feed any number of bytes, again and again; memory stays bounded.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import Gap, Header, Packet, PacketReader
from spikecae.bitstream.payload import Blocks, PayloadError, read_blocks, read_snippets
from spikecae.codec.blocks import checked_indices, whole_number
from spikecae.codec.container import check_lsb
from spikecae.codec.decoder_network import DecoderNetwork
from spikecae.codec.repeats import Repeats
from spikecae.codec.spec_folder import load_codec_spec, network_in
from spikecae.codec.times import TimeReceiver
from spikecae.design import Adc
from spikecae.errors import InputError
from spikecae.front_end.adc import codes_to_units
from spikecae.spec import EncoderSpec

__all__ = ["DECODED_AT_A_TIME", "CodedPacket", "Decoder", "LinkReport", "RawPacket", "Refused"]

DECODED_AT_A_TIME = 64
"""Blocks. ONNX Runtime gains nothing from more."""


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

    Args:
        spec: of the encoder that sends.
        network: file of the decoder network; opened when waveforms are first asked for.
        epoch: the encoder's; times are then those that it was given, however long, as long as less than 2**31 samples
            are lost in a row. None: they are as packets carry them, modulo 2**32.

    Raises:
        InputError: ``epoch`` is no integer.
    """

    def __init__(self, spec: EncoderSpec, network: str | os.PathLike[str], epoch: int | None = None) -> None:
        self.spec = spec
        self.report = LinkReport()
        self._times = None if epoch is None else TimeReceiver(whole_number(epoch, "epoch"))
        self._network_path = Path(network)
        self._reader = PacketReader()
        self._repeats = Repeats()

    @classmethod
    def from_spec(
        cls, folder: str | os.PathLike[str], network: str | os.PathLike[str] | None = None, epoch: int | None = None
    ) -> Self:
        """A decoder for the spec in ``folder``, with the network there (``decoder.onnx``) or another.

        Raises:
            FileNotFoundError: there is no spec.
            SpecError: it is damaged.
            InputError: ``folder`` is a file, or ``epoch`` no integer.
        """
        return cls(load_codec_spec(folder), network or network_in(folder), epoch)

    def feed(self, data: bytes) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """Take bytes in; the packets that they complete, and the gaps between them.

        Raises:
            InputError: ``data`` is no bytes, but text, an array or a list. None of it has been taken.
        """
        return self._judge(self._reader.feed(data))

    def close(self) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """End of the stream: the packets that a false header had hidden."""
        return self._judge(self._reader.close())

    def latents(self, indices: NDArray[np.integer]) -> NDArray[np.float32]:
        """Latents (n, N, T) of indices (n, S): integers times a power of two.

        Raises:
            InputError: these are not S indices a block, or an index is none that packets of this spec have.
        """
        spec, shape = self.spec, (self.spec.latents.channels, self.spec.latents.samples)
        indices = checked_indices(indices, spec)
        return spec.quantizer.dequantize(indices, shape[0] * shape[1]).reshape(len(indices), *shape)

    def waveforms(self, indices: NDArray[np.integer], adc: Adc) -> NDArray[np.float32]:
        """Snippets (n, M, D) in recording units, the converter's and the normalization's work undone.

        Raises:
            InputError: these are not S indices a block, or an index is none that packets of this spec have; or ``adc``
                is not the converter of this spec.
            DecoderNetworkError: ONNX Runtime or the network is missing, or the network is of another design.
        """
        spec = self.spec
        indices = checked_indices(indices, spec)
        _check_adc(adc, spec)
        waveforms = np.empty((len(indices), spec.spikes, spec.samples), np.float32)
        for first in range(0, len(indices), DECODED_AT_A_TIME):
            part = slice(first, first + DECODED_AT_A_TIME)
            normalized = self.network.run(self.latents(indices[part]))
            waveforms[part] = codes_to_units(spec.source.undo(normalized), adc)
        return waveforms

    @cached_property
    def network(self) -> DecoderNetwork:
        """The decoder network."""
        return DecoderNetwork(self._network_path, self.spec)

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
                blocks = read_blocks(self.spec, packet)
                self.report.blocks += len(blocks.indices)
                decoded = CodedPacket(packet.header, blocks, packet.late)
        except PayloadError as error:
            self.report.refused += 1
            return Refused(packet.header, str(error))
        self.report.packets += 1
        return decoded


def _check_adc(adc: object, spec: EncoderSpec) -> None:
    if not isinstance(adc, Adc):
        raise InputError(f"adc = {adc!r} is no converter; give a spikecae.design.Adc, such as a file's header.adc")
    if adc.bits != spec.adc_bits:
        raise InputError(
            f"adc has {adc.bits} bits, and the spec of {spec.design!r} takes {spec.adc_bits}; give the converter that "
            f"the codes are of"
        )
    try:
        check_lsb(adc.lsb)
    except ValueError as error:
        raise InputError(f"adc.lsb: {error}; give the recording's units per step") from None


def _times_in(items: list[CodedPacket | RawPacket | Refused | Gap]) -> Iterator[NDArray[np.int64]]:
    """The times of all packets that have some."""
    for item in items:
        events = item.blocks.events if isinstance(item, CodedPacket) else getattr(item, "events", None)
        if events is not None:
            yield events.times
