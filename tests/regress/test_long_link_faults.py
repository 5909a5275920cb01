"""Ten million bytes of every kind of fault. Run by ``make regress``, not by ``make test``."""

from pathlib import Path

import numpy as np
import pytest

from spikecae.bitstream.packets import Header
from spikecae.codec import Decoder
from spikecae.design import Design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_spec
from tests.spikecae.link import (
    Received,
    Sent,
    account,
    flip_bits,
    insert_bytes,
    judge_decoder,
    lose_bytes,
    poisson_bound,
    random_packets,
)
from tests.spikecae.test_link_faults import hostile_bytes

pytestmark = [pytest.mark.regress, pytest.mark.timeout(1800)]

MILLION = 1_000_000


@pytest.fixture(scope="module")
def spec(tiny: Design) -> EncoderSpec:
    return random_spec(tiny, seed=0)


def two_million_bytes(sizes: tuple[int, int], rng: np.random.Generator) -> Sent:
    return random_packets(2 * MILLION // (13 + sum(sizes) // 2), sizes, rng)


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
def test_bit_errors(rate: float) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sent = two_million_bytes([(1, 40), (50, 200), (1000, 4080)][seed % 3], rng)
        account(sent, flip_bits(sent, rate, rng))


@pytest.mark.parametrize("kind", ["lost", "inserted", "repeated"])
def test_missing_and_extra_bytes(kind: str) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sent = two_million_bytes((1, 150), rng)
        if kind == "lost":
            received = lose_bytes(sent, 8000, 60, rng)
        else:
            received = insert_bytes(sent, 8000, 60, rng, repeat=kind == "repeated")
        account(sent, received)


def test_random_bytes_behind_valid_headers() -> None:
    """Six hundred thousand chances for CRC-16 alone: some must pass, and not many more than 1 in 65536."""
    wrong, expected, count = 0, 0.0, 120_000
    for seed in range(5):
        rng = np.random.default_rng(seed)
        heads = [Header(sequence=number % 65536, tag=1, count=1, length=4).to_bytes() for number in range(count)]
        data = b"".join(head + rng.bytes(6) for head in heads)
        wrong += account(Sent([]), Received(data, np.ones(0, bool), count * 2.0**-16), step=1 << 16)
        expected += count * 2.0**-16
    assert 0 < wrong <= poisson_bound(expected)


def test_random_bytes(spec: EncoderSpec) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        data = rng.bytes(MILLION)
        assert account(Sent([]), Received(data, np.ones(0, bool), len(data) * 2.0**-46)) == 0
        assert judge_decoder(Decoder(spec, Path()), data) == []


def test_hostile_bytes(spec: EncoderSpec) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        decoder = Decoder(spec, Path())
        judge_decoder(decoder, hostile_bytes(spec, MILLION, rng), step=1 + int(rng.integers(100_000)))
        assert decoder.report.packets > 100
        assert decoder.report.refused > 100
