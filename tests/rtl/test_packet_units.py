"""The units between indices and packets one by one: what they make, and in how many cycles, as their docstrings say."""

from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Signal

from rtl.packets.bit_packer import BitPacker
from rtl.packets.block_writer import BlockWriter
from rtl.packets.event_coder import EventCoder
from rtl.packets.huffman_coder import HuffmanCoder
from rtl.packets.item_coder import ItemCoder
from rtl.packets.packetizer import Packetizer
from rtl.packets.raw_path import RawPath
from spikecae.bitstream.packets import Header, frame
from tests.rtl.components import latency_of
from tests.rtl.streams import Port, run


def bit_strings(text: list[str]) -> list[int]:
    """Payloads of strings of zeros and ones."""
    return [int(bits.ljust(16, "0"), 2) | (len(bits) - 1) << 16 for bits in text]


def random_codes(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(["0", "1"], rng.integers(1, 17))) for _ in range(count)]


def as_bytes(text: str) -> list[int]:
    padded = text.ljust(-(-len(text) // 8) * 8, "0")
    return [int(padded[n : n + 8], 2) for n in range(0, len(padded), 8)]


@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_bit_strings_become_bytes(pause: float) -> None:
    codes = random_codes(60, 1)
    whole = as_bytes("".join(codes))[: len("".join(codes)) // 8]
    dut = BitPacker()
    sink = Port(dut.o, count=len(whole), pause=pause)
    run(dut, [Port(dut.i, bit_strings(codes), pause=pause)], [sink])
    assert sink.got == whole, "bits that do not fill a byte wait"
    dut = BitPacker()
    sink = Port(dut.o, count=8)
    run(dut, [Port(dut.i, bit_strings(["10110101"] * 8))], [sink])
    assert sink.cycles == [latency_of(BitPacker) + 2 * n for n in range(8)], "a cycle for a string, one for its byte"


@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_indices_become_codes(pause: float) -> None:
    """Two positions with tables of their own; the last position of a block is marked."""
    codes = random_codes(6, 2)
    table = [(len(bits) - 1) | int(bits.ljust(16, "0"), 2) << 4 for bits in codes]
    indices = np.random.default_rng(3).integers(0, 3, 40).tolist()
    dut = HuffmanCoder(2, 6, [0, 3])
    sink = Port(dut.o, count=40, pause=pause)
    run(dut, [Port(dut.i, indices, pause=pause)], [sink], tables=[(dut.table, table)])
    chosen = bit_strings([codes[index + 3 * (n % 2)] for n, index in enumerate(indices)])
    assert sink.got == [payload | (n % 2) << 20 for n, payload in enumerate(chosen)]
    if not pause:
        assert sink.cycles == [latency_of(HuffmanCoder) + 2 * n for n in range(40)]


def golomb(value: int, order: int) -> str:
    """Exponential Golomb code, written out."""
    bits = f"{value + (1 << order):b}"
    return "0" * (len(bits) - order - 1) + bits


def zigzag(step: int) -> int:
    return 2 * step if step >= 0 else -2 * step - 1


@pytest.mark.parametrize("pause", [0.0, 0.4])
@pytest.mark.parametrize("order", [1, 3])
def test_numbers_between_symbols_become_golomb_codes(order: int, pause: float) -> None:
    """The position of a symbol's table counts symbols only, and begins anew behind the last."""
    codes, rng = random_codes(6, 2), np.random.default_rng(5)
    table = [(len(bits) - 1) | int(bits.ljust(16, "0"), 2) << 4 for bits in codes]
    items, expected, position = [], [], 0
    for last in rng.integers(0, 2, 60).tolist():
        number = int(rng.integers(0, 250))
        if number % 3:
            items.append(number % 3 | last << 9)
            expected.append(codes[number % 3 + 3 * (position % 2)])
            position += 1
        else:
            items.append(number | 1 << 8 | last << 9)
            expected.append(golomb(number, order))
    dut = ItemCoder(8, 6, [0, 3], order)
    sink = Port(dut.o, count=60, pause=pause)
    run(dut, [Port(dut.i, items, pause=pause)], [sink], tables=[(dut.table, table)])
    ends = [item >> 9 for item in items]
    assert sink.got == [code | end << 20 for code, end in zip(bit_strings(expected), ends, strict=True)]
    if not pause:
        assert sink.cycles == [latency_of(ItemCoder) + 2 * n for n in range(60)]


@pytest.mark.parametrize("sidecar", [0, 1, 2])
def test_events_become_golomb_codes(sidecar: int) -> None:
    spikes, channel, times = 3, 700, [100_000, 100_900, 170_000]
    dut = EventCoder(spikes)
    text = ""
    if sidecar:
        text = golomb(zigzag(channel), 7) + golomb(zigzag(times[0]), 9)
    if sidecar == 2:
        text += "".join(golomb(later - time, 9) for time, later in pairwise(times))
    seen: list[tuple[int, int]] = []
    sink = Port(dut.o, count=len(text))
    run(
        dut,
        [Port(dut.events, [channel | time << 16 for time in times])],
        [sink],
        constants=[(dut.start, 1), (dut.first, 1), (dut.sidecar, sidecar)],
        extra=1 if sidecar else spikes + 3,
        watch=((dut.busy, dut.events.ready), lambda busy, ready: seen.append((busy, ready))),
    )
    assert "".join(map(str, sink.got))[: len(text)] == text
    if sidecar:
        bits = len(f"{zigzag(channel) + 128:b}")
        assert sink.cycles[0] == latency_of(EventCoder) - bits, "the first zero of the channel's code"
    else:
        assert [busy for busy, _ in seen[1 : spikes + 3]] == [1] * (spikes + 1) + [0]


def test_a_block_is_written_without_events() -> None:
    """Codes of eight bits: the first byte comes when the block's events were dropped."""
    codes, spikes = ["10110101"] * 4, 2
    table = [(len(bits) - 1) | int(bits.ljust(16, "0"), 2) << 4 for bits in codes]
    dut = BlockWriter(HuffmanCoder(2, 4, [0, 0, 0, 0]), spikes)
    sink = Port(dut.o, count=4)
    run(
        dut,
        [Port(dut.i, [0, 1, 2, 3]), Port(dut.events, [0] * spikes)],
        [sink],
        tables=[(dut.table, table)],
    )
    assert sink.got == [0b10110101] * 4
    assert sink.cycles[0] == spikes + latency_of(BlockWriter)
    assert np.diff(sink.cycles).tolist() == [2, 2, 2]


@pytest.mark.parametrize("sidecar", [0, 1])
@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_raw_samples_become_bytes(sidecar: int, pause: float) -> None:
    samples, codes = 4, np.random.default_rng(4).integers(-(1 << 15), 1 << 15, (3, 4))
    channel, time = 0x1234, 0x89ABCDEF
    dut = RawPath(samples)
    beats = [int(code) & 0xFFFF | (n == samples - 1) << 16 for spike in codes for n, code in enumerate(spike)]
    named = channel.to_bytes(2, "big") + time.to_bytes(4, "big") if sidecar else b""
    expected = b"".join(named + spike.astype(">i2").tobytes() for spike in codes)
    sink, ends = Port(dut.o, count=len(expected), pause=pause), []
    run(
        dut,
        [Port(dut.i, beats, pause=pause)],
        [sink],
        constants=[(dut.user, channel | time << 16), (dut.sidecar, sidecar)],
        watch=((dut.spike_end, dut.wrong_end), lambda *pulses: ends.append(pulses)),
    )
    assert bytes(sink.got) == expected
    assert (sum(end for end, _ in ends), sum(wrong for _, wrong in ends)) == (3, 0)
    if not pause:
        assert sink.cycles[0] == latency_of(RawPath)
        # Two cycles a sample, six for the name, one behind each spike.
        assert sink.cycles[-1] == 3 * (2 * samples + 6 * sidecar) + 2 - 1


@pytest.mark.parametrize("pause", [0.0, 0.4])
def test_a_packet_is_framed(pause: float) -> None:
    """One block, whose end is told a cycle behind its last byte."""
    payload = np.random.default_rng(5).bytes(20)
    told, ends = [], []
    expected = frame(Header(sequence=0, tag=0xBEEF, count=1, length=len(payload)), payload)

    class Framed(Packetizer):
        """With a block's end a cycle behind its last byte."""

        def elaborate(self, platform: object):
            m = super().elaborate(platform)
            taken = self.i.valid & self.i.ready
            length = Signal(8)
            with m.If(taken):
                m.d.sync += length.eq(length + 1)
            m.d.sync += self.block_end.eq(taken & (length == len(payload) - 1))
            return m

    dut = Framed(64, 2)
    sink = Port(dut.o, count=len(expected), pause=pause)
    run(
        dut,
        [Port(dut.i, list(payload), pause=pause)],
        [sink],
        constants=[(dut.limit, 1), (dut.tag, 0xBEEF), (dut.empty, 1)],
        watch=((dut.block_end, dut.sent), lambda end, sent: (told.append(end), ends.append(sent))),
    )
    assert bytes(word & 0xFF for word in sink.got) == expected
    assert [word >> 8 for word in sink.got] == [0] * (len(expected) - 1) + [1]
    assert sum(ends) == 1
    if not pause:
        assert sink.cycles[0] == told.index(1) + latency_of(Packetizer)
        assert np.diff(sink.cycles).tolist() == [1] * (len(expected) - 1)
