import itertools

import pytest
from amaranth.lib.crc import catalog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikecae.bitstream.packets import (
    HEADER_BYTES,
    MAX_PAYLOAD,
    OVERHEAD_BYTES,
    Gap,
    Header,
    Packet,
    PacketReader,
    Sidecar,
    crc8,
    crc16,
    frame,
)


def packet(sequence: int, payload: bytes = b"\x5c\xae payload") -> bytes:
    return frame(Header(sequence=sequence, tag=0xC0DE, count=3, length=len(payload)), payload)


def read(stream: bytes, step: int | None = None) -> list[Packet | Gap]:
    reader = PacketReader()
    found = []
    for start in range(0, len(stream), step or max(1, len(stream))):
        found += reader.feed(stream[start : start + (step or len(stream))])
    found += reader.close()
    taken = sum(OVERHEAD_BYTES + item.header.length for item in found if isinstance(item, Packet))
    assert reader.bytes_read == len(stream) == taken + reader.bytes_skipped
    return found


def sequences(found: list[Packet | Gap]) -> list[int]:
    return [item.header.sequence for item in found if isinstance(item, Packet)]


headers = st.builds(
    Header,
    sequence=st.integers(0, 65535),
    tag=st.integers(0, 65535),
    count=st.integers(1, 255),
    length=st.integers(1, MAX_PAYLOAD),
    missing=st.integers(0, 15),
    sidecar=st.sampled_from(Sidecar),
)


@pytest.mark.parametrize("data", [b"", b"\x00", b"123456789", bytes(range(256))])
def test_checksums_are_the_catalogued_ones(data: bytes) -> None:
    assert crc8(data) == catalog.CRC8_AUTOSAR(8).compute(data)
    assert crc16(data) == catalog.CRC16_IBM_3740(8).compute(data)


def test_header_checksum_finds_every_error_of_three_bits() -> None:
    """A CRC is linear: an error goes unseen if the checksum of its pattern is that of zeros."""
    zero = crc8(bytes(10))
    syndromes = [crc8((1 << bit).to_bytes(10, "big")) ^ zero for bit in range(80)] + [1 << bit for bit in range(8)]
    for number in (1, 2, 3):
        for chosen in itertools.combinations(syndromes, number):
            total = 0
            for syndrome in chosen:
                total ^= syndrome
            assert total


def test_packet_checksum_finds_every_error_of_three_bits_in_the_longest_packet() -> None:
    """Distinct syndromes find two bits, and the factor x + 1 of the polynomial every odd number."""
    syndrome, seen = 1, set()
    for _ in range(8 * (OVERHEAD_BYTES + MAX_PAYLOAD)):
        assert syndrome not in seen
        seen.add(syndrome)
        syndrome = syndrome << 1 ^ (0x11021 if syndrome & 0x8000 else 0)
    assert bin(0x11021).count("1") % 2 == 0


@given(headers)
def test_header_survives_the_trip(header: Header) -> None:
    data = header.to_bytes()
    assert len(data) == HEADER_BYTES
    assert Header.from_bytes(data) == header


@pytest.mark.parametrize(
    ("field", "value"),
    [("sequence", 65536), ("tag", -1), ("count", 0), ("count", 256), ("length", 0), ("length", 4081), ("missing", 16)],
)
def test_fields_out_of_range_are_refused(field: str, value: int) -> None:
    fields = {"sequence": 0, "tag": 0, "count": 1, "length": 1, field: value}
    with pytest.raises(ValueError, match=f"{field} = {value} must lie in"):
        Header(**fields)


def test_a_raw_packet_has_no_missing_spikes_and_no_event_per_block() -> None:
    for fields in ({"missing": 1}, {"sidecar": Sidecar.BLOCK}):
        with pytest.raises(ValueError, match="raw"):
            Header(sequence=0, tag=0, count=1, length=2, raw=True, **fields)


def reseal(data: bytearray) -> bytes:
    """The header with a checksum that fits again."""
    return bytes(data[:10]) + bytes([crc8(bytes(data[:10]))])


@pytest.mark.parametrize(
    ("byte", "value"), [(2, 0x20), (2, 0x18), (2, 0x16), (7, 0), (8, 0x10 | 0xF), (2, 0x13)], ids=hex
)
def test_a_header_that_the_standard_has_not_is_refused_whatever_its_checksum(byte: int, value: int) -> None:
    good = Header(sequence=1, tag=2, count=3, length=4095 - 15).to_bytes()
    data = bytearray(good)
    data[byte] = value
    assert Header.from_bytes(good) is not None
    if byte == 8:
        data[9] = 0xFF  # length 4095
    assert Header.from_bytes(reseal(data)) is None


def test_payload_must_be_as_long_as_announced() -> None:
    with pytest.raises(ValueError, match="2 bytes, its header says 3"):
        frame(Header(sequence=0, tag=0, count=1, length=3), b"ab")


