"""The codec on the host: ADC codes to packets, bit for bit the hardware's, and packets back to waveforms.

Both directions are streams: feed any number of blocks, or of bytes, again and again; memory stays bounded.
"""

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikecae.bitstream.events import Events, sidecar_of
from spikecae.bitstream.packets import HEADER_BYTES, SEQUENCES, Gap, Header, Packet, PacketReader, Sidecar
from spikecae.bitstream.payload import Blocks, PayloadError, read_blocks, read_snippets, write_blocks
from spikecae.codec.decoder_network import DecoderNetwork
from spikecae.design import Adc
from spikecae.front_end.adc import codes_to_units
from spikecae.golden import Golden
from spikecae.spec import EncoderSpec, load_spec

__all__ = [
    "BLOCKS_PER_PACKET",
    "CodedPacket",
    "Decoder",
    "Encoder",
    "LinkReport",
    "RawPacket",
    "Refused",
]

BLOCKS_PER_PACKET = 16
"""Framing then costs about 1 bit per index (16 features); more saves little and loses more with a packet."""
ENCODED_AT_A_TIME = 2048
"""Blocks. What the encoder holds of them is some 10 MB."""
DECODED_AT_A_TIME = 64
"""Blocks. ONNX Runtime gains nothing from more."""
REMEMBERED = 64
"""Packets in which a repeat is looked for."""


