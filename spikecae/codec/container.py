"""The file format ``.scae``: a header that says what was encoded how, then packets (``docs/codec.md``)."""

import struct
import zlib
from typing import Annotated, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spikecae.design import Adc
from spikecae.spec import EncoderSpec

__all__ = ["ContainerError", "FileHeader", "file_header", "read_header", "write_header"]

MAGIC = b"\x8aSCAE\r\n\x1a"
"""Not text in its first byte; a transfer that changes line ends or stops at the end of a text shows in its last."""
PREFIX = struct.Struct(">8sII")
"""Magic, length of the header in bytes, its CRC-32."""
LONGEST_HEADER = 1 << 16


class ContainerError(ValueError):
    """A file whose header cannot be read; nothing of what follows it can be relied on."""


class FileHeader(BaseModel):
    """What a decoder must know that packets do not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    design: str
    spec_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the encoder spec that the packets were made with."""
    spikes: Annotated[int, Field(ge=1)]
    """M, snippets of a block."""
    samples: Annotated[int, Field(ge=1)]
    """D, samples of a snippet."""
    adc: Adc
    """How samples in ``unit`` became codes."""
    unit: str
    """Of a sample: the recording's unit, or ``ADC step``."""


def file_header(spec: EncoderSpec, adc: Adc, unit: str) -> FileHeader:
    """The header of a file that this encoder makes.

    Raises:
        ValueError: the encoder was made for a converter of other width.
    """
    if adc.bits != spec.adc_bits:
        raise ValueError(f"the converter has {adc.bits} bits, the spec of {spec.design!r} takes {spec.adc_bits}")
    return FileHeader(
        design=spec.design, spec_hash=spec.hash, spikes=spec.spikes, samples=spec.samples, adc=adc, unit=unit
    )


def write_header(file: BinaryIO, header: FileHeader) -> None:
    """Write what a file begins with; packets may follow."""
    body = header.model_dump_json().encode()
    file.write(PREFIX.pack(MAGIC, len(body), zlib.crc32(body)) + body)


def read_header(file: BinaryIO) -> FileHeader:
    """Read a file's header; ``file`` is then at its first packet.

    Raises:
        ContainerError: it is no such file, or its header is damaged or of another version.
    """
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
        return FileHeader.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "header"
        raise ContainerError(f"header of another version: {where}: {fault['msg']}") from None
