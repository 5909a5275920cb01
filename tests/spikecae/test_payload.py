from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae.bitstream.packets import MAX_PAYLOAD, Header, Packet, PacketReader, Sidecar, frame
from spikecae.bitstream.payload import (
    Events,
    PayloadError,
    read_blocks,
    read_snippets,
    wire_bits,
    write_blocks,
    write_snippets,
)
from spikecae.canonical_code import canonical_codes
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from spikecae.stages import Symbols
from tests.random_spec import random_adc, random_spec


def received(packets: list[bytes]) -> list[Packet]:
    reader = PacketReader()
    found = reader.feed(b"".join(packets)) + reader.close()
    assert reader.bytes_skipped == 0
    return found


def code(lengths: list[int], indices: int, spikes: int) -> SimpleNamespace:
    """What the payload needs of a spec."""
    return like_a_spec([lengths], Symbols((len(lengths),) * indices, (0,) * indices), spikes)


def like_a_spec(tables: list[list[int]], symbols: Symbols, spikes: int) -> SimpleNamespace:
    arrays = tuple(np.array(lengths, dtype=np.uint8) for lengths in tables)
    return SimpleNamespace(coder=SimpleNamespace(tables=arrays), symbols=symbols, spikes=spikes, tag=0xC0DE)


def test_golden_indices_survive_the_trip(spec: EncoderSpec, tiny: Design) -> None:
    coded = encode(spec, random_adc(tiny, 23, seed=1))
    packets = received(write_blocks(spec, coded.indices, blocks_per_packet=5))
    assert [packet.header.count for packet in packets] == [5, 5, 5, 5, 3]
    assert {packet.header.tag for packet in packets} == {spec.tag}
    blocks = [read_blocks(spec, packet) for packet in packets]
    assert np.array_equal(np.concatenate([block.indices for block in blocks]), coded.indices)
    assert all(block.present.all() and block.events is None for block in blocks)


