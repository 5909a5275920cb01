import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikecae.bitstream.bits import BitReader, golomb, signed_difference, unzigzag, zigzag
from spikecae.bitstream.huffman import pack_bits


@pytest.mark.parametrize(
    ("number", "order", "code"),
    [(0, 0, "1"), (1, 0, "010"), (2, 0, "011"), (3, 0, "00100"), (6, 0, "00111"), (0, 2, "100"), (5, 2, "01001")],
)
def test_exponential_golomb_codes_of_the_literature(number: int, order: int, code: str) -> None:
    word, length = golomb(number, order)
    assert f"{word:0{length}b}" == code


@given(st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, 12)), max_size=30))
def test_numbers_survive_the_trip(numbers: list[tuple[int, int]]) -> None:
    words, lengths = golomb([number for number, _ in numbers], [order for _, order in numbers])
    data = pack_bits(words, lengths)
    assert len(data) == -(-int(lengths.sum()) // 8)
    reader = BitReader(data)
    assert [reader.golomb(order) for _, order in numbers] == [number for number, _ in numbers]
    reader.finish()


@given(st.binary(max_size=20), st.lists(st.integers(0, 30), max_size=8))
def test_fields_are_read_in_order(data: bytes, widths: list[int]) -> None:
    bits = "".join(f"{byte:08b}" for byte in data)
    reader, at = BitReader(data), 0
    for width in widths:
        assert f"{reader.peek16():016b}" == bits[at : at + 16].ljust(16, "0")
        if at + width > len(bits):
            with pytest.raises(EOFError, match=f"{at + width - len(bits)} bits too early"):
                reader.take(width)
            return
        assert reader.take(width) == int(bits[at : at + width] or "0", 2)
        at += width


def test_only_the_zeros_of_the_last_byte_may_be_left() -> None:
    for data, taken in ((b"\xff\x00", 8), (b"\xff\x01", 9)):
        reader = BitReader(data)
        reader.skip(taken)
        with pytest.raises(EOFError, match="after the last index"):
            reader.finish()


@given(st.integers(-(1 << 40), 1 << 40))
def test_zigzag_keeps_small_numbers_small(number: int) -> None:
    assert unzigzag(zigzag(number)) == number
    assert zigzag(number) <= 2 * abs(number)


def test_zigzag_in_order() -> None:
    assert [zigzag(number) for number in (0, -1, 1, -2, 2)] == [0, 1, 2, 3, 4]


@given(st.integers(0, (1 << 34) - 1), st.integers(0, (1 << 34) - 1))
def test_differences_wrap(later: int, earlier: int) -> None:
    difference = signed_difference(later, earlier)
    assert -(1 << 31) <= difference < 1 << 31
    assert (earlier + difference - later) % (1 << 32) == 0
