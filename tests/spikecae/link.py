"""A link that damages what it carries, and the account of what a receiver made of it."""

import math
from dataclasses import dataclass

import numpy as np

from spikecae.bitstream.packets import HEADER_BYTES, OVERHEAD_BYTES, Gap, Header, Packet, PacketReader, frame
from spikecae.codec import CodedPacket, Decoder

CHANCE_FOUND = 2.0**-46
"""That random bytes at a place pass for a packet: 16 bits of sync, 6 of version and zero and raw, CRC-8, CRC-16."""
CHANCE_FRAMED = 2.0**-16
"""That random bytes behind a valid header do: CRC-16."""


@dataclass(frozen=True)
class Sent:
    """Packets as they were sent, one after the other."""

    packets: list[bytes]

    @property
    def stream(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.packets), np.uint8).copy()

    @property
    def owner(self) -> np.ndarray:
        """Which packet each byte is of."""
        return np.repeat(np.arange(len(self.packets)), [len(packet) for packet in self.packets])

    @property
    def starts(self) -> np.ndarray:
        return np.cumsum([0, *(len(packet) for packet in self.packets[:-1])])


@dataclass(frozen=True)
class Received:
    """What came of it.

    Attributes:
        data: the bytes.
        touched: for each packet sent, whether any of it was changed, lost, or torn apart.
        wrong: how many wrong packets chance lets through, on average.
    """

    data: bytes
    touched: np.ndarray
    wrong: float


def random_packets(count: int, sizes: tuple[int, int], rng: np.random.Generator) -> Sent:
    """Packets of random payloads of ``sizes[0]`` to ``sizes[1]`` bytes."""
    payloads = [rng.bytes(int(size)) for size in rng.integers(sizes[0], sizes[1] + 1, count)]
    return Sent(
        [
            frame(Header(sequence=number % 65536, tag=0xC0DE, count=3, length=len(payload)), payload)
            for number, payload in enumerate(payloads)
        ]
    )


def flip_bits(sent: Sent, rate: float, rng: np.random.Generator) -> Received:
    """Each bit wrong with probability ``rate``.

    A CRC of 16 bits whose polynomial has the factor x + 1 finds every odd number of wrong bits and, up to 4093 bytes,
    every two; of other even numbers it misses 2**-15. Where the header is hit too, its CRC-8 has to be passed first.
    """
    stream, owner = sent.stream, sent.owner
    bits = np.unique(rng.integers(0, 8 * stream.size, rng.binomial(8 * stream.size, rate)))
    np.bitwise_xor.at(stream, bits // 8, (1 << (bits % 8)).astype(np.uint8))
    flips = np.bincount(owner[bits // 8], minlength=len(sent.packets))
    in_header = bits // 8 - sent.starts[owner[bits // 8]] < HEADER_BYTES
    header = np.bincount(owner[bits // 8][in_header], minlength=len(sent.packets))
    passes = (flips >= 4) & (flips % 2 == 0)
    wrong = (passes & (header == 0)).sum() * 2.0**-15 + (header >= 4).sum() * 2.0**-7 * CHANCE_FRAMED
    return Received(stream.tobytes(), flips > 0, wrong + stream.size * CHANCE_FOUND)


def lose_bytes(sent: Sent, places: int, longest: int, rng: np.random.Generator) -> Received:
    """Runs of up to ``longest`` bytes that do not arrive."""
    stream, owner = sent.stream, sent.owner
    keep = np.ones(stream.size, bool)
    for start in rng.integers(0, stream.size, places):
        keep[start : start + rng.integers(1, longest + 1)] = False
    touched = np.bincount(owner[~keep], minlength=len(sent.packets)) > 0
    return Received(stream[keep].tobytes(), touched, _by_chance(stream.size, touched))


def insert_bytes(sent: Sent, places: int, longest: int, rng: np.random.Generator, *, repeat: bool) -> Received:
    """Random bytes put in, or the last bytes before the place once more; up to ``longest`` at a place."""
    stream, owner, parts, last = sent.stream, sent.owner, [], 0
    torn = np.zeros(len(sent.packets), bool)
    starts = set(sent.starts.tolist())
    for place in np.sort(rng.integers(1, stream.size, places)).tolist():
        size = int(rng.integers(1, longest + 1))
        extra = stream[max(0, place - size) : place].tobytes() if repeat else rng.bytes(size)
        parts += [stream[last:place].tobytes(), extra]
        last = place
        if place not in starts:
            torn[owner[place]] = True
    return Received(b"".join([*parts, stream[last:].tobytes()]), torn, _by_chance(stream.size, torn))


def cut(sent: Sent, first: int, last: int) -> Received:
    """Nothing but the bytes from ``first`` to ``last``, exclusive: a start in mid-stream, a truncated end."""
    touched = np.zeros(len(sent.packets), bool)
    touched[np.unique(sent.owner[:first])] = True
    touched[np.unique(sent.owner[last:])] = True
    return Received(sent.stream[first:last].tobytes(), touched, _by_chance(last - first, touched))


def _by_chance(size: int, touched: np.ndarray) -> float:
    return size * CHANCE_FOUND + touched.sum() * CHANCE_FRAMED


def poisson_bound(mean: float, confidence: float = 0.999) -> int:
    """Smallest count that is exceeded with probability ``1 - confidence`` at most."""
    count, term = 0, math.exp(-mean)
    total = term
    while total < confidence:
        count += 1
        term *= mean / count
        total += term
    return count


def account(sent: Sent, received: Received, step: int = 1 << 14) -> int:
    """Read what was received; how many packets were accepted that were never sent.

    Raises:
        AssertionError: they are more than chance allows, or a packet that was not touched is missing.
    """
    reader, packets = PacketReader(), list[Packet | Gap]()
    for at in range(0, len(received.data), step):
        packets += reader.feed(received.data[at : at + step])
    packets += reader.close()
    got = [frame(item.header, item.payload) for item in packets if isinstance(item, Packet)]
    known = set(sent.packets)
    wrong = [packet for packet in got if packet not in known]
    assert len(wrong) <= poisson_bound(received.wrong), f"{len(wrong)} wrong packets, {received.wrong:.3g} expected"
    arrived = set(got)
    whole = [packet for packet, touched in zip(sent.packets, received.touched, strict=True) if not touched]
    lost = sum(packet not in arrived for packet in whole)
    assert lost <= 2 * len(wrong), f"{lost} packets were lost that nothing had touched"
    assert reader.bytes_read == len(received.data) == sum(map(len, got)) + reader.bytes_skipped
    return len(wrong)


def judge_decoder(decoder: Decoder, data: bytes, step: int = 1 << 14) -> list[CodedPacket]:
    """Decode anything: nothing may be raised, and all bytes must be accounted for."""
    found = [item for at in range(0, len(data), step) for item in decoder.feed(data[at : at + step])]
    found += decoder.close()
    report = decoder.report
    assert report.bytes_read == len(data)
    assert report.bytes_read - report.bytes_skipped >= OVERHEAD_BYTES * (report.packets + report.refused)
    return [item for item in found if isinstance(item, CodedPacket)]
