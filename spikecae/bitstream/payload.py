"""What packets carry: coded blocks or raw snippets, with channels and times beside them (``docs/bitstream.md``)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikecae import acceleration
from spikecae.bitstream.bits import LONGEST_PREFIX, BitReader, unzigzag
from spikecae.bitstream.events import CHANNEL_ORDER, TIME_ORDER, Events, event_fields, sidecar_of
from spikecae.bitstream.huffman import code_words, lookup, pack_bits, positions
from spikecae.bitstream.packets import MAX_COUNT, MAX_PAYLOAD, OVERHEAD_BYTES, SEQUENCES, Header, Packet, Sidecar, frame
from spikecae.spec import EncoderSpec
from spikecae.stages.base import GOLOMB

__all__ = [
    "RAW_EVENT",
    "Blocks",
    "Events",
    "PayloadError",
    "read_blocks",
    "read_snippets",
    "wire_bits",
    "write_blocks",
    "write_snippets",
]

RAW_EVENT = np.dtype([("channel", ">u2"), ("time", ">u4")])
"""Before the samples of an un-encoded snippet, where its packet has a sidecar."""


class PayloadError(ValueError):
    """A packet with valid checksums whose payload is not what its header and the spec say."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """What a coded packet holds."""

    indices: NDArray[np.int32]
    """(blocks, S) index at each position of the spec's symbols."""
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
    sidecar: Sidecar | None = None,
) -> list[bytes]:
    """Coded blocks as packets of at most ``blocks_per_packet`` blocks, fewer where they would be too long.

    Args:
        spec: the encoder that made the indices.
        indices: (blocks, S) index at each position.
        blocks_per_packet: 1..255.
        events: with a time per block, or per present spike; of one channel per block.
        missing: spikes that the last block lacks.
        sequence: number of the first packet.
        sidecar: what the times are of; by default told from how many they are, which a block of one spike leaves open.

    Raises:
        ValueError: events are not as many as blocks or spikes, a number does not fit its field, or an index is none
            that the spec's encoder makes.
    """
    if not 0 <= missing < spec.spikes:
        raise ValueError(f"missing = {missing} must lie in 0..{spec.spikes - 1}: a block has {spec.spikes} spikes")
    if sidecar is None:
        sidecar = sidecar_of(events, len(indices), len(indices) * spec.spikes - missing)
    (event_words, event_widths), opening = event_fields(events, len(indices), _times_of(sidecar, spec.spikes))
    words, lengths = code_words(indices, spec.coder.tables, spec.symbols)
    starts, sizes = _split(lengths.sum(axis=1) + event_widths.sum(axis=1), event_widths, opening[1], blocks_per_packet)
    for fields, first in zip((event_words, event_widths), opening, strict=True):
        fields[starts, : first.shape[1]] = first[starts]
    ends = np.append(starts, len(indices))[1:]
    padding = np.zeros(len(indices), np.int64)
    padding[ends - 1] = -sizes % 8
    packed = pack_bits(
        np.column_stack([event_words, words, 0 * padding]).ravel(),
        np.column_stack([event_widths, lengths, padding]).ravel(),
    )
    packets: list[bytes] = []
    at = 0
    for first, last, size in zip(starts.tolist(), ends.tolist(), ((sizes + 7) // 8).tolist(), strict=True):
        header = Header(
            sequence=(sequence + len(packets)) % SEQUENCES,
            tag=spec.tag,
            count=last - first,
            length=size,
            missing=missing if last == len(indices) else 0,
            sidecar=sidecar,
        )
        packets.append(frame(header, packed[at : at + size]))
        at += size
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
    blocks = _read_compiled(spec, packet, present) or _read_slowly(spec, packet, present)
    if blocks.events is not None:
        low, high = blocks.events.channels.min(), blocks.events.channels.max()
        if not 0 <= low <= high <= 0xFFFF:
            raise PayloadError(f"{where}: channels {low}..{high} do not lie in 0..65535")
    return blocks


def _read_compiled(spec: EncoderSpec, packet: Packet, present: NDArray[np.bool_]) -> Blocks | None:
    """The blocks of a packet by the compiled kernel; None if there is no kernel, or it found a fault."""
    kernels = acceleration.kernels()
    if kernels is None:
        return None
    header = packet.header
    times_of = np.minimum(present.sum(axis=1), _times_of(header.sidecar, spec.spikes))
    symbols, (table_symbols, taken) = spec.symbols, lookup(spec.coder.tables)
    indices = np.empty((header.count, len(symbols)), np.int32)
    channels, times = np.empty(header.count, np.int64), np.empty(int(times_of.sum()), np.int64)
    data = np.frombuffer(packet.payload + b"\0\0", np.uint8)
    orders = (CHANNEL_ORDER, TIME_ORDER, symbols.order, LONGEST_PREFIX)
    if not kernels.read_payload(
        data, 8 * header.length, table_symbols, taken, positions(symbols), times_of, orders, indices, channels, times
    ):
        return None
    return Blocks(indices, present, Events(channels, times & 0xFFFFFFFF) if header.sidecar else None)


def _read_slowly(spec: EncoderSpec, packet: Packet, present: NDArray[np.bool_]) -> Blocks:
    """The same, field by field; says what is wrong."""
    header = packet.header
    symbols, (table_symbols, taken) = spec.symbols, lookup(spec.coder.tables)
    rows = positions(symbols).T.tolist()
    indices = np.zeros((header.count, len(symbols)), dtype=np.int32)
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
            for position, (size, table, by) in enumerate(rows):
                if table != GOLOMB:
                    prefix = reader.peek16()
                    indices[block, position] = table_symbols[table, prefix]
                    reader.skip(int(taken[table, prefix]))
                elif indices[block, by] == symbols.sizes[by] - 1:
                    number = reader.golomb(symbols.order)
                    if number >= size:
                        raise PayloadError(
                            f"packet {header.sequence} of {header.count} blocks: the escape at position {position} of "
                            f"block {block} is {number}, {size - 1} at most"
                        )
                    indices[block, position] = number
        reader.finish()
    except EOFError as error:
        raise PayloadError(f"packet {header.sequence} of {header.count} blocks: {error}") from None
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
    sidecar = sidecar_of(events, len(snippets), len(snippets))
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
    sidecar = sidecar_of(events, len(payload_bits), len(payload_bits) * spikes)
    (_, widths), (_, opening) = event_fields(events, len(payload_bits), _times_of(sidecar, spikes))
    _, sizes = _split(payload_bits + widths.sum(axis=1), widths, opening, blocks_per_packet)
    return 8 * int((OVERHEAD_BYTES + (sizes + 7) // 8).sum())


def _times_of(sidecar: Sidecar, spikes: int) -> int:
    """Times that a block has whose spikes are all there."""
    return {Sidecar.NONE: 0, Sidecar.BLOCK: 1, Sidecar.SPIKE: spikes}[sidecar]


def _split(
    bits: NDArray[np.int64], event_widths: NDArray[np.int64], opening_widths: NDArray[np.int64], per_packet: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """First block of each packet, and the bits in it: as many blocks as are wanted and fit, to the last bit.

    Args:
        bits: (blocks,) of each block that does not open a packet.
        event_widths: (blocks, F) of those, its events'.
        opening_widths: (blocks, 0 or 2) of what replaces its first events where it does.
        per_packet: most blocks of a packet.
    """
    if not 1 <= per_packet <= MAX_COUNT:
        raise ValueError(f"a packet holds 1..{MAX_COUNT} blocks, asked for {per_packet}")
    replaced = event_widths[:, : opening_widths.shape[1]].sum(axis=1)
    opening = (bits - replaced + opening_widths.sum(axis=1)).tolist()
    ends = np.cumsum(bits)
    starts, sizes, first = [], [], 0
    while first < len(bits):
        others = 8 * MAX_PAYLOAD - opening[first] + ends[first]
        last = int(np.clip(np.searchsorted(ends, others, side="right"), first + 1, min(first + per_packet, len(bits))))
        starts.append(first)
        sizes.append(opening[first] + int(ends[last - 1] - ends[first]))
        first = last
    return np.array(starts, np.intp), np.array(sizes, np.int64)
