"""Numbers behind reserved symbols: written, read, compiled and not, and refused where no encoder sends them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae.bitstream.bits import BitReader, golomb
from spikecae.bitstream.huffman import code_lengths, code_words, decode_blocks, encode_blocks
from spikecae.bitstream.packets import MAX_PAYLOAD, Sidecar
from spikecae.bitstream.payload import read_blocks, write_blocks
from spikecae.codec import Decoder
from spikecae.errors import InputError
from spikecae.stages import GOLOMB, Symbols
from tests.linear_spec import random_linear_spec
from tests.spikecae.test_acceleration import both, outcome
from tests.spikecae.test_payload import like_a_spec, random_events, received, sealed

GROUP = Symbols((4, 9, 9), (0, GOLOMB, GOLOMB), (-1, 0, 0), order=1)
"""A symbol of four, the last reserved, and two numbers of 0..8."""
LENGTHS = [1, 2, 3, 3]


def group() -> SimpleNamespace:
    return like_a_spec([LENGTHS], GROUP, spikes=2)


@st.composite
def codes(draw: st.DrawFn) -> tuple[list[list[int]], Symbols]:
    """Some tables, and positions that have one, with up to three numbers behind each."""
    order = draw(st.integers(0, 5))
    most = (1 << ((16 + 1 + order) // 2)) - (1 << order)  # whose code has 16 bits at most
    tables = [code_lengths(draw(st.lists(st.integers(0, 99), min_size=2, max_size=9))).tolist() for _ in range(3)]
    positions = list[tuple[int, int, int]]()
    for table in draw(st.permutations(range(3))):
        place = len(positions)
        positions.append((len(tables[table]), table, -1))
        numbers = draw(st.lists(st.integers(1, most), max_size=3))
        positions += [(number, GOLOMB, place) for number in numbers]
    sizes, table_of, escaped_by = zip(*positions, strict=True)
    return tables, Symbols(sizes, table_of, escaped_by, order)


def random_indices(symbols: Symbols, blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Any that may be sent; of every other symbol the reserved one."""
    indices = np.zeros((blocks, len(symbols)), np.int32)
    for position, (size, by) in enumerate(zip(symbols.sizes, symbols.escaped_by, strict=True)):
        drawn = rng.integers(0, size, blocks)
        if by < 0:
            indices[:, position] = np.where(rng.random(blocks) < 0.5, size - 1, drawn)
        else:
            indices[:, position] = np.where(indices[:, by] == symbols.sizes[by] - 1, drawn, 0)
    return indices


