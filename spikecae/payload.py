"""What packets carry: coded blocks or raw snippets, and beside them channels and times (``docs/bitstream.md``)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae.huffman import code_words, decode_blocks, pack_bits
from spikecae.packets import MAX_COUNT, MAX_PAYLOAD, OVERHEAD_BYTES, SEQUENCES, Header, Packet, Sidecar, frame
from spikecae.spec import EncoderSpec

__all__ = [
    "EVENT_BYTES",
    "Blocks",
    "PayloadError",
    "read_blocks",
    "read_snippets",
    "wire_bits",
    "write_blocks",
    "write_snippets",
]

EVENT_BYTES = 6
_EVENT = np.dtype([("channel", ">u2"), ("time", ">u4")])

Events = NDArray[np.int64]
"""(n, 2): channel 0..65535, and time in samples modulo 2**32."""


class PayloadError(ValueError):
    """A packet with valid checksums whose payload is not what its header and the spec say."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """What a coded packet holds."""

    indices: NDArray[np.int32]
    """(blocks, S) codeword of each sub-vector."""
    present: NDArray[np.bool_]
    """(blocks, M), False for the spikes that the last block lacks."""
    events: Events | None
    """One per block or per present spike; None without a sidecar."""


def write_blocks(
    spec: EncoderSpec,
    indices: NDArray[np.integer],
    *,
    blocks_per_packet: int,
    sidecar: Sidecar = Sidecar.NONE,
    events: Events | None = None,
    missing: int = 0,
    sequence: int = 0,
) -> list[bytes]:
    """Coded blocks as packets of at most ``blocks_per_packet`` blocks, fewer where they would be too long.

    Args:
        spec: the encoder that made the indices.
        indices: (blocks, S) codeword indices.
        blocks_per_packet: 1..255.
        sidecar: whether ``events`` has a row per block or per present spike.
        events: (n, 2) channel and time.
        missing: spikes that the last block lacks.
        sequence: number of the first packet.

    Raises:
        ValueError: events are not as many as the sidecar needs, or a number does not fit its field.
    """
    if not 0 <= missing < spec.spikes:
        raise ValueError(f"missing = {missing} must lie in 0..{spec.spikes - 1}: a block has {spec.spikes} spikes")
    per_block = _events_per_block(sidecar, spec.spikes)
    side = _event_bytes(events, len(indices) * per_block - (missing if sidecar is Sidecar.SPIKE else 0))
    words, lengths = code_words(indices, spec.huffman.tables, spec.table_of)
    packets: list[bytes] = []
    for first, last in _split(lengths.sum(axis=1), blocks_per_packet, per_block * EVENT_BYTES):
        payload = pack_bits(words[first:last].ravel(), lengths[first:last].ravel())
        payload += side[first * per_block * EVENT_BYTES : last * per_block * EVENT_BYTES]
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
    if header.raw:
        raise PayloadError(f"packet {header.sequence} is raw; read it with read_snippets")
    if header.tag != spec.tag:
        raise PayloadError(
            f"packet {header.sequence} was made by the spec tagged {header.tag:04x}, this one is {spec.tag:04x}; "
            f"use the spec of the encoder that sent it"
        )
    if header.missing >= spec.spikes:
        raise PayloadError(f"packet {header.sequence}: {header.missing} spikes missing of {spec.spikes}")
    entries = header.count * _events_per_block(header.sidecar, spec.spikes)
    if header.sidecar is Sidecar.SPIKE:
        entries -= header.missing
    size = header.length - entries * EVENT_BYTES
    if size < 1:
        raise PayloadError(f"packet {header.sequence}: {header.length} bytes cannot hold {entries} events")
    coded = packet.payload[:size]
    try:
        flat = decode_blocks([coded], spec.huffman.tables, spec.table_of * header.count)
    except ValueError as error:
        raise PayloadError(f"packet {header.sequence}: {error}") from None
    indices = flat.reshape(header.count, -1)
    used = int(code_words(indices, spec.huffman.tables, spec.table_of)[1].sum())
    padding = 8 * size - used
    if padding >= 8 or coded[-1] & ((1 << padding) - 1):
        raise PayloadError(f"packet {header.sequence}: {padding} bits after the last index, or not zero")
    present = np.ones((header.count, spec.spikes), dtype=np.bool_)
    present[-1, spec.spikes - header.missing :] = False
    return Blocks(indices, present, _events(packet.payload[size:]) if header.sidecar else None)


def write_snippets(
    tag: int,
    snippets: NDArray[np.int16],
    *,
    snippets_per_packet: int,
    events: Events | None = None,
    sequence: int = 0,
) -> list[bytes]:
    """Un-encoded snippets (n, D) as raw packets, with a channel and a time each where ``events`` (n, 2) is given.

    Raises:
        ValueError: events are not as many as snippets, or a number does not fit its field.
    """
    sidecar = Sidecar.NONE if events is None else Sidecar.SPIKE
    side = _event_bytes(events, 0 if events is None else len(snippets))
    entry = EVENT_BYTES if sidecar else 0
    packets: list[bytes] = []
    bits = np.full(len(snippets), 16 * snippets.shape[1])
    for first, last in _split(bits, snippets_per_packet, entry):
        payload = snippets[first:last].astype(">i2").tobytes() + side[first * entry : last * entry]
        header = Header(
            sequence=(sequence + len(packets)) % SEQUENCES,
            tag=tag,
            count=last - first,
            length=len(payload),
            raw=True,
            sidecar=sidecar,
        )
        packets.append(frame(header, payload))
    return packets


def read_snippets(packet: Packet) -> tuple[NDArray[np.int16], Events | None]:
    """Snippets (n, D) of a raw packet, and their channels and times (n, 2) if it has them.

    Raises:
        PayloadError: a coded packet, or snippets of uneven length.
    """
    header = packet.header
    if not header.raw:
        raise PayloadError(f"packet {header.sequence} is coded; read it with read_blocks")
    size = header.length - (header.count * EVENT_BYTES if header.sidecar else 0)
    if size < 1 or size % (2 * header.count):
        raise PayloadError(f"packet {header.sequence}: {size} bytes are not {header.count} snippets of 16-bit samples")
    samples = np.frombuffer(packet.payload[:size], dtype=">i2").astype(np.int16)
    events = _events(packet.payload[size:]) if header.sidecar else None
    return samples.reshape(header.count, -1), events


def wire_bits(
    payload_bits: NDArray[np.integer], *, blocks_per_packet: int, spikes: int, sidecar: Sidecar = Sidecar.NONE
) -> int:
    """Bits on the wire for coded blocks, framing, padding and sidecar included.

    Args:
        payload_bits: (blocks,) Huffman bits of each block.
        blocks_per_packet: 1..255.
        spikes: M, all present.
        sidecar: what has a channel and a time.
    """
    event_bytes = _events_per_block(sidecar, spikes) * EVENT_BYTES
    total = 0
    for first, last in _split(payload_bits, blocks_per_packet, event_bytes):
        coded = -(-int(payload_bits[first:last].sum()) // 8)
        total += 8 * (OVERHEAD_BYTES + coded + (last - first) * event_bytes)
    return total


def _split(bits: NDArray[np.integer], per_packet: int, event_bytes: int) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) block of each packet: as many as fit."""
    if not 1 <= per_packet <= MAX_COUNT:
        raise ValueError(f"a packet holds 1..{MAX_COUNT} blocks or snippets, asked for {per_packet}")
    first, size = 0, 0
    for block, own in enumerate((np.asarray(bits, dtype=np.int64) + 8 * event_bytes).tolist()):
        if block - first == per_packet or size + own > 8 * MAX_PAYLOAD:
            yield first, block
            first, size = block, 0
        size += own
    if first < len(bits):
        yield first, len(bits)


def _events_per_block(sidecar: Sidecar, spikes: int) -> int:
    return {Sidecar.NONE: 0, Sidecar.BLOCK: 1, Sidecar.SPIKE: spikes}[sidecar]


def _event_bytes(events: Events | None, expected: int) -> bytes:
    rows = np.empty((0, 2), dtype=np.int64) if events is None else np.asarray(events)
    if rows.shape != (expected, 2):
        raise ValueError(f"the sidecar needs {expected} rows of channel and time, got shape {rows.shape}")
    if rows.size and not 0 <= rows[:, 0].min() <= rows[:, 0].max() <= 0xFFFF:
        raise ValueError(f"channels {rows[:, 0].min()}..{rows[:, 0].max()} must lie in 0..65535")
    packed = np.empty(len(rows), dtype=_EVENT)
    packed["channel"], packed["time"] = rows[:, 0], rows[:, 1] & 0xFFFFFFFF
    return packed.tobytes()


def _events(data: bytes) -> Events:
    packed = np.frombuffer(data, dtype=_EVENT)
    return np.stack([packed["channel"], packed["time"]], axis=1).astype(np.int64)
