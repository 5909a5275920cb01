"""Packets on the wire: framing, checksums, and a reader that finds its way back after any damage.

The standard is ``docs/bitstream.md``; all fields are big-endian. What a payload means is in
:mod:`spikecae.bitstream.payload`.
"""

import binascii
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from spikecae.errors import InputError

__all__ = [
    "HEADER_BYTES",
    "MAX_COUNT",
    "MAX_PAYLOAD",
    "OVERHEAD_BYTES",
    "SYNC",
    "VERSION",
    "Gap",
    "Header",
    "Packet",
    "PacketReader",
    "Sidecar",
    "checked_bytes",
    "crc8",
    "crc16",
    "frame",
]

SYNC = b"\x5c\xae"
VERSION = 1
HEADER_BYTES = 11
TRAILER_BYTES = 2
OVERHEAD_BYTES = HEADER_BYTES + TRAILER_BYTES
MAX_COUNT = 255
MAX_PAYLOAD = 4080
"""Longest payload, in bytes: up to 4093 bytes a packet's CRC-16 finds every error of up to 3 bits, and the
transmitter's store-and-forward buffer is 4 KiB."""
SEQUENCES = 1 << 16
CRC8_POLYNOMIAL = 0x2F


class Sidecar(IntEnum):
    """For what a packet's sidecar holds a channel and a time."""

    NONE = 0
    BLOCK = 1
    SPIKE = 2