def test_golomb_codes_worked_out_by_hand() -> None:
    """Order 0 is the code of H.264, section 9.1; of order 2, 5 is 5 + 4 = 1001, behind 4 - 3 zeros."""
    of_order_0 = ["1", "010", "011", "00100", "00101", "00110", "00111", "0001000"]
    of_order_2 = ["100", "101", "110", "111", "01000", "01001", "01010", "01011", "01100"]
    for order, expected in ((0, of_order_0), (2, of_order_2)):
        words, bits = golomb(range(len(expected)), order)
        assert [f"{word:0{width}b}" for word, width in zip(words, bits, strict=True)] == expected
        for number, code in enumerate(expected):
            padded = code.ljust(-(-len(code) // 8) * 8, "0")
            assert BitReader(int(padded, 2).to_bytes(len(padded) // 8, "big")).golomb(order) == number


def test_the_longest_code_is_that_of_the_largest_number() -> None:
    for order in range(6):
        for size in (1, 2, 3, 4, 9, 100, 257):
            assert Symbols((2, size), (0, GOLOMB), (-1, 0), order).golomb_bits == golomb(range(size), order)[1].max()
    assert Symbols((2,), (0,)).golomb_bits == 0


@given(codes(), st.integers(0, 99))
def test_numbers_are_sent_where_the_symbol_before_them_is_reserved(
    code: tuple[list[list[int]], Symbols], seed: int
) -> None:
    tables, symbols = [np.array(lengths, np.uint8) for lengths in code[0]], code[1]
    indices = random_indices(symbols, 9, np.random.default_rng(seed))
    words, lengths = code_words(indices, tables, symbols)
    for row in range(9):
        for position, (table, by) in enumerate(zip(symbols.tables, symbols.escaped_by, strict=True)):
            if table != GOLOMB:
                assert lengths[row, position] == tables[table][indices[row, position]]
            elif indices[row, by] == symbols.sizes[by] - 1:
                word, length = golomb(indices[row, position], symbols.order)
                assert (words[row, position], lengths[row, position]) == (word, length)
            else:
                assert lengths[row, position] == 0
    assert np.array_equal(decode_blocks(encode_blocks(indices, tables, symbols), tables, symbols), indices)


@settings(max_examples=200)
@given(st.data())
def test_packets_give_the_same_blocks_or_the_same_refusal(data: st.DataObject) -> None:
    """Compiled and not; as they were sent, and damaged behind the back of their checksums."""
    tables, symbols = data.draw(codes())
    spec, rng = like_a_spec(tables, symbols, spikes=3), np.random.default_rng(data.draw(st.integers(0, 9999)))
    count, sidecar = data.draw(st.integers(1, 6)), data.draw(st.sampled_from(Sidecar))
    indices = random_indices(symbols, count, rng)
    events = random_events(rng, sidecar, count, 3 * count)
    (packet,) = received(write_blocks(spec, indices, blocks_per_packet=255, events=events))
    for blocks in both(lambda: read_blocks(spec, packet).indices.tolist()):
        assert blocks == indices.tolist()
    payload = bytearray(packet.payload)
    for _ in range(data.draw(st.integers(1, 3))):
        payload[rng.integers(len(payload))] ^= 1 << int(rng.integers(8))
    damaged = sealed(bytes(payload), count=count, sidecar=packet.header.sidecar)
    compiled, plain = both(lambda: outcome(spec, damaged))
    assert compiled == plain


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ("111 001010 001011", "packet 5 of 2 blocks: the escape at position 2 of block 0 is 9, 8 at most"),
        ("0 111 10 00010000", "packet 5 of 2 blocks: the escape at position 2 of block 1 is 14, 8 at most"),
        ("111" + "0" * 37, "a number of more than 32 bits"),
        ("111 001010", "its payload ends 1 bits too early"),
    ],
)
def test_a_number_beyond_the_encoders_is_named(bits: str, reason: str) -> None:
    bits = bits.replace(" ", "")
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    for said in both(lambda: outcome(group(), sealed(data, count=2))):
        assert reason in said


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ("111 001010 001011", "payload of block 0: index 2 is 9, 8 at most"),
        ("111 001010 00010000", "payload of block 0: index 2 is 14, 8 at most"),
        ("111 001010 00000000", "payload of block 0 ends within index 2 of 3"),
        ("111 001010 000000000001" + "0" * 40, "payload of block 0: index 2 is 65536, 8 at most"),
    ],
)
def test_it_is_when_blocks_are_decoded_together(bits: str, reason: str) -> None:
    bits = bits.replace(" ", "")
    bits += "0" * (-len(bits) % 8)
    with pytest.raises(ValueError, match=reason):
        decode_blocks([int(bits, 2).to_bytes(len(bits) // 8, "big")], [np.array(LENGTHS, np.uint8)], GROUP)


@pytest.mark.parametrize(
    ("indices", "reason"),
    [
        ([3, 9, 0], "index 9 at position 1 is outside the 9 numbers that its escape can be; give the indices"),
        ([3, 0, -1], "index -1 at position 2 is outside the 9 numbers"),
        ([4, 0, 0], "index 4 at position 0 is outside the 4 symbols that its code table has"),
        ([2, 0, 5], "index 5 at position 2 must be 0: it is sent only where position 0 has its last symbol, 3, and"),
    ],
)
def test_what_would_not_be_sent_is_not_written(indices: list[int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write_blocks(group(), np.array([[0, 0, 0], indices]), blocks_per_packet=2)


def test_what_no_packet_has_is_not_decoded() -> None:
    spec = random_linear_spec(2, 16, 3, joint=False, classes=4, seed=0)
    decoder, symbols = Decoder(spec, "none.onnx"), spec.symbols
    escape = symbols.tables.index(GOLOMB)
    by = symbols.escaped_by[escape]
    last = symbols.sizes[by] - 1
    indices = np.zeros((2, len(symbols)), np.uint16)
    indices[1, by], indices[1, escape] = last, 7
    assert np.isfinite(decoder.latents(indices)).all()
    indices[1, by] = last - 1
    with pytest.raises(InputError, match=f"block 1, index {escape} is 7, and must be 0 where index {by} is not {last}"):
        decoder.latents(indices)
    indices[1, escape] = symbols.sizes[escape]
    with pytest.raises(
        InputError, match=rf"index {escape} is \d+, and must lie in 0\.\.{symbols.sizes[escape] - 1} for"
    ):
        decoder.latents(indices)


@pytest.mark.parametrize("blocks_per_packet", [4, 255])
def test_escapes_close_packets_early(blocks_per_packet: int) -> None:
    """Where every other block has 200 of them."""
    order, most = 2, 256 - 4
    positions = [(2, 0, -1), *[(most, GOLOMB, 0)] * 200]
    sizes, tables, escaped_by = zip(*positions, strict=True)
    spec = like_a_spec([[1, 1]], Symbols(sizes, tables, escaped_by, order), spikes=1)
    indices = np.zeros((60, 201), np.int32)
    indices[::2, 0], indices[::2, 1:] = 1, most - 1
    packets = received(write_blocks(spec, indices, blocks_per_packet=blocks_per_packet))
    bits = 1 + 200 * spec.symbols.golomb_bits
    fit = 2 * (8 * MAX_PAYLOAD // (bits + 1))
    assert [packet.header.count for packet in packets][:2] == [min(fit, blocks_per_packet)] * 2
    assert np.array_equal(np.concatenate([read_blocks(spec, packet).indices for packet in packets]), indices)
