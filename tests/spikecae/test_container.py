import io
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.codec.container import MAGIC, PREFIX, ContainerError, FileHeader, file_header, read_header, write_header
from spikecae.design import Adc
from spikecae.spec import EncoderSpec

ADC = Adc(bits=10, lsb=2.34375, signed=False)


def written(header: FileHeader) -> bytes:
    file = io.BytesIO()
    write_header(file, header)
    return file.getvalue()


def sealed(body: bytes) -> bytes:
    return PREFIX.pack(MAGIC, len(body), zlib.crc32(body)) + body


def test_header_survives_the_trip_and_packets_follow(spec: EncoderSpec) -> None:
    header = file_header(spec, ADC, "µV")
    assert (header.design, header.spec_hash, header.spikes, header.samples) == ("tiny", spec.hash, 2, 16)
    file = io.BytesIO(written(header) + b"packets")
    assert read_header(file) == header
    assert file.read() == b"packets"


def test_layout_is_the_documented_one(spec: EncoderSpec) -> None:
    data = written(file_header(spec, ADC, "uV"))
    assert data[:8] == bytes.fromhex("8a 53 43 41 45 0d 0a 1a")
    length = int.from_bytes(data[8:12], "big")
    assert len(data) == 16 + length
    assert int.from_bytes(data[12:16], "big") == zlib.crc32(data[16:])
    body = json.loads(data[16:])
    assert body["adc"] == {"bits": 10, "lsb": 2.34375, "signed": False}
    assert body["spec_hash"] == spec.hash


def test_every_damaged_or_missing_byte_is_refused(spec: EncoderSpec) -> None:
    data = written(file_header(spec, ADC, "uV"))
    for at in range(len(data)):
        for damaged in (data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :], data[:at]):
            with pytest.raises(ContainerError):
                read_header(io.BytesIO(damaged))


@given(st.binary(max_size=100))
def test_garbage_is_refused(data: bytes) -> None:
    for stream in (data, MAGIC + data, sealed(data)):
        with pytest.raises(ContainerError):
            read_header(io.BytesIO(stream))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema_version": 3}, "schema_version"),
        ({"spec_hash": "zz"}, "spec_hash"),
        ({"spikes": 0}, "spikes"),
        ({"adc": {"bits": 10, "lsb": -1.0}}, r"adc\.lsb"),
        ({"compression": "none"}, "compression"),
    ],
)
def test_a_header_of_another_version_says_what_differs(
    spec: EncoderSpec, changes: dict[str, object], reason: str
) -> None:
    body = json.loads(file_header(spec, ADC, "uV").model_dump_json()) | changes
    with pytest.raises(ContainerError, match=f"another version: {reason}"):
        read_header(io.BytesIO(sealed(json.dumps(body).encode())))


def test_nothing_is_allocated_from_a_length_unchecked() -> None:
    with pytest.raises(ContainerError, match="claims 4294967295 bytes"):
        read_header(io.BytesIO(PREFIX.pack(MAGIC, 0xFFFFFFFF, 0)))


def test_a_converter_of_another_width_is_refused(spec: EncoderSpec) -> None:
    with pytest.raises(ValueError, match=r"12 bits, the spec of 'tiny' takes 10"):
        file_header(spec, Adc(bits=12, lsb=1.0), "uV")
