"""Compiled kernels and NumPy must give the same, bit for bit; and both what plain integers give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae import acceleration
from spikecae.bitstream.huffman import code_lengths, pack_bits
from spikecae.bitstream.packets import PacketReader, Sidecar
from spikecae.bitstream.payload import Events, PayloadError, read_blocks, write_blocks
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.golden.nearest import nearest
from spikecae.stages import Codebook
from tests.random_spec import random_adc, random_spec
from tests.spikecae.test_payload import code, sealed

pytest.importorskip("numba", reason="the extra 'fast' is not installed")


@contextmanager
def numpy_only() -> Iterator[None]:
    kernels, acceleration.kernels = acceleration.kernels, lambda: None
    try:
        yield
    finally:
        acceleration.kernels = kernels


def both(function: Callable[[], object]) -> list[object]:
    with numpy_only():
        plain = function()
    return [function(), plain]


def brute_force(codebook: Codebook, y: np.ndarray) -> list[int]:
    words, bias = codebook.words.astype(object), codebook.bias.astype(object)
    scores = bias - 2 * y.astype(object) @ words.T
    return [min(range(len(row)), key=lambda k: (row[k], k)) for row in scores.tolist()]


@pytest.mark.parametrize("codewords", [2, 5, 16, 33, 256])
@pytest.mark.parametrize("length", [1, 4, 12])
def test_search_finds_the_lowest_of_the_best(codewords: int, length: int) -> None:
    rng = np.random.default_rng(codewords * length)
    words = rng.integers(-3, 4, (codewords, length)).astype(np.int8)  # many ties
    codebook = Codebook(words, rng.integers(0, 18, codewords).astype(np.int32))
    y = rng.integers(-4, 5, (40, length)).astype(np.int8)
    for found in both(lambda: nearest(codebook, y)):
        assert found.tolist() == brute_force(codebook, y)


@pytest.mark.parametrize("bias", [1 << 17, 1 << 23, (1 << 31) - 1 - (1 << 20)])
def test_search_is_exact_whatever_the_width_of_scores(bias: int) -> None:
    """Scores of 24 bits leave float32; with their index, those of 22 leave 32-bit integers."""
    rng = np.random.default_rng(bias % 1000)
    words = np.repeat(rng.integers(-128, 128, (300, 8)), 2, axis=0).astype(np.int8)
    codebook = Codebook(words, (bias + rng.integers(0, 3, 600)).astype(np.int32))
    codebook.bias[::7] -= bias // 2
    y = rng.integers(-128, 128, (60, 8)).astype(np.int8)
    for found in both(lambda: nearest(codebook, y)):
        assert found.tolist() == brute_force(codebook, y)


def test_no_vectors_have_no_codewords() -> None:
    codebook = Codebook(np.ones((3, 2), np.int8), np.zeros(3, np.int32))
    for found in both(lambda: nearest(codebook, np.empty((0, 2), np.int8))):
        assert found.shape == (0,)


@given(st.lists(st.integers(0, 58).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n))), max_size=40))
def test_bits_are_packed_alike(fields: list[tuple[int, int]]) -> None:
    words, lengths = (np.array([field[i] for field in fields], np.int64) for i in (0, 1))
    bits = "".join(f"{word:0{length}b}" for word, length in fields if length)
    for packed in both(lambda: pack_bits(words, lengths)):
        assert "".join(f"{byte:08b}" for byte in packed) == bits + "0" * (-len(bits) % 8)


def test_the_whole_encoder_gives_the_same(tiny: Design) -> None:
    spec, adc = random_spec(tiny, seed=3), random_adc(tiny, 300, seed=3)
    compiled, plain = both(lambda: encode(spec, adc))
    assert np.array_equal(compiled.indices, plain.indices)
    assert compiled.payloads == plain.payloads


def outcome(spec: object, packet: object) -> object:
    try:
        blocks = read_blocks(spec, packet)
    except PayloadError as error:
        return str(error)
    events = blocks.events and (blocks.events.channels.tolist(), blocks.events.times.tolist())
    return blocks.indices.tolist(), blocks.present.tolist(), events


@settings(max_examples=300)
@given(st.data())
def test_any_payload_gives_the_same_blocks_or_the_same_refusal(data: st.DataObject) -> None:
    """A packet that was sent, then damaged behind the back of its checksums."""
    rng = np.random.default_rng(data.draw(st.integers(0, 9999)))
    spec = code(code_lengths(rng.pareto(1, 20) * 9).tolist(), indices=data.draw(st.integers(1, 5)), spikes=3)
    count, sidecar = data.draw(st.integers(1, 6)), data.draw(st.sampled_from(Sidecar))
    missing = data.draw(st.integers(0, 2)) if sidecar is not Sidecar.BLOCK and count > 1 else 0
    times = {Sidecar.NONE: 0, Sidecar.BLOCK: count, Sidecar.SPIKE: 3 * count - missing}[sidecar]
    events = Events(rng.integers(0, 1 << 16, count), np.cumsum(rng.integers(0, 1 << 31, times)))
    packets = write_blocks(
        spec,
        rng.integers(0, 20, (count, len(spec.symbols))),
        blocks_per_packet=255,
        events=events if sidecar else None,
        missing=missing,
    )
    (packet,) = PacketReader().feed(packets[0])
    payload = bytearray(packet.payload)
    for _ in range(data.draw(st.integers(0, 3))):
        payload[rng.integers(len(payload))] ^= 1 << int(rng.integers(8))
    payload = bytes(payload[: len(payload) - data.draw(st.integers(0, len(payload) - 1))])
    damaged = sealed(payload, count=count, missing=missing, sidecar=packet.header.sidecar)
    compiled, plain = both(lambda: outcome(spec, damaged))
    assert compiled == plain