@pytest.mark.parametrize("step", [1, 2, 7, 64, None])
def test_packets_come_out_however_the_stream_is_cut(step: int | None) -> None:
    stream = b"".join(packet(number, bytes([number]) * (1 + 50 * number)) for number in range(6))
    found = read(stream, step)
    assert [item.payload for item in found] == [bytes([number]) * (1 + 50 * number) for number in range(6)]
    assert all(not item.late for item in found)


def test_packets_are_given_as_soon_as_they_are_complete() -> None:
    reader = PacketReader()
    stream = packet(0)
    assert reader.feed(stream[:-1]) == []
    assert sequences(reader.feed(stream[-1:])) == [0]


def test_a_lost_packet_is_named() -> None:
    found = read(packet(65533) + packet(2) + packet(3))
    assert found[1] == Gap(first=65534, count=4)
    assert sequences(found) == [65533, 2, 3]


def test_a_repeated_packet_is_late_and_leaves_no_gap_behind() -> None:
    found = read(packet(4) + packet(5) + packet(4) + packet(5) + packet(6))
    assert [(item.header.sequence, item.late) for item in found] == [
        (4, False),
        (5, False),
        (4, True),
        (5, True),
        (6, False),
    ]


def test_a_false_header_hides_no_packet() -> None:
    """A valid header whose packet never comes, or is long enough to cover real ones."""
    false = Header(sequence=9, tag=0, count=1, length=MAX_PAYLOAD).to_bytes()
    stream = packet(0) + false + packet(1) + packet(2)
    assert sequences(read(stream)) == [0, 1, 2]
    reader = PacketReader()
    found = reader.feed(stream + bytes(MAX_PAYLOAD)) + reader.close()
    assert sequences(found) == [0, 1, 2]
    assert reader.rejected == 1


def test_a_sync_word_may_be_cut_by_the_feed_or_end_the_stream() -> None:
    assert sequences(read(b"\x5c" + packet(0) + b"\x5c", 1)) == [0]
    assert read(b"\x5c\xae", 1) == []


@given(st.binary(max_size=300), st.integers(1, 40))
@example(b"\x5c\xae\x10" * 90, 1)
def test_garbage_gives_nothing_and_raises_nothing(data: bytes, step: int) -> None:
    assert read(data, step) == []


def test_memory_is_bounded_by_a_packet() -> None:
    """Headers that promise the longest packet, for ever."""
    reader = PacketReader()
    header = Header(sequence=0, tag=0, count=1, length=MAX_PAYLOAD).to_bytes()
    for _ in range(3000):
        reader.feed(header)
        assert len(reader._buffer) <= OVERHEAD_BYTES + MAX_PAYLOAD


@settings(max_examples=150)
@given(st.data())
def test_only_touched_packets_are_lost(data: st.DataObject) -> None:
    """Any one fault: a flipped bit, a burst, bytes taken away, bytes put in, a start in mid-stream."""
    payloads = data.draw(st.lists(st.binary(min_size=1, max_size=40), min_size=4, max_size=8))
    packets = [packet(number, payload) for number, payload in enumerate(payloads)]
    ends = list(itertools.accumulate(len(item) for item in packets))
    stream = b"".join(packets)
    at = data.draw(st.integers(0, len(stream) - 1))
    fault = data.draw(st.sampled_from(["flip", "burst", "delete", "insert", "start"]))
    width = 1
    match fault:
        case "flip":
            stream = stream[:at] + bytes([stream[at] ^ 1 << data.draw(st.integers(0, 7))]) + stream[at + 1 :]
        case "burst":
            width = 2
            noise = data.draw(st.binary(min_size=2, max_size=2).filter(any))
            stream = stream[:at] + bytes(a ^ b for a, b in zip(stream[at:], noise, strict=False)) + stream[at + 2 :]
        case "delete":
            width = data.draw(st.integers(1, 60))
            stream = stream[:at] + stream[at + width :]
        case "insert":
            stream = stream[:at] + data.draw(st.binary(min_size=1, max_size=60)) + stream[at:]
            width = 0
        case "start":
            stream, width, at = stream[at:], at, 0
    touched = set()
    for number, end in enumerate(ends):
        first = end - len(packets[number])
        if (first < at + width and end > at) or (fault == "insert" and first < at < end):
            touched.add(number)
    found = read(stream, data.draw(st.sampled_from([1, 13, 1000])))
    got = {item.header.sequence: item.payload for item in found if isinstance(item, Packet)}
    for number, payload in enumerate(payloads):
        if number not in touched:
            assert got.pop(number) == payload
    assert set(got) <= touched  # touched ones come through only if the fault cancelled itself
    assert all(payloads[number] == payload for number, payload in got.items())
    lost = {item.first + i for item in found if isinstance(item, Gap) for i in range(item.count)}
    received = sequences(found)
    if received:
        assert lost == set(range(received[0], received[-1])) - set(received)
