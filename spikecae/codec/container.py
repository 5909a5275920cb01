"""The file format ``.scae`` (``docs/codec.md``): a header that says what was encoded how, packets, an end record."""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from spikecae.bitstream.packets import OVERHEAD_BYTES
from spikecae.design import Adc
from spikecae.errors import InputError, fault_sentence
from spikecae.spec import EncoderSpec

__all__ = [
    "ContainerError",
    "ContainerReader",
    "ContainerWriter",
    "End",
    "FileHeader",
    "file_header",
    "is_container",
    "read_header",
    "write_header",
]

MAGIC = b"\x8aSCAE\r\n\x1a"
"""Not text in its first byte; a transfer that changes line ends or stops at the end of a text shows in its last."""
PREFIX = struct.Struct(">8sII")
"""Magic, length of the header in bytes, its CRC-32."""
LONGEST_HEADER = 1 << 16
END_MAGIC = b"\x8aSCAEEND"
END = struct.Struct(">8sQQQQII")
"""Magic, packets, blocks, raw snippets, bytes of packets, CRC-32 of these, CRC-32 of the end record before it."""
READ_AT_A_TIME = 1 << 16
"""Bytes of packets."""
LONGEST_NAME = 1000


class ContainerError(InputError):
    """A file whose header cannot be read; nothing of what follows it can be relied on."""


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must consist of printable characters")
    return name


def _finite(adc: Adc) -> Adc:
    if not math.isfinite(adc.lsb):
        raise ValueError("lsb must be finite")
    return adc


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_printable)]


class FileHeader(BaseModel):
    """What a decoder must know that packets do not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1, 2] = 2
    """1: without an end record; ``blocks`` and ``epoch`` are not known."""
    design: Name
    spec_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the encoder spec that the packets were made with."""
    spikes: Annotated[int, Field(ge=1)]
    """M, snippets of a block."""
    samples: Annotated[int, Field(ge=1)]
    """D, samples of a snippet."""
    adc: Annotated[Adc, AfterValidator(_finite)]
    """How samples in ``unit`` became codes."""
    unit: Name
    """Of a sample: the recording's unit, or ``ADC step``."""
    blocks: Annotated[int | None, Field(ge=0)] = None
    """How many blocks follow, where that is known before they are encoded."""
    epoch: Annotated[int | None, Field(ge=0, lt=1 << 63)] = None
    """From which times count on where packets' 32 bits wrap; None: they are as packets carry them."""


@dataclass(frozen=True)
class End:
    """What the end record tells of all that was written before it."""

    packets: int
    blocks: int
    snippets: int
    """Un-encoded ones, of raw packets."""
    size: int
    """Bytes of packets."""
    crc: int
    """CRC-32 of these bytes."""

    def to_bytes(self) -> bytes:
        """The end record."""
        body = END.pack(END_MAGIC, self.packets, self.blocks, self.snippets, self.size, self.crc, 0)[:-4]
        return body + zlib.crc32(body).to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """The end record in ``data`` (48 bytes), or None where there is none."""
        if len(data) != END.size or not data.startswith(END_MAGIC):
            return None
        _, *fields, checksum = END.unpack(data)
        return cls(*fields) if checksum == zlib.crc32(data[:-4]) else None


def file_header(
    spec: EncoderSpec, adc: Adc, unit: str, *, blocks: int | None = None, epoch: int | None = None
) -> FileHeader:
    """The header of a file that this encoder makes.

    Raises:
        InputError: the encoder was made for a converter of other width, or a name or number is none for a header.
    """
    if adc.bits != spec.adc_bits:
        raise InputError(f"the converter has {adc.bits} bits, the spec of {spec.design!r} takes {spec.adc_bits}")
    try:
        return FileHeader(
            design=spec.design,
            spec_hash=spec.hash,
            spikes=spec.spikes,
            samples=spec.samples,
            adc=adc,
            unit=unit,
            blocks=blocks,
            epoch=epoch,
        )
    except ValidationError as error:
        raise InputError(f"header of the file: {fault_sentence(error.errors()[0])}") from None