class Encoder:
    """Packets of an encoder, the same bytes however the blocks are handed over.

    Args:
        spec: the encoder.
        blocks_per_packet: 1..255.
    """

    def __init__(self, spec: EncoderSpec, blocks_per_packet: int = BLOCKS_PER_PACKET) -> None:
        self.spec = spec
        self._golden = Golden(spec)
        self._per_packet = blocks_per_packet
        self._sequence = 0
        self._waiting = _Waiting(np.empty((0, len(spec.table_of)), np.int32), None, Sidecar.NONE)

    @classmethod
    def from_spec(cls, folder: Path, blocks_per_packet: int = BLOCKS_PER_PACKET) -> Self:
        """An encoder of the spec in ``folder``.

        Raises:
            FileNotFoundError: there is none.
            SpecError: it is damaged.
        """
        return cls(load_spec(folder), blocks_per_packet)

    def encode(self, adc: NDArray[np.int16], events: Events | None = None, missing: int = 0) -> bytes:
        """Whole packets of these blocks and those before them; blocks that do not fill a packet wait for more.

        Args:
            adc: (n, M, D) ADC codes.
            events: one channel per block, one time per block or per present spike; the same kind until a flush.
            missing: spikes that the last block lacks of its M. Such a block ends its packet, so nothing waits.

        Raises:
            ValueError: shapes or numbers do not fit the spec or the packet format.
        """
        spikes = self.spec.spikes
        if not 0 <= missing < spikes:
            raise ValueError(f"missing = {missing} must lie in 0..{spikes - 1}: a block has {spikes} spikes")
        sidecar = sidecar_of(events, len(adc), len(adc) * spikes - missing)
        per_block = spikes if sidecar is Sidecar.SPIKE else 1
        sent = []
        for first in range(0, len(adc), ENCODED_AT_A_TIME):
            last = min(first + ENCODED_AT_A_TIME, len(adc))
            lacking = missing if last == len(adc) else 0
            present = np.ones((last - first, spikes), np.bool_)
            present[-1, spikes - lacking :] = False
            part = None
            if events is not None:
                part = Events(events.channels[first:last], events.times[first * per_block : last * per_block])
            indices = self._golden.indices(adc[first:last], present if lacking else None)
            self._waiting = self._waiting.then(indices, part, sidecar)
            sent += self._send(lacking, flush=lacking > 0)
        return b"".join(sent)

    def flush(self) -> bytes:
        """A last packet of the blocks that wait, if any do."""
        return b"".join(self._send(0, flush=True))

    def _send(self, missing: int, *, flush: bool) -> list[bytes]:
        waiting = self._waiting
        packets = write_blocks(
            self.spec,
            waiting.indices,
            blocks_per_packet=self._per_packet,
            events=waiting.events,
            missing=missing,
            sequence=self._sequence,
        )
        held = 0
        if packets and not flush:
            last = Header.from_bytes(packets[-1][:HEADER_BYTES])
            if last is not None and last.count < self._per_packet:
                held = last.count
                packets.pop()
        self._waiting = waiting.last(held, self.spec.spikes)
        self._sequence = (self._sequence + len(packets)) % SEQUENCES
        return packets


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Blocks on their way into a packet."""

    indices: NDArray[np.int32]
    events: Events | None
    sidecar: Sidecar

    def then(self, indices: NDArray[np.int32], events: Events | None, sidecar: Sidecar) -> "_Waiting":
        """These blocks and some more."""
        if not len(self.indices):
            return _Waiting(indices, events, sidecar)
        if sidecar is not self.sidecar:
            raise ValueError(
                f"blocks with a sidecar of kind {sidecar.name} follow blocks of kind {self.sidecar.name}; flush between"
            )
        if self.events is not None and events is not None:
            channels = np.concatenate([self.events.channels, events.channels])
            events = Events(channels, np.concatenate([self.events.times, events.times]))
        return _Waiting(np.concatenate([self.indices, indices]), events, sidecar)

    def last(self, count: int, spikes: int) -> "_Waiting":
        """The last ``count`` of them."""
        first = len(self.indices) - count
        events = self.events
        if events is not None:
            events = Events(
                events.channels[first:], events.times[first * (spikes if self.sidecar is Sidecar.SPIKE else 1) :]
            )
        return _Waiting(self.indices[first:], events, self.sidecar)


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
    """Blocks out of a stream of packets that may begin anywhere and be damaged anywhere. Never raises on its bytes.

    Args:
        spec: of the encoder that sends.
        network: file of the decoder network; opened when waveforms are first asked for.
    """

    def __init__(self, spec: EncoderSpec, network: Path) -> None:
        self.spec = spec
        self.report = LinkReport()
        self._network_path = network
        self._reader = PacketReader()
        self._recent: deque[tuple[Header, bytes]] = deque(maxlen=REMEMBERED)

    @classmethod
    def from_spec(cls, folder: Path, network: Path | None = None) -> Self:
        """A decoder for the spec in ``folder``, with the network there (``decoder.onnx``) or another.

        Raises:
            FileNotFoundError: there is no spec.
            SpecError: it is damaged.
        """
        return cls(load_spec(folder), network or folder / "decoder.onnx")

    def feed(self, data: bytes) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """Take bytes in; the packets that they complete, and the gaps between them."""
        return self._judge(self._reader.feed(data))

    def close(self) -> list[CodedPacket | RawPacket | Refused | Gap]:
        """End of the stream: the packets that a false header had hidden."""
        return self._judge(self._reader.close())

    def latents(self, indices: NDArray[np.integer]) -> NDArray[np.float32]:
        """Latents (n, N, T) of indices (n, S): integers times a power of two."""
        shape = self.spec.latents.channels, self.spec.latents.samples
        return self.spec.quantizer.dequantize(indices, shape[0] * shape[1]).reshape(len(indices), *shape)

    def waveforms(self, indices: NDArray[np.integer], adc: Adc) -> NDArray[np.float32]:
        """Snippets (n, M, D) in recording units, the converter's and the normalization's work undone.

        Raises:
            DecoderNetworkError: ONNX Runtime or the network is missing, or the network is of another design.
        """
        spec = self.spec
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
            if item.late and (item.header, item.payload) in self._recent:
                report.repeated += 1
                continue
            self._recent.append((item.header, item.payload))
            judged.append(self._decode(item))
        report.bytes_read, report.bytes_skipped = self._reader.bytes_read, self._reader.bytes_skipped
        report.damaged = self._reader.rejected
        return judged

    def _decode(self, packet: Packet) -> CodedPacket | RawPacket | Refused:
        try:
            if packet.header.raw:
                decoded: CodedPacket | RawPacket = RawPacket(packet.header, *read_snippets(packet), packet.late)
            else:
                blocks = read_blocks(self.spec, packet)
                self.report.blocks += len(blocks.indices)
                decoded = CodedPacket(packet.header, blocks, packet.late)
        except PayloadError as error:
            self.report.refused += 1
            return Refused(packet.header, str(error))
        self.report.packets += 1
        return decoded
