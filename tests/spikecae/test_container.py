import io
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.codec import Encoder
from spikecae.codec.container import (
    END_MAGIC,
    MAGIC,
    PREFIX,
    ContainerError,
    ContainerWriter,
    FileHeader,
    file_header,
    read_header,
    write_header,
)
from spikecae.design import Adc, Design
from spikecae.errors import InputError
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc

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
        ({"schema_version": 5}, "header of another version: schema_version = 5, and this program reads 1 to 4; take"),
        ({"schema_version": 5, "compression": 1}, "header of another version: schema_version = 5"),
        ({"schema_version": 4}, "damaged or altered header: .*a recording where its schema_version is 4, and only"),
        ({"schema_version": 3}, "damaged or altered header: .*further_spec_hashes where its schema_version is 3"),
        ({"further_spec_hashes": ["0" * 64]}, "damaged or altered header: .*where its schema_version is 3, and only"),
        ({"schema_version": "2"}, "damaged or altered header: schema_version = '2'"),
        ({"schema_version": -1}, "damaged or altered header: schema_version = -1"),
        ({"spec_hash": "zz"}, "damaged or altered header: spec_hash = 'zz'.*; get the file anew"),
        ({"spikes": 0}, "damaged or altered header: spikes = 0"),
        ({"spikes": 17}, "damaged or altered header: spikes = 17"),
        ({"samples": 129}, "damaged or altered header: samples = 129"),
        ({"adc": {"bits": 10, "lsb": -1.0}}, r"damaged or altered header: adc\.lsb = -1\.0.*; get the file anew"),
        ({"adc": {"bits": 10, "lsb": 1e308}}, r"damaged or altered header: adc = .*must lie in 1e-12\.\.1e\+12; get"),
        ({"adc": {"bits": 10, "lsb": 1e-320}}, r"damaged or altered header: adc = .*must lie in 1e-12\.\.1e\+12; get"),
        ({"adc": {"bits": 10}}, r"damaged or altered header: adc\.lsb is missing; get the file anew"),
        ({"compression": "none"}, "damaged or altered header: 'compression' is no key of it; get the file anew"),
    ],
)
def test_a_header_that_cannot_be_says_what_is_wrong(spec: EncoderSpec, changes: dict[str, object], reason: str) -> None:
    """Only a version that this program does not know is another version; nobody is told to edit a header."""
    body = json.loads(file_header(spec, ADC, "uV").model_dump_json()) | changes
    with pytest.raises(ContainerError, match=f"^{reason}"):
        read_header(io.BytesIO(sealed(json.dumps(body).encode())))


def test_a_closed_file_stays_as_it_is(spec: EncoderSpec, tiny: Design) -> None:
    file, encoder = io.BytesIO(), Encoder(spec, 4)
    container = ContainerWriter(file, file_header(spec, ADC.model_copy(update={"signed": True}), "uV"))
    packets = encoder.encode(random_adc(tiny, 8, seed=1))
    container.write(packets)
    first, data = container.close(), file.getvalue()
    assert container.close() == first
    with pytest.raises(InputError, match=r"is closed, with 2 packets in it; write all packets before close"):
        container.write(packets)
    assert file.getvalue() == data
    assert data.count(END_MAGIC) == 1


def test_a_file_is_not_closed_with_other_blocks_than_its_header_says(spec: EncoderSpec, tiny: Design) -> None:
    file, encoder = io.BytesIO(), Encoder(spec, 4)
    container = ContainerWriter(file, file_header(spec, Adc(bits=10, lsb=1.0), "uV", blocks=6))
    container.write(encoder.encode(random_adc(tiny, 6, seed=1)))
    with pytest.raises(InputError, match=r"the header says 6 blocks, and 4 were written; write them all \(flush"):
        container.close()
    container.write(encoder.flush())
    assert container.close().blocks == 6


@pytest.mark.parametrize("data", ["text", [92, 174], np.zeros(4, np.uint16), np.zeros(4, np.uint8), None, 7])
def test_only_bytes_are_packets(spec: EncoderSpec, data: object) -> None:
    file = io.BytesIO()
    container = ContainerWriter(file, file_header(spec, ADC, "uV"))
    size = len(file.getvalue())
    with pytest.raises(InputError, match=r"packets are .*, and must be bytes"):
        container.write(data)
    assert len(file.getvalue()) == size


def test_nothing_is_allocated_from_a_length_unchecked() -> None:
    with pytest.raises(ContainerError, match="claims 4294967295 bytes"):
        read_header(io.BytesIO(PREFIX.pack(MAGIC, 0xFFFFFFFF, 0)))


def test_a_converter_of_another_width_is_refused(spec: EncoderSpec) -> None:
    with pytest.raises(ValueError, match=r"12 bits, the spec of 'tiny' takes 10"):
        file_header(spec, Adc(bits=12, lsb=1.0), "uV")