def write_header(file: BinaryIO, header: FileHeader) -> None:
    """Write what a file begins with; packets may follow."""
    body = header.model_dump_json().encode()
    file.write(PREFIX.pack(MAGIC, len(body), zlib.crc32(body)) + body)


def read_header(file: BinaryIO) -> FileHeader:
    """Read a file's header; ``file`` is then at its first packet.

    Raises:
        ContainerError: it is no such file, or its header is damaged or of another version.
    """
    return _read_header(file)[0]


def _read_header(file: BinaryIO) -> tuple[FileHeader, int]:
    """The header, and its bytes with what is before it."""
    prefix = file.read(PREFIX.size)
    if len(prefix) < PREFIX.size or not prefix.startswith(MAGIC):
        raise ContainerError("no .scae file: it does not begin with the signature of one")
    _, length, checksum = PREFIX.unpack(prefix)
    if length > LONGEST_HEADER:
        raise ContainerError(f"damaged header: it claims {length} bytes, {LONGEST_HEADER} at most")
    body = file.read(length)
    if len(body) < length or zlib.crc32(body) != checksum:
        raise ContainerError("damaged header: its checksum does not hold")
    try:
        return FileHeader.model_validate_json(body), PREFIX.size + length
    except ValidationError as error:
        raise ContainerError(f"header of another version: {fault_sentence(error.errors()[0])}") from None


def is_container(path: Path) -> bool:
    """Whether a file is a ``.scae`` file, whole or not; an empty one could become one."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) in (MAGIC, b"")


class ContainerWriter:
    """Writes a file's header, packets as they come, and when closed the end record that says how many there were."""

    def __init__(self, file: BinaryIO, header: FileHeader) -> None:
        self._file = file
        self._packets = self._blocks = self._snippets = self._size = self._crc = 0
        write_header(file, header)

    def write(self, packets: bytes) -> None:
        """Write whole packets, as :meth:`spikecae.codec.encoder.Encoder.encode` returns them.

        Raises:
            InputError: they are not whole.
        """
        at = 0
        while at + OVERHEAD_BYTES <= len(packets):
            if packets[at + 2] & 1:
                self._snippets += packets[at + 7]
            else:
                self._blocks += packets[at + 7]
            self._packets += 1
            at += OVERHEAD_BYTES + (int.from_bytes(packets[at + 8 : at + 10], "big") & 0xFFF)
        if at != len(packets):
            raise InputError(f"{len(packets)} bytes are not whole packets; write what encode and flush return")
        self._size += len(packets)
        self._crc = zlib.crc32(packets, self._crc)
        self._file.write(packets)

    def close(self) -> End:
        """Write the end record, and tell what it says."""
        end = End(self._packets, self._blocks, self._snippets, self._size, self._crc)
        self._file.write(end.to_bytes())
        return end


class ContainerReader:
    """Reads a file's header, then its packets piece by piece, and the end record behind them.

    Attributes:
        header: the header.
        size: bytes of the file that were read so far.
        end: the end record, after the last piece; None if the file has none where it ends.
        intact: whether the pieces were, bit for bit, what the end record tells of.

    Raises:
        ContainerError: the header cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.header, self.size = _read_header(file)
        self.end: End | None = None
        self.intact = False

    def pieces(self) -> Iterator[bytes]:
        """The bytes between header and end record."""
        held, size, crc = b"", 0, 0
        while data := self._file.read(READ_AT_A_TIME):
            self.size += len(data)
            held += data
            piece, held = held[: -END.size], held[-END.size :]
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            yield piece
        self.end = End.from_bytes(held) if self.header.schema_version > 1 else None
        if self.end is None:
            yield held
        else:
            self.intact = (size, crc) == (self.end.size, self.end.crc)
