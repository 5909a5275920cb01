"""What packets carry: coded blocks or raw snippets, with channels and times beside them (``docs/bitstream.md``)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spikecae.bits import BitReader, Fields, golomb, signed_difference, unzigzag, zigzag
from spikecae.huffman import code_words, lookup
from spikecae.packets import MAX_COUNT, MAX_PAYLOAD, OVERHEAD_BYTES, SEQUENCES, Header, Packet, Sidecar, frame
from spikecae.spec import EncoderSpec

__all__ = [
    "Blocks",
    "Events",
    "PayloadError",
    "read_blocks",
    "read_snippets",
    "wire_bits",
    "write_blocks",
    "write_snippets",
]

CHANNEL_ORDER = 7
"""Order of the exponential Golomb code of differences between channels."""
TIME_ORDER = 9
"""The same for differences between times."""
RAW_EVENT = np.dtype([("channel", ">u2"), ("time", ">u4")])


class PayloadError(ValueError):
    """A packet with valid checksums whose payload is not what its header and the spec say."""


@dataclass(frozen=True, eq=False)
class Events:
    """Where and when: one channel per block or raw snippet, one time per block or per present spike."""

    channels: NDArray[np.int64]
    """(n,), 0..65535."""
    times: NDArray[np.int64]
    """(n,) or (spikes,), in samples modulo 2**32."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """What a coded packet holds."""

    indices: NDArray[np.int32]
    """(blocks, S) codeword of each sub-vector."""
    present: NDArray[np.bool_]
    """(blocks, M), False for the spikes that the last block lacks."""
    events: Events | None
    """None without a sidecar."""


def write_blocks(
    spec: EncoderSpec,
    indices: NDArray[np.integer],
    *,
    blocks_per_packet: int,
    events: Events | None = None,
    missing: int = 0,
    sequence: int = 0,
) -> list[bytes]:
    """Coded blocks as packets of at most ``blocks_per_packet`` blocks, fewer where they would be too long.

    Args:
        spec: the encoder that made the indices.
        indices: (blocks, S) codeword indices.
        blocks_per_packet: 1..255.
        events: with a time per block, or per present spike; of one channel per block.
        missing: spikes that the last block lacks.
        sequence: number of the first packet.

    Raises:
        ValueError: events are not as many as blocks or spikes, or a number does not fit its field.
    """
    if not 0 <= missing < spec.spikes:
        raise ValueError(f"missing = {missing} must lie in 0..{spec.spikes - 1}: a block has {spec.spikes} spikes")
    sidecar = _sidecar(events, len(indices), len(indices) * spec.spikes - missing)
    words, lengths = code_words(indices, spec.huffman.tables, spec.table_of)
    packets: list[bytes] = []
    for first, last, fields in _split(lengths.sum(axis=1), blocks_per_packet, events, sidecar, spec.spikes):
        for block, own in zip(range(first, last), fields, strict=True):
            own.extend(words[block].tolist(), lengths[block].tolist())
        payload = Fields.join(fields).pack()
        header = Header(
            sequence=(sequence + len(packets)) % SEQUENCES,
            tag=spec.tag,
            count=last - first,
            length=len(payload),
            missing=missing if last == len(indices) else 0,
            sidecar=sidecar,
        )
        packets.append(frame(header, payload))
    return packets


def read_blocks(spec: EncoderSpec, packet: Packet) -> Blocks:
    """Decode a coded packet.

    Raises:
        PayloadError: a raw packet, one of another spec, or a payload that does not decode.
    """
    header = packet.header
    where = f"packet {header.sequence}"
    if header.raw:
        raise PayloadError(f"{where} is raw; read it with read_snippets")
    if header.tag != spec.tag:
        raise PayloadError(
            f"{where} was made by the spec tagged {header.tag:04x}, this one is {spec.tag:04x}; "
            f"use the spec of the encoder that sent it"
        )
    if header.missing >= spec.spikes:
        raise PayloadError(f"{where}: {header.missing} spikes missing of {spec.spikes}")
    present = np.ones((header.count, spec.spikes), dtype=np.bool_)
    present[-1, spec.spikes - header.missing :] = False
    tables = [lookup(table) for table in spec.huffman.tables]
    indices = np.empty((header.count, len(spec.table_of)), dtype=np.int32)
    channels, times = [0], [0]
    reader, first = BitReader(packet.payload), 0
    try:
        for block in range(header.count):
            if header.sidecar:
                channels.append(channels[-1] + unzigzag(reader.golomb(CHANNEL_ORDER)))
                first += unzigzag(reader.golomb(TIME_ORDER))
                times.append(first)
            if header.sidecar is Sidecar.SPIKE:
                for _ in range(int(present[block].sum()) - 1):
                    times.append(times[-1] + reader.golomb(TIME_ORDER))
            for position, table in enumerate(spec.table_of):
                symbols, taken = tables[table]
                prefix = reader.peek16()
                indices[block, position] = symbols[prefix]
                reader.skip(int(taken[prefix]))
        reader.finish()
    except EOFError as error:
        raise PayloadError(f"{where} of {header.count} blocks: {error}") from None
    if not 0 <= min(channels) <= max(channels) <= 0xFFFF:
        raise PayloadError(f"{where}: channels {min(channels)}..{max(channels)} do not lie in 0..65535")
    events = Events(np.array(channels[1:]), np.array(times[1:]) & 0xFFFFFFFF) if header.sidecar else None
    return Blocks(indices, present, events)


def write_snippets(
    tag: int,
    snippets: NDArray[np.int16],
    *,
    snippets_per_packet: int,
    events: Events | None = None,
    sequence: int = 0,
) -> list[bytes]:
    """Un-encoded snippets (n, D) as raw packets, with a channel and a time each where ``events`` has them.

    Raises:
        ValueError: events are not as many as snippets, or a number does not fit its field.
    """
    if not 1 <= snippets_per_packet <= MAX_COUNT:
        raise ValueError(f"a packet holds 1..{MAX_COUNT} snippets, asked for {snippets_per_packet}")
    sidecar = _sidecar(events, len(snippets), len(snippets))
    record = np.empty(
        len(snippets), dtype=[("event", RAW_EVENT, (int(events is not None),)), ("samples", ">i2", snippets.shape[1:])]
    )
    record["samples"] = snippets
    if events is not None:
        record["event"]["channel"][:, 0], record["event"]["time"][:, 0] = events.channels, events.times & 0xFFFFFFFF
    step = max(1, min(snippets_per_packet, MAX_PAYLOAD // record.dtype.itemsize))
    packets = []
    for number, first in enumerate(range(0, len(snippets), step)):
        payload = record[first : first + step].tobytes()
        header = Header(
            sequence=(sequence + number) % SEQUENCES,
            tag=tag,
            count=min(step, len(snippets) - first),
            length=len(payload),
            raw=True,
            sidecar=Sidecar.SPIKE if sidecar else Sidecar.NONE,
        )
        packets.append(frame(header, payload))
    return packets


def read_snippets(packet: Packet) -> tuple[NDArray[np.int16], Events | None]:
    """Snippets (n, D) of a raw packet, and their channels and times if it has them.

    Raises:
        PayloadError: a coded packet, or snippets of uneven length.
    """
    header = packet.header
    if not header.raw:
        raise PayloadError(f"packet {header.sequence} is coded; read it with read_blocks")
    size, uneven = divmod(header.length, header.count)
    samples = size - RAW_EVENT.itemsize * bool(header.sidecar)
    if uneven or samples < 2 or samples % 2:
        raise PayloadError(
            f"packet {header.sequence}: {header.length} bytes are not {header.count} snippets of 16-bit samples"
        )
    rows = np.frombuffer(packet.payload, dtype=np.uint8).reshape(header.count, size)
    snippets = np.ascontiguousarray(rows[:, size - samples :]).view(">i2").astype(np.int16)
    if not header.sidecar:
        return snippets, None
    record = np.ascontiguousarray(rows[:, : size - samples]).view(RAW_EVENT)[:, 0]
    return snippets, Events(record["channel"].astype(np.int64), record["time"].astype(np.int64))


def wire_bits(
    payload_bits: NDArray[np.integer], *, blocks_per_packet: int, spikes: int, events: Events | None = None
) -> int:
    """Bits on the wire for coded blocks: Huffman codes, events, padding and framing.

    Args:
        payload_bits: (blocks,) Huffman bits of each block.
        blocks_per_packet: 1..255.
        spikes: M, all present.
        events: as for :func:`write_blocks`.
    """
    sidecar = _sidecar(events, len(payload_bits), len(payload_bits) * spikes)
    total = 0
    for first, last, fields in _split(payload_bits, blocks_per_packet, events, sidecar, spikes):
        bits = int(np.sum(payload_bits[first:last])) + sum(own.bits for own in fields)
        total += 8 * (OVERHEAD_BYTES + -(-bits // 8))
    return total


def _sidecar(events: Events | None, blocks: int, spikes: int) -> Sidecar:
    """What the events are of, by how many they are."""
    if events is None:
        return Sidecar.NONE
    if events.channels.shape != (blocks,) or events.times.shape not in ((blocks,), (spikes,)):
        raise ValueError(
            f"{blocks} blocks or snippets of {spikes} spikes need {blocks} channels and {blocks} or {spikes} times, "
            f"got {events.channels.shape} and {events.times.shape}"
        )
    if blocks and not 0 <= events.channels.min() <= events.channels.max() <= 0xFFFF:
        raise ValueError(f"channels {events.channels.min()}..{events.channels.max()} must lie in 0..65535")
    return Sidecar.BLOCK if events.times.shape == (blocks,) else Sidecar.SPIKE


def _split(
    payload_bits: NDArray[np.integer], per_packet: int, events: Events | None, sidecar: Sidecar, spikes: int
) -> Iterator[tuple[int, int, list[Fields]]]:
    """First and last (exclusive) block of each packet, and its blocks' events: as many as fit."""
    if not 1 <= per_packet <= MAX_COUNT:
        raise ValueError(f"a packet holds 1..{MAX_COUNT} blocks, asked for {per_packet}")
    per_block = spikes if sidecar is Sidecar.SPIKE else 1
    first, size, fields = 0, 0, list[Fields]()
    before = (0, 0)
    for block, bits in enumerate(np.asarray(payload_bits).tolist()):
        here = (0, [0])
        if events is not None:
            here = int(events.channels[block]), events.times[block * per_block : (block + 1) * per_block].tolist()
        own = _event_fields(*before, *here) if sidecar else Fields()
        if len(fields) == per_packet or size + bits + own.bits > 8 * MAX_PAYLOAD:
            yield first, block, fields
            first, size, fields = block, 0, []
            own = _event_fields(0, 0, *here) if sidecar else Fields()
        fields.append(own)
        size += bits + own.bits
        before = here[0], here[1][0]
    if fields:
        yield first, len(payload_bits), fields


def _event_fields(channel_before: int, time_before: int, channel: int, times: list[int]) -> Fields:
    """A block's events, after a block of this channel and first time."""
    fields = Fields()
    fields.append(*golomb(zigzag(channel - channel_before), CHANNEL_ORDER))
    fields.append(*golomb(zigzag(signed_difference(times[0], time_before)), TIME_ORDER))
    for earlier, later in pairwise(times):
        fields.append(*golomb((later - earlier) & 0xFFFFFFFF, TIME_ORDER))
    return fields