def test_blocks_follow_each_other_without_padding(spec: EncoderSpec, tiny: Design) -> None:
    coded = encode(spec, random_adc(tiny, 7, seed=2))
    (packet,) = received(write_blocks(spec, coded.indices, blocks_per_packet=255))
    table = spec.coder.tables[0]
    codes = canonical_codes(table)
    bits = "".join(f"{codes[index]:0{table[index]}b}" for index in coded.indices.ravel())
    assert len(bits) == coded.payload_bits.sum()
    bits += "0" * (-len(bits) % 8)
    assert packet.payload == int(bits, 2).to_bytes(len(bits) // 8, "big")


def random_events(rng: np.random.Generator, sidecar: Sidecar, blocks: int, spikes: int) -> Events | None:
    """Channels anywhere; times that mostly rise a little, and sometimes jump."""
    if sidecar is Sidecar.NONE:
        return None
    count = blocks if sidecar is Sidecar.BLOCK else spikes
    steps = np.where(rng.random(count) < 0.1, rng.integers(-(1 << 40), 1 << 40, count), rng.integers(0, 3000, count))
    return Events(rng.integers(0, 1 << 16, blocks), np.cumsum(steps))


@settings(max_examples=80)
@given(st.data())
def test_any_blocks_with_events_survive_the_trip(data: st.DataObject) -> None:
    spikes = data.draw(st.integers(2, 16))
    spec = code([1, 2, 3, 4, 5, 5], indices=data.draw(st.integers(1, 9)), spikes=spikes)
    blocks = data.draw(st.integers(1, 20))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    indices = rng.integers(0, 6, (blocks, len(spec.symbols)))
    sidecar = data.draw(st.sampled_from(Sidecar))
    missing = data.draw(st.integers(0, spikes - 1))
    if blocks * spikes - missing == blocks:
        missing = 0  # as many spikes as blocks
    events = random_events(rng, sidecar, blocks, blocks * spikes - missing)
    packets = received(
        write_blocks(
            spec,
            indices,
            blocks_per_packet=data.draw(st.integers(1, 30)),
            events=events,
            missing=missing,
            sequence=65530,
        )
    )
    got = [read_blocks(spec, packet) for packet in packets]
    assert {packet.header.sidecar for packet in packets} == {sidecar}
    assert np.array_equal(np.concatenate([block.indices for block in got]), indices)
    present = np.concatenate([block.present for block in got])
    assert present.sum() == blocks * spikes - missing
    assert not present[-1, spikes - missing :].any()
    if events is not None:
        assert np.array_equal(np.concatenate([block.events.channels for block in got]), events.channels)
        assert np.array_equal(np.concatenate([block.events.times for block in got]), events.times % (1 << 32))
    assert [packet.header.sequence for packet in packets] == [(65530 + i) % 65536 for i in range(len(packets))]


def test_a_packet_is_closed_before_it_is_too_long() -> None:
    spec = code([1, 1], indices=128, spikes=16)
    events = Events(np.zeros(100, int), np.zeros(1600, int))
    packets = received(write_blocks(spec, np.zeros((100, 128), int), blocks_per_packet=255, events=events))
    size = 128 + 8 + 16 * 10  # bits of a block: codes, channel, times
    assert [packet.header.count for packet in packets] == [100]
    packets = received(write_blocks(spec, np.zeros((400, 128), int), blocks_per_packet=255))
    assert [packet.header.count for packet in packets] == [255, 145]
    wide = Events(np.tile([0, 65535], 50), np.arange(1600) << 31)
    packets = received(write_blocks(spec, np.zeros((100, 128), int), blocks_per_packet=255, events=wide))
    assert len(packets) > 2
    assert all(packet.header.length > MAX_PAYLOAD - 150 for packet in packets[:-1])
    assert np.array_equal(
        np.concatenate([read_blocks(spec, packet).events.times for packet in packets]), wide.times % (1 << 32)
    )
    assert wire_bits(np.full(100, 128), blocks_per_packet=255, spikes=16, events=events) == 8 * (13 + 100 * size // 8)


@pytest.mark.parametrize("sidecar", Sidecar)
@pytest.mark.parametrize("blocks_per_packet", [1, 4, 16, 255])
def test_bits_on_the_wire_are_counted_without_writing(
    spec: EncoderSpec, tiny: Design, sidecar: Sidecar, blocks_per_packet: int
) -> None:
    coded = encode(spec, random_adc(tiny, 700, seed=3))
    events = random_events(np.random.default_rng(0), sidecar, 700, 1400)
    packets = write_blocks(spec, coded.indices, blocks_per_packet=blocks_per_packet, events=events)
    counted = wire_bits(coded.payload_bits, blocks_per_packet=blocks_per_packet, spikes=spec.spikes, events=events)
    assert counted == 8 * sum(map(len, packets))


def test_a_packet_is_filled_to_the_last_byte() -> None:
    full = 8 * (MAX_PAYLOAD + 13)
    assert wire_bits(np.array([32600, 40]), blocks_per_packet=9, spikes=4) == full
    assert wire_bits(np.array([32600, 41]), blocks_per_packet=9, spikes=4) == full + 8 * (13 + 1)


@pytest.mark.parametrize(("bits", "fit"), [(140, 233), (136, 240), (137, 238)])
def test_a_block_that_fits_belongs_to_the_packet(bits: int, fit: int) -> None:
    """32,640 bits are 240 blocks of 136, and 238 of 137 with 34 bits left: what a block might have does not count."""
    packets = received(
        write_blocks(code([1, 1], indices=bits, spikes=1), np.zeros((255, bits), int), blocks_per_packet=255)
    )
    assert [packet.header.count for packet in packets] == [fit, 255 - fit]


def test_overhead_falls_with_the_blocks_in_a_packet() -> None:
    payload = np.full(1000, 100)
    overhead = [wire_bits(payload, blocks_per_packet=n, spikes=4) - 100_000 for n in (1, 2, 4, 8, 16, 32, 64)]
    assert overhead == sorted(overhead, reverse=True)
    assert overhead[0] == 1000 * (13 * 8 + 4)  # 104 bits of framing and 4 of padding each


def test_raw_snippets_survive_the_trip() -> None:
    rng = np.random.default_rng(4)
    snippets = rng.integers(-32768, 32768, (50, 48)).astype(np.int16)
    for events in (None, Events(rng.integers(0, 65536, 50), rng.integers(0, 1 << 34, 50))):
        packets = received(write_snippets(7, snippets, snippets_per_packet=100, events=events))
        assert len(packets) == 2  # about 100 bytes a snippet, 4080 a packet
        got = [read_snippets(packet) for packet in packets]
        assert np.array_equal(np.concatenate([part for part, _ in got]), snippets)
        if events is None:
            assert all(part is None for _, part in got)
        else:
            assert np.array_equal(np.concatenate([part.channels for _, part in got]), events.channels)
            assert np.array_equal(np.concatenate([part.times for _, part in got]), events.times % (1 << 32))


def test_what_cannot_be_written_is_refused() -> None:
    spec = code([1, 1], indices=2, spikes=2)
    one = np.zeros((1, 2), dtype=int)
    with pytest.raises(ValueError, match=r"1\.\.255"):
        write_blocks(spec, one, blocks_per_packet=256)
    with pytest.raises(ValueError, match="missing = 2"):
        write_blocks(spec, one, blocks_per_packet=1, missing=2)
    with pytest.raises(ValueError, match="need 1 channels and 1 or 2 times"):
        write_blocks(spec, one, blocks_per_packet=1, events=Events(np.zeros(1, int), np.zeros(3, int)))
    with pytest.raises(ValueError, match=r"0\.\.65535"):
        write_blocks(spec, one, blocks_per_packet=1, events=Events(np.array([65536]), np.zeros(1, int)))
    with pytest.raises(ValueError, match="length = 4082"):
        write_snippets(0, np.zeros((1, 2041), np.int16), snippets_per_packet=1)
    with pytest.raises(ValueError, match="index 2"):
        write_blocks(spec, one + 2, blocks_per_packet=1)


def sealed(payload: bytes, **fields: object) -> Packet:
    data = frame(Header(**{"sequence": 5, "tag": 0xC0DE, "count": 1, "length": len(payload), **fields}), payload)
    (packet,) = received([data])
    return packet


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (sealed(b"\x00", tag=1), "tagged 0001, this one is c0de"),
        (sealed(b"\x00\x00", raw=True), "is raw"),
        (sealed(b"\x00", missing=2), "2 spikes missing of 2"),
        (sealed(b"\x00" * 9, sidecar=Sidecar.BLOCK), "a number of more than 32 bits"),
        (sealed(b"\x81\x80\x00", sidecar=Sidecar.BLOCK), "channels -1.."),
        (sealed(b"\x00", count=9), "ends 1 bits too early"),
        (sealed(b"\x00\x00"), "13 bits after the last index"),
        (sealed(b"\x01"), "or they are not zero"),
    ],
)
def test_a_payload_that_contradicts_its_header_is_refused_with_the_reason(packet: Packet, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        read_blocks(code([1, 2, 2], indices=3, spikes=2), packet)


def test_snippets_of_uneven_length_are_refused() -> None:
    for packet in (sealed(b"\x00" * 5, raw=True, count=2), sealed(b"\x00", count=1)):
        with pytest.raises(PayloadError):
            read_snippets(packet)


@settings(max_examples=100)
@given(payload=st.binary(min_size=1, max_size=60), count=st.integers(1, 255), sidecar=st.sampled_from(Sidecar))
def test_any_payload_decodes_or_is_refused(payload: bytes, count: int, sidecar: Sidecar) -> None:
    spec = code([2, 2, 2, 3, 4, 4], indices=3, spikes=4)
    try:
        blocks = read_blocks(spec, sealed(payload, count=count, sidecar=sidecar))
    except PayloadError:
        return
    assert blocks.indices.shape == (count, 3)


def test_tables_of_several_positions(tiny: Design) -> None:
    spec = random_spec(tiny, seed=9)
    table = spec.coder.tables[0].tolist()
    two = like_a_spec([table, table[::-1]], Symbols((16,) * 4, (0, 1, 1, 0)), spikes=2)
    indices = np.random.default_rng(0).integers(0, 16, (9, 4))
    packets = received(write_blocks(two, indices, blocks_per_packet=4))
    assert np.array_equal(np.concatenate([read_blocks(two, packet).indices for packet in packets]), indices)
