"""What a damaged link does: packets touched are lost, no others, and wrong ones are as rare as checksums say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae.bitstream import packets
from spikecae.bitstream.packets import MAX_PAYLOAD, Header
from spikecae.codec import Decoder, Encoder
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc
from tests.spikecae.link import (
    Received,
    Sent,
    account,
    cut,
    flip_bits,
    insert_bytes,
    judge_decoder,
    lose_bytes,
    poisson_bound,
    random_packets,
)

Fault = Callable[[Sent, np.random.Generator], Received]


def test_poisson_bound() -> None:
    """Against tables: P(X > 3 | 1) = 0.0190, P(X > 5 | 1) = 0.0006, P(X > 4 | 1) = 0.0037."""
    assert poisson_bound(1.0) == 5
    assert poisson_bound(1.0, 0.99) == 4
    assert poisson_bound(0.0) == 0


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("sizes", [(1, 40), (2000, MAX_PAYLOAD)], ids=["short", "long"])
def test_bit_errors(rate: float, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    sent = random_packets(1_000_000 // (13 + sum(sizes) // 2), sizes, rng)
    received = flip_bits(sent, rate, rng)
    assert received.touched.sum() > 0
    account(sent, received)


FAULTS: dict[str, Fault] = {
    "lost": lambda sent, rng: lose_bytes(sent, 400, 60, rng),
    "one byte lost": lambda sent, rng: lose_bytes(sent, 400, 1, rng),
    "inserted": lambda sent, rng: insert_bytes(sent, 400, 60, rng, repeat=False),
    "repeated": lambda sent, rng: insert_bytes(sent, 400, 300, rng, repeat=True),
    "truncated": lambda sent, rng: cut(sent, 0, sent.stream.size - 5000),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_missing_and_extra_bytes(fault: str) -> None:
    rng = np.random.default_rng(2)
    sent = random_packets(2000, (1, 150), rng)
    received = FAULTS[fault](sent, rng)
    assert 30 < received.touched.sum() < len(sent.packets)
    account(sent, received)


def test_a_start_or_end_at_any_byte() -> None:
    sent = random_packets(4, (1, 40), np.random.default_rng(3))
    size = sent.stream.size
    for at in range(size + 1):
        account(sent, cut(sent, at, size), step=7)
        account(sent, cut(sent, 0, at), step=7)


def test_payloads_full_of_syncs_and_headers_hide_nothing() -> None:
    rng = np.random.default_rng(4)
    header = Header(sequence=1, tag=2, count=3, length=MAX_PAYLOAD).to_bytes()
    fill = [header[: int(rng.integers(1, 12))] for _ in range(3000)]
    bodies = [b"".join(fill[at : at + 10]) for at in range(0, 3000, 10)]
    sent = Sent([packets.frame(Header(number, 0xC0DE, 1, len(body)), body) for number, body in enumerate(bodies)])
    for fault in ("lost", "inserted", "repeated"):
        account(sent, FAULTS[fault](sent, rng))


def test_the_account_would_see_a_weak_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    monkeypatch.setattr(packets, "crc16", packets.crc8)
    sent = random_packets(4000, (1, 40), rng)
    with pytest.raises(AssertionError, match="wrong packets"):
        account(sent, flip_bits(sent, 3e-3, rng))


def test_the_account_would_see_packets_lost_that_nothing_touched() -> None:
    rng = np.random.default_rng(6)
    sent = random_packets(300, (1, 40), rng)
    received = insert_bytes(sent, 20, 9, rng, repeat=False)
    account(sent, received)
    short = Received(received.data[:-3000], received.touched, received.wrong)
    with pytest.raises(AssertionError, match="nothing had touched"):
        account(sent, short)


@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_decoded_blocks_are_those_that_were_encoded(rate: float, spec: EncoderSpec, tiny: Design) -> None:
    adc = random_adc(tiny, 4000, seed=7)
    encoder = Encoder(spec, 4)
    stream = np.frombuffer(encoder.encode(adc) + encoder.flush(), np.uint8)
    indices, rng = encode(spec, adc).indices, np.random.default_rng(8)
    flips = rng.random((stream.size, 8)) < rate
    damaged = stream ^ np.packbits(flips, axis=1)[:, 0]
    got = judge_decoder(Decoder(spec, Path()), damaged.tobytes())
    assert 0.5 < len(got) / 1000 < 1
    for packet in got:
        first = 4 * packet.header.sequence
        assert np.array_equal(packet.blocks.indices, indices[first : first + 4])


def hostile_bytes(spec: EncoderSpec, size: int, rng: np.random.Generator) -> bytes:
    """Random bytes, sync words, valid headers before random payloads, and whole packets of random payloads."""
    parts: list[bytes] = []
    total = 0
    while total < size:
        count, raw = int(rng.integers(1, 9)), bool(rng.random() < 0.1)
        length = 2 * count * spec.samples if raw and rng.random() < 0.5 else int(rng.integers(1, 60))
        header = Header(
            sequence=int(rng.integers(65536)),
            tag=spec.tag if rng.random() < 0.9 else int(rng.integers(65536)),
            count=count,
            length=length,
            raw=raw,
        )
        match int(rng.integers(4)):
            case 0:
                part = rng.bytes(length)
            case 1:
                part = packets.SYNC * int(rng.integers(1, 9)) + rng.bytes(3)
            case 2:
                part = header.to_bytes() + rng.bytes(length + 2)
            case _:
                part = packets.frame(header, rng.bytes(length))
        parts.append(part)
        total += len(part)
    return b"".join(parts)


def test_hostile_bytes_raise_nothing(spec: EncoderSpec) -> None:
    rng = np.random.default_rng(9)
    decoder = Decoder(spec, Path())
    judge_decoder(decoder, hostile_bytes(spec, 300_000, rng), step=1 + int(rng.integers(5000)))
    assert decoder.report.packets > 20
    assert decoder.report.refused > 20
    assert decoder.report.damaged > 20


@settings(max_examples=100)
@given(
    data=st.lists(st.one_of(st.binary(max_size=30), st.just(packets.SYNC + b"\x10")), max_size=20),
    step=st.integers(1, 9),
)
def test_any_bytes_raise_nothing(data: list[bytes], step: int, spec: EncoderSpec) -> None:
    judge_decoder(Decoder(spec, Path()), b"".join(data), step)
