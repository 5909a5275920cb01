"""The file format ``.scae`` (``docs/codec.md``): a header that says what was encoded how, packets, an end record."""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from spikecae.bitstream.packets import OVERHEAD_BYTES, checked_bytes
from spikecae.design import Adc
from spikecae.errors import LONGEST_VALUE, InputError, fault_sentence
from spikecae.front_end.recorded import Recorded
from spikecae.limits import MOST_POINTS
from spikecae.spec import EncoderSpec
from spikecae.spec.encoder_spec import LIMITS
from spikecae.spec.operating_points import check_operating_points

__all__ = [
    "ContainerError",
    "ContainerReader",
    "ContainerWriter",
    "End",
    "FileHeader",
    "check_lsb",
    "check_name",
    "contradictions",
    "file_header",
    "is_container",
    "read_header",
    "write_header",
]

MAGIC = b"\x8aSCAE\r\n\x1a"
"""Not text in its first byte; a transfer that changes line ends or stops at the end of a text shows in its last."""
PREFIX = struct.Struct(">8sII")
"""Magic, length of the header in bytes, its CRC-32."""
LONGEST_HEADER = 1 << 20
"""Of 1,024 channels, all that is said of them takes 0.1 MB."""
END_MAGIC = b"\x8aSCAEEND"
END = struct.Struct(">8sQQQQII")
"""Magic, packets, blocks, raw snippets, bytes of packets, CRC-32 of these, CRC-32 of the end record before it."""
READ_AT_A_TIME = 1 << 16
"""Bytes of packets."""
LONGEST_NAME = 1000
VERSIONS = (1, 2, 3, 4)
"""Of the header."""
LOWEST_LSB, HIGHEST_LSB = 1e-12, 1e12
"""Recording units per ADC step. Far beyond any recording's, and near enough to 1 that no sample overflows."""


class ContainerError(InputError):
    """A file whose header cannot be read; nothing of what follows it can be relied on."""


def check_name(name: str) -> str:
    """``name``, which a header can hold.

    Raises:
        ValueError: it cannot.
    """
    if len(name) > LONGEST_NAME:
        raise ValueError(f"must have {LONGEST_NAME} characters at most")
    if not name.isprintable():
        raise ValueError("must consist of printable characters")
    return name


def check_lsb(lsb: float) -> float:
    """``lsb``, recording units per ADC step.

    Raises:
        ValueError: no converter's step is as small, as large, or no number.
    """
    if not LOWEST_LSB <= lsb <= HIGHEST_LSB:
        raise ValueError(f"{lsb:g} units per ADC step must lie in {LOWEST_LSB:g}..{HIGHEST_LSB:g}")
    return lsb


def _scaled(adc: Adc) -> Adc:
    check_lsb(adc.lsb)
    return adc


Name = Annotated[str, AfterValidator(check_name)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FileHeader(BaseModel):
    """What a decoder must know that packets do not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1, 2, 3, 4] = 2
    """1: without an end record; ``blocks`` and ``epoch`` are not known. 3: of several operating points; programs that
    do not know of these refuse it by this number. 4: of one point or several, with ``recording``."""
    design: Name
    spec_hash: Hash
    """SHA-256 of the encoder spec that the packets were made with."""
    further_spec_hashes: Annotated[tuple[Hash, ...], Field(max_length=MOST_POINTS - 1)] = ()
    """Of the chip's other operating points, if packets may be of these too."""
    spikes: Annotated[int, Field(ge=1, le=LIMITS["spikes"][1])]
    """M, snippets of a block."""
    samples: Annotated[int, Field(ge=1, le=LIMITS["samples"][1])]
    """D, samples of a snippet."""
    adc: Annotated[Adc, AfterValidator(_scaled)]
    """How samples in ``unit`` became codes."""
    unit: Name
    """Of a sample: the recording's unit, or ``ADC step``."""
    blocks: Annotated[int | None, Field(ge=0)] = None
    """How many blocks follow, where that is known before they are encoded."""
    epoch: Annotated[int | None, Field(ge=0, lt=1 << 63)] = None
    """From which times count on where packets' 32 bits wrap; None: they are as packets carry them."""
    recording: Recorded | None = None
    """What the spikes were found in, where that is known."""

    @model_validator(mode="after")
    def _version_is_of_points(self) -> Self:
        if self.schema_version < 4 and (self.schema_version == 3) != bool(self.further_spec_hashes):
            raise ValueError("a header has further_spec_hashes where its schema_version is 3, and only there")
        if (self.schema_version == 4) != (self.recording is not None):
            raise ValueError("a header has a recording where its schema_version is 4, and only there")
        return self

    @property
    def spec_hashes(self) -> tuple[str, ...]:
        """Of all operating points that packets may be of."""
        return (self.spec_hash, *self.further_spec_hashes)

    def to_json(self) -> bytes:
        """As a file has it: what versions before the last do not know is left out."""
        unknown = {"further_spec_hashes": self.further_spec_hashes, "recording": self.recording}
        return self.model_dump_json(exclude={name for name, value in unknown.items() if not value}).encode()


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
    spec: EncoderSpec,
    adc: Adc,
    unit: str,
    *,
    blocks: int | None = None,
    epoch: int | None = None,
    further: Sequence[EncoderSpec] = (),
    recording: Recorded | None = None,
) -> FileHeader:
    """The header of a file that this encoder makes, or a chip that has ``further`` operating points besides; perhaps
    with what is known of the ``recording``.

    Raises:
        InputError: the encoder was made for a converter of other width, or a name or number is none for a header.
        SpecError: no chip can have these points.
    """
    check_operating_points([spec, *further])
    if adc.bits != spec.adc_bits:
        raise InputError(f"the converter has {adc.bits} bits, the spec of {spec.design!r} takes {spec.adc_bits}")
    try:
        return FileHeader(
            schema_version=4 if recording else 3 if further else 2,
            design=spec.design,
            spec_hash=spec.hash,
            further_spec_hashes=tuple(point.hash for point in further),
            spikes=spec.spikes,
            samples=spec.samples,
            adc=adc,
            unit=unit,
            blocks=blocks,
            epoch=epoch,
            recording=recording,
        )
    except ValidationError as error:
        raise InputError(f"header of the file: {fault_sentence(error.errors()[0])}") from None