@dataclass(frozen=True)
class Header:
    """Fields of a packet's header.

    Raises:
        ValueError: a field does not fit, or the fields contradict each other; then there is no such packet.
    """

    sequence: int
    """Counts packets, modulo 65536."""
    tag: int
    """First 16 bits of the encoder spec's hash."""
    count: int
    """Blocks, or snippets of a raw packet, 1..255."""
    length: int
    """Payload in bytes."""
    missing: int = 0
    """Spikes that the last block lacks of its M, 0..15."""
    raw: bool = False
    """The payload is un-encoded 16-bit snippets."""
    sidecar: Sidecar = Sidecar.NONE

    def __post_init__(self) -> None:
        limits = {
            "sequence": (0, SEQUENCES - 1),
            "tag": (0, 0xFFFF),
            "count": (1, MAX_COUNT),
            "length": (1, MAX_PAYLOAD),
            "missing": (0, 15),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"packet {name} = {getattr(self, name)} must lie in {low}..{high}")
        if self.raw and (self.missing or self.sidecar is Sidecar.BLOCK):
            raise ValueError("a raw packet counts snippets: it has no missing spikes, and a sidecar per spike or none")

    def to_bytes(self) -> bytes:
        """The 11 bytes of the header, sync and CRC-8 included."""
        fields = b"".join(
            (
                SYNC,
                bytes([VERSION << 4 | self.sidecar << 1 | self.raw]),
                self.sequence.to_bytes(2, "big"),
                self.tag.to_bytes(2, "big"),
                bytes([self.count]),
                (self.missing << 12 | self.length).to_bytes(2, "big"),
            )
        )
        return fields + bytes([crc8(fields)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """The header in ``data`` (11 bytes), or None where there is none of this version."""
        if data[:2] != SYNC or crc8(data[: HEADER_BYTES - 1]) != data[HEADER_BYTES - 1]:
            return None
        if data[2] >> 3 != VERSION << 1:
            return None
        size = int.from_bytes(data[8:10], "big")
        try:
            return cls(
                sequence=int.from_bytes(data[3:5], "big"),
                tag=int.from_bytes(data[5:7], "big"),
                count=data[7],
                length=size & 0xFFF,
                missing=size >> 12,
                raw=bool(data[2] & 1),
                sidecar=Sidecar(data[2] >> 1 & 3),
            )
        except ValueError:
            return None


@dataclass(frozen=True)
class Packet:
    """A packet whose checksums hold. ``late`` says that its sequence number lies behind one read before: a repeat."""

    header: Header
    payload: bytes
    late: bool = False


@dataclass(frozen=True)
class Gap:
    """``count`` packets never came, numbered from ``first`` on (modulo 65536)."""

    first: int
    count: int


def checked_bytes(data: object, name: str) -> bytes:
    """``data``, if it is bytes and nothing that merely could be turned into some.

    Raises:
        InputError: it is something else, called ``name``.
    """
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if isinstance(data, memoryview) and (data.itemsize, data.ndim) == (1, 1):
        return bytes(data)
    kind = "None" if data is None else f"of the type {type(data).__name__}"
    raise InputError(f"{name} are {kind}, and must be bytes; of an array that holds bytes, give its tobytes()")


def crc8(data: bytes) -> int:
    """CRC-8/AUTOSAR: polynomial 0x2F, initially 0xFF, no reflection, inverted at the end."""
    value = 0xFF
    for byte in data:
        value = _CRC8[value ^ byte]
    return value ^ 0xFF


def crc16(data: bytes) -> int:
    """CRC-16/IBM-3740: polynomial 0x1021, initially 0xFFFF, no reflection."""
    return binascii.crc_hqx(data, 0xFFFF)


def _crc8_entry(value: int) -> int:
    for _ in range(8):
        value = (value << 1) ^ (CRC8_POLYNOMIAL if value & 0x80 else 0)
    return value & 0xFF


_CRC8 = [_crc8_entry(value) for value in range(256)]


def frame(header: Header, payload: bytes) -> bytes:
    """A packet's bytes.

    Raises:
        ValueError: the payload is not as long as the header says.
    """
    if len(payload) != header.length:
        raise ValueError(f"payload has {len(payload)} bytes, its header says {header.length}")
    body = header.to_bytes() + payload
    return body + crc16(body).to_bytes(TRAILER_BYTES, "big")


class PacketReader:
    """Packets out of a stream of bytes that may begin anywhere and be damaged anywhere.

    Never raises on bytes, whatever they are. Holds at most one packet (4093 bytes) and what it is fed at a time.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._next: int | None = None
        self.bytes_read = 0
        """Bytes taken in, those waiting for the rest of their packet included."""
        self.bytes_skipped = 0
        """Bytes that belonged to no valid packet."""
        self.rejected = 0
        """Valid headers whose packet failed its CRC-16."""

    def feed(self, data: bytes) -> list[Packet | Gap]:
        """Take ``data`` in; return the packets that it completes, and the gaps before them.

        Raises:
            InputError: it is no bytes. None of it has been taken.
        """
        data = checked_bytes(data, "data")
        self.bytes_read += len(data)
        self._buffer += data
        return self._scan(final=False)

    def close(self) -> list[Packet | Gap]:
        """End of the stream: search what is left for packets behind a header that was none."""
        return self._scan(final=True)

    def _scan(self, *, final: bool) -> list[Packet | Gap]:
        found: list[Packet | Gap] = []
        buffer, at, taken = self._buffer, 0, 0
        while (at := self._sync(at, final=final)) + HEADER_BYTES <= len(buffer):
            header = Header.from_bytes(bytes(buffer[at : at + HEADER_BYTES]))
            if header is None:
                at += 1
                continue
            end = at + OVERHEAD_BYTES + header.length
            if end > len(buffer):
                if not final:
                    break
                at += 1
                continue
            body = bytes(buffer[at : end - TRAILER_BYTES])
            if crc16(body) != int.from_bytes(buffer[end - TRAILER_BYTES : end], "big"):
                self.rejected += 1
                at += 1
                continue
            found += self._number(header, body[HEADER_BYTES:])
            taken += end - at
            at = end
        if final:
            at = len(buffer)
        del buffer[:at]
        self.bytes_skipped += at - taken
        return found

    def _sync(self, at: int, *, final: bool) -> int:
        """Where the next sync word starts, or might start with bytes still to come."""
        found = self._buffer.find(SYNC, at)
        if found >= 0:
            return found
        end = len(self._buffer)
        return end - 1 if not final and end > at and self._buffer[-1] == SYNC[0] else end

    def _number(self, header: Header, payload: bytes) -> list[Packet | Gap]:
        ahead = 0 if self._next is None else (header.sequence - self._next) % SEQUENCES
        if ahead >= SEQUENCES // 2:
            return [Packet(header, payload, late=True)]
        before = [Gap((header.sequence - ahead) % SEQUENCES, ahead)] if ahead else []
        self._next = (header.sequence + 1) % SEQUENCES
        return [*before, Packet(header, payload)]
