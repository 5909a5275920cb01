import heapq
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.bitstream.huffman import code_lengths, code_words, decode_blocks, encode_blocks, pack_bits
from spikecae.canonical_code import MAX_LENGTH, canonical_codes, check_lengths
from spikecae.stages import Symbols


def huffman_cost(counts: list[int]) -> int:
    """Total bits of an optimal code: the sum of all merged weights (Huffman 1952)."""
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=60))
def test_lengths_are_optimal_where_the_limit_does_not_bind(counts: list[int]) -> None:
    lengths = code_lengths(counts)
    check_lengths(lengths)
    assert (lengths.astype(int) * counts).sum() == huffman_cost(counts)


@pytest.mark.parametrize("limit", [3, 4, 5])
def test_lengths_are_the_best_of_all_under_a_limit_that_binds(limit: int) -> None:
    counts = np.array([1, 1, 2, 3, 5, 8])  # Fibonacci: unlimited, the longest code has 5 bits
    best = min(
        (np.array(lengths) * counts).sum()
        for lengths in itertools.product(range(1, limit + 1), repeat=6)
        if sum(2.0**-length for length in lengths) <= 1
    )
    lengths = code_lengths(counts, limit)
    assert lengths.max() <= limit
    assert (lengths * counts).sum() == best


def test_two_thousand_codewords_of_steep_counts_stay_within_sixteen_bits() -> None:
    lengths = code_lengths(np.concatenate([2.0 ** np.arange(40), np.zeros(2008)]))
    check_lengths(lengths)
    assert lengths.max() <= MAX_LENGTH
    assert lengths[39] == 1


def test_symbols_never_seen_can_be_coded() -> None:
    assert np.array_equal(code_lengths([0, 0, 0, 100]), code_lengths([1, 1, 1, 100]))
    assert code_lengths([5]).tolist() == [1]


@pytest.mark.parametrize("counts", [[], [[1, 2]], [1, -1], [1, float("nan")], [1, float("inf")]])
def test_counts_that_are_none_are_refused(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="counts must be"):
        code_lengths(counts)


def test_too_many_symbols_for_the_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="5 symbols cannot be coded in 2 bits"):
        code_lengths([1] * 5, limit=2)


def test_canonical_codes_of_rfc_1951() -> None:
    """The example of its section 3.2.2: A to H."""
    lengths = np.array([3, 3, 3, 3, 3, 2, 4, 4], dtype=np.uint8)
    codes = [f"{code:0{length}b}" for code, length in zip(canonical_codes(lengths), lengths, strict=True)]
    assert codes == ["010", "011", "100", "101", "110", "00", "1110", "1111"]


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=100))
def test_no_code_is_the_beginning_of_another(counts: list[int]) -> None:
    lengths = code_lengths(counts)
    codes = sorted(f"{code:0{length}b}" for code, length in zip(canonical_codes(lengths), lengths, strict=True))
    assert not any(second.startswith(first) for first, second in itertools.pairwise(codes))
    assert sum(2.0 ** -len(code) for code in codes) == 1


@pytest.mark.parametrize(
    ("lengths", "reason"),
    [
        ([1, 1, 1], "over-full"),
        ([2, 2, 2], "incomplete"),
        ([0, 1], "must lie in"),
        ([17, 1], "must lie in"),
        ([], "empty"),
    ],
)
def test_tables_that_are_no_code_are_refused(lengths: list[int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_lengths(np.array(lengths, dtype=np.uint8))


def test_bits_are_packed_most_significant_first() -> None:
    assert pack_bits(np.array([0b1, 0b0110, 0b101]), np.array([1, 4, 3])) == bytes([0b10110101])
    assert pack_bits(np.array([0b11]), np.array([2])) == bytes([0b11000000])
    assert pack_bits(np.array([], dtype=int), np.array([], dtype=int)) == b""


@given(st.data())
def test_blocks_survive_the_trip_and_are_the_concatenated_codes(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.lists(st.integers(0, 10**5), min_size=1, max_size=40), min_size=1, max_size=3))
    tables = [code_lengths(row) for row in counts]
    table_of = data.draw(st.lists(st.integers(0, len(tables) - 1), min_size=1, max_size=12))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    indices = np.stack([rng.integers(0, tables[t].size, 7) for t in table_of], axis=1)
    symbols = Symbols(tuple(tables[t].size for t in table_of), tuple(table_of))
    payloads = encode_blocks(indices, tables, symbols)
    for row, payload in zip(indices, payloads, strict=True):
        bits = "".join(
            f"{canonical_codes(tables[t])[index]:0{tables[t][index]}b}" for t, index in zip(table_of, row, strict=True)
        )
        assert len(payload) == -(-len(bits) // 8)
        assert f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}" == bits.ljust(8 * len(payload), "0")
    assert np.array_equal(decode_blocks(payloads, tables, symbols), indices)


@given(st.binary(max_size=12))
def test_any_bytes_decode_or_are_refused(payload: bytes) -> None:
    table, symbols = code_lengths([1, 2, 4, 8, 16]), Symbols((5,) * 8, (0,) * 8)
    try:
        indices = decode_blocks([payload], [table], symbols)
    except ValueError:
        return
    used = int(code_words(indices, [table], symbols)[1].sum())
    assert used <= 8 * len(payload)
    again = encode_blocks(indices, [table], symbols)[0]
    assert f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}"[:used] == "".join(f"{b:08b}" for b in again)[:used]


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_outside_its_table_is_named(index: int) -> None:
    with pytest.raises(ValueError, match=f"index {index} at position 1"):
        encode_blocks(np.array([[0, index]]), [code_lengths([1] * 5)], Symbols((5, 5), (0, 0)))


def test_a_short_payload_names_its_block() -> None:
    table = code_lengths([1] * 16)  # four bits each
    with pytest.raises(ValueError, match="block 1 ends within index 2 of 4"):
        decode_blocks([b"\x12\x34", b"\x12"], [table], Symbols((16,) * 4, (0,) * 4))