def write_header(file: BinaryIO, header: FileHeader) -> None:
    """Write what a file begins with; packets may follow."""
    body = header.to_json()
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
        version = _version(body)
        if version is not None and version not in VERSIONS:
            raise ContainerError(
                f"header of another version: schema_version = {version}, and this program reads 1 to {VERSIONS[-1]}; "
                f"take the version of spikecae that wrote it, or a later one"
            ) from None
        raise ContainerError(
            f"damaged or altered header: {_header_fault(error.errors()[0])}; get the file anew"
        ) from None


def _version(body: bytes) -> int | None:
    """The ``schema_version`` of a header that may be anything; None if it has none that is a positive integer."""
    try:
        header = json.loads(body)
    except (ValueError, RecursionError):
        return None
    version = header.get("schema_version") if isinstance(header, dict) else None
    return version if type(version) is int and 0 < version < 1 << 16 else None


def _header_fault(fault: Any) -> str:
    """A fault of a header that nobody is to edit."""
    key = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "extra_forbidden":
            return f"{key[:LONGEST_VALUE]!r} is no key of it"
        case "missing":
            return f"{key} is missing"
        case _:
            return fault_sentence(fault)


def contradictions(header: FileHeader, spec: EncoderSpec) -> tuple[str, ...]:
    """What a header says otherwise than the spec whose hash it has, as "key = …, but its spec says …"."""
    pairs = {
        "design": (header.design, spec.design),
        "spikes": (header.spikes, spec.spikes),
        "samples": (header.samples, spec.samples),
        "adc.bits": (header.adc.bits, spec.adc_bits),
    }
    return tuple(f"{key} = {told!r}, but its spec says {true!r}" for key, (told, true) in pairs.items() if told != true)


def is_container(path: Path) -> bool:
    """Whether a file is a ``.scae`` file, whole or not; an empty one could become one."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) in (MAGIC, b"")


class ContainerWriter:
    """Writes a file's header, packets as they come, and when closed the end record that says how many there were."""

    def __init__(self, file: BinaryIO, header: FileHeader) -> None:
        self._file = file
        self._told = header.blocks
        self._packets = self._blocks = self._snippets = self._size = self._crc = 0
        self._end: End | None = None
        write_header(file, header)

    def write(self, packets: bytes) -> None:
        """Write whole packets, as :meth:`spikecae.codec.encoder.Encoder.encode` returns them.

        Raises:
            InputError: they are not whole, or the file is closed. Nothing of them is written.
        """
        if self._end is not None:
            raise InputError(
                f"the .scae file is closed, with {self._end.packets} packets in it; write all packets before close, or "
                f"begin another file"
            )
        packets = checked_bytes(packets, "packets")
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
        """Write the end record, and tell what it says. Once closed, a file stays as it is.

        Raises:
            InputError: the header says another number of blocks than were written. The file is not closed.
        """
        if self._end is None:
            if self._told is not None and self._told != self._blocks:
                raise InputError(
                    f"the header says {self._told} blocks, and {self._blocks} were written; write them all (flush the "
                    f"encoder), or begin with a header whose blocks = None"
                )
            end = End(self._packets, self._blocks, self._snippets, self._size, self._crc)
            self._file.write(end.to_bytes())
            self._end = end
        return self._end


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
