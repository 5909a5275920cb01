"""A ``.scae`` file that was cut, changed or mixed up is told from a whole one, and what it lacks is counted."""

import io
import json
import os
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikecae.bitstream.packets import Gap, PacketReader
from spikecae.codec import CodedPacket, Decoder, Encoder
from spikecae.codec.account import Account
from spikecae.codec.container import (
    END,
    ContainerError,
    ContainerReader,
    ContainerWriter,
    End,
    FileHeader,
    file_header,
    write_header,
)
from spikecae.design import Adc, Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc
from tests.spikecae.command import SHIPPED, Run

BLOCKS, PER_PACKET = 42, 4


def written(spec: EncoderSpec, tiny: Design, *, counted: bool = True, blocks: int = BLOCKS) -> bytes:
    file = io.BytesIO()
    encoder = Encoder(spec, PER_PACKET)
    header = file_header(spec, Adc(bits=10, lsb=1.0), "uV", blocks=blocks if counted else None)
    container = ContainerWriter(file, header)
    container.write(encoder.encode(random_adc(tiny, blocks, seed=1)))
    container.write(encoder.flush())
    container.close()
    return file.getvalue()


@pytest.fixture(scope="module")
def sound(spec: EncoderSpec, tiny: Design) -> bytes:
    return written(spec, tiny)


@pytest.fixture(scope="module")
def indices(spec: EncoderSpec, tiny: Design) -> np.ndarray:
    return encode(spec, random_adc(tiny, BLOCKS, seed=1)).indices


def packets_from(data: bytes) -> int:
    """Where the packets of a file begin."""
    return 16 + int.from_bytes(data[8:12], "big")


def ends_of_packets(data: bytes) -> list[int]:
    """Where each packet ends, by the lengths in their headers."""
    at, ends = packets_from(data), []
    while at < len(data) - END.size:
        at += 13 + (int.from_bytes(data[at + 8 : at + 10], "big") & 0xFFF)
        ends.append(at)
    return ends


def read(spec: EncoderSpec, data: bytes) -> tuple[Account, list[CodedPacket]]:
    container = ContainerReader(io.BytesIO(data))
    decoder = Decoder(spec, "none.onnx")
    found = [item for piece in container.pieces() for item in decoder.feed(piece)] + decoder.close()
    gaps = tuple(item for item in found if isinstance(item, Gap))
    return Account(container, decoder.report, gaps), [item for item in found if isinstance(item, CodedPacket)]


def test_a_whole_file_has_no_faults(spec: EncoderSpec, tiny: Design) -> None:
    for counted in (True, False):
        account, _ = read(spec, written(spec, tiny, counted=counted))
        assert account.faults == []
        assert (account.blocks_expected, account.blocks_missing, account.packets_lost) == (BLOCKS, 0, 0)


def test_the_end_record_is_laid_out_as_documented(sound: bytes) -> None:
    ends, end = ends_of_packets(sound), sound[-48:]
    first = packets_from(sound)
    assert end[:8] == bytes.fromhex("8a 53 43 41 45 45 4e 44")
    numbers = [int.from_bytes(end[at : at + 8], "big") for at in range(8, 40, 8)]
    assert numbers == [len(ends), BLOCKS, 0, ends[-1] - first]

    def crc32(data: bytes) -> int:  # bit by bit, as zlib's
        register = 0xFFFFFFFF
        for byte in data:
            register ^= byte
            for _ in range(8):
                register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
        return register ^ 0xFFFFFFFF

    assert int.from_bytes(end[40:44], "big") == crc32(sound[first : ends[-1]])
    assert int.from_bytes(end[44:48], "big") == crc32(end[:44])


@pytest.mark.parametrize("counted", [True, False])
def test_a_cut_at_any_byte_is_noticed_and_counted(spec: EncoderSpec, tiny: Design, counted: bool) -> None:
    data = written(spec, tiny, counted=counted)
    first, ends = packets_from(data), ends_of_packets(data)
    assert len(ends) == 11
    for at in range(len(data)):
        if at < first:
            with pytest.raises(ContainerError):
                read(spec, data[:at])
            continue
        account, _ = read(spec, data[:at])
        assert "its end is missing" in account.faults[1 if account.blocks_missing else 0]
        arrived = min(BLOCKS, PER_PACKET * sum(end <= at for end in ends))
        assert account.link.blocks == arrived
        assert account.blocks_missing == (BLOCKS - arrived if counted else None)
        if not counted:
            assert "how many blocks it should hold is not known" in account.faults
        elif arrived < BLOCKS:
            assert f"{BLOCKS - arrived} of {BLOCKS} blocks missing" in account.faults[0]


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_change_at_any_byte_is_noticed_and_counted(
    spec: EncoderSpec, sound: bytes, indices: np.ndarray, mask: int
) -> None:
    first, ends = packets_from(sound), ends_of_packets(sound)
    for at in range(len(sound)):
        data = sound[:at] + bytes([sound[at] ^ mask]) + sound[at + 1 :]
        if at < first:
            with pytest.raises(ContainerError):
                read(spec, data)
            continue
        account, packets = read(spec, data)
        assert account.faults
        assert account.blocks_missing == BLOCKS - account.link.blocks
        hit = [number for number, (low, high) in enumerate(pairwise([first, *ends])) if low <= at < high]
        arrived = [packet.header.sequence for packet in packets]
        assert arrived == [number for number in range(len(ends)) if number not in hit]
        for packet in packets:
            start = PER_PACKET * packet.header.sequence
            assert np.array_equal(packet.blocks.indices, indices[start : start + packet.header.count])
        if hit:
            assert f"of {BLOCKS} blocks missing" in account.faults[0]
            assert "1 packet lost" in "; ".join(account.faults)


@settings(max_examples=300)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 60), st.binary(max_size=20)), min_size=1, max_size=4)
)
@example(cuts=[(300, 0, b"")])
def test_no_edit_passes_for_the_whole(spec: EncoderSpec, sound: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    data = sound
    for at, length, put in cuts:
        data = data[:at] + put + data[at + length :]
    try:
        account, _ = read(spec, data)
    except ContainerError:
        return
    assert bool(account.faults) == (data != sound)


def test_packets_left_out_repeated_or_swapped_are_noticed(spec: EncoderSpec, sound: bytes) -> None:
    first, ends = packets_from(sound), ends_of_packets(sound)
    packets = [sound[low:high] for low, high in pairwise([first, *ends])]

    def faults(order: list[int]) -> str:
        data = sound[:first] + b"".join(packets[number] for number in order) + sound[-END.size :]
        return "; ".join(read(spec, data)[0].faults)

    assert faults(list(range(11))) == ""
    assert faults([*range(10)]).startswith(f"2 of {BLOCKS} blocks missing; 1 packet lost")
    assert faults([*range(1, 11)]).startswith(f"4 of {BLOCKS} blocks missing; 1 packet lost")
    assert "2 packets lost (number 3 to 4)" in faults([0, 1, 2, *range(5, 11)])
    assert "1 packet repeated" in faults([*range(11), 3])
    assert "its checksum does not hold" in faults([1, 0, *range(2, 11)])


def test_more_packets_lost_in_a_row_than_their_numbers_tell(spec: EncoderSpec, tiny: Design) -> None:
    """Numbers count modulo 65536; the end record counts on."""
    file = io.BytesIO()
    encoder = Encoder(spec, 1)
    container = ContainerWriter(file, file_header(spec, Adc(bits=10, lsb=1.0), "uV"))
    some = np.tile(random_adc(tiny, 64, seed=2), (32, 1, 1))
    for _ in range(34):
        container.write(encoder.encode(some))
    container.close()
    data = file.getvalue()
    first, ends = packets_from(data), ends_of_packets(data)
    assert len(ends) == 34 * 2048 > 65536
    account, _ = read(spec, data[: ends[99]] + data[ends[99 + 65536] :])
    assert account.gaps == ()
    assert account.blocks_missing == 65536
    assert account.packets_lost == 65536
    assert first < ends[0]


def test_what_is_not_whole_packets_is_not_written(spec: EncoderSpec, tiny: Design) -> None:
    encoder = Encoder(spec, 4)
    packets = encoder.encode(random_adc(tiny, 8, seed=3))
    for wrong in (packets[:-1], packets + b"\0", packets[1:]):
        container = ContainerWriter(io.BytesIO(), file_header(spec, Adc(bits=10, lsb=1.0), "uV"))
        with pytest.raises(ValueError, match="are not whole packets"):
            container.write(wrong)


def test_an_end_record_is_found_only_where_it_is_one(sound: bytes) -> None:
    end = End.from_bytes(sound[-END.size :])
    assert end is not None
    assert end.to_bytes() == sound[-END.size :]
    assert End.from_bytes(sound[-END.size :][:-1]) is None
    assert End.from_bytes(bytes(END.size)) is None


# The command


@pytest.fixture
def files(run: Run, tiny: Design, tmp_path: Path) -> bytes:
    """``in.npy`` of 100 blocks, ``x.scae`` of it, ``cut.scae`` half of that; the bytes of ``x.scae``."""
    np.save(tmp_path / "in.npy", random_adc(tiny, 100, seed=4))
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED)
    data = (tmp_path / "x.scae").read_bytes()
    middle = packets_from(data) + (len(data) - packets_from(data)) // 3
    (tmp_path / "cut.scae").write_bytes(data[:middle])
    return data


def test_a_cut_file_writes_nothing_unless_told_to(run: Run, files: bytes, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    decode = ("decode", "cut.scae", "out.npz", "--spec", SHIPPED, "--latents")
    said = run(*decode, status=1)
    assert said.startswith("error: cut.scae is damaged: 68 of 100 blocks missing; its end is missing: it was cut short")
    assert "Nothing was written" in said
    assert not out.exists()

    run("decode", "x.scae", "out.npz", "--spec", SHIPPED, "--latents")
    good = out.read_bytes()
    run(*decode, status=1)
    assert "out.npz stays, as less might replace it" in run(*decode, "--keep-going", status=1)
    assert out.read_bytes() == good

    said = run("decode", "cut.scae", "left.npz", "--spec", SHIPPED, "--latents", "--keep-going")
    assert "32 blocks in 2 packets" in said
    assert "68 of 100 blocks missing" in said
    with np.load(tmp_path / "left.npz") as left, np.load(out) as whole:
        assert np.array_equal(left["indices"], whole["indices"][:32])
    run(*decode, "--keep-going", "--overwrite")
    assert out.read_bytes() == (tmp_path / "left.npz").read_bytes()


def test_a_damaged_packet_is_named(run: Run, files: bytes, tmp_path: Path) -> None:
    data = bytearray(files)
    data[ends_of_packets(files)[2] - 5] ^= 0xFF
    (tmp_path / "x.scae").write_bytes(data)
    reason = "16 of 100 blocks missing; 1 packet lost (number 2); 1 packet damaged"
    assert reason in run("decode", "x.scae", "out.npz", "--spec", SHIPPED, status=1)
    assert reason in run("inspect", "x.scae", status=1)
    assert reason in run("inspect", "x.scae", "--keep-going")
    assert reason in run("decode", "x.scae", "out.npz", "--spec", SHIPPED, "--keep-going", "--latents")
    with np.load(tmp_path / "out.npz") as out:
        assert np.unique(out["packets"]).tolist() == [0, 1, 3, 4, 5, 6]


def test_what_is_missing_is_told_to_programs_too(run: Run, files: bytes) -> None:
    for command in (("inspect", "cut.scae"), ("decode", "cut.scae", "out.npz", "--spec", SHIPPED, "--latents")):
        for status, more in ((1, ()), (0, ("--keep-going",))):
            told = json.loads(run(*command, *more, "--json", status=status, stdout=True))
            assert told["contents"]["whole"] is False
            assert told["contents"]["blocks"] == 32
            assert told["contents"]["blocks_expected"] == 100
            assert told["contents"]["blocks_missing"] == 68
            if command[0] == "decode":
                assert told["target"] == (None if status else "out.npz")


def test_a_file_of_the_first_version_is_read_and_said_to_lack_a_count(
    run: Run, tiny: Design, shipped: EncoderSpec, tmp_path: Path
) -> None:
    encoder = Encoder(shipped)
    old = {"schema_version": 1, "design": "tiny", "spec_hash": shipped.hash, "spikes": 2, "samples": 16}
    header = FileHeader(**old, adc=tiny.adc, unit="uV")
    with open(tmp_path / "old.scae", "wb") as file:
        write_header(file, header)
        file.write(encoder.encode(random_adc(tiny, 40, seed=5)) + encoder.flush())
    said = run("decode", "old.scae", "out.npz", "--spec", SHIPPED, "--latents")
    assert "40 blocks in 3 packets" in said
    assert "of an older version, without a count" in said
    assert "without a count" in run("inspect", "old.scae")
    data = (tmp_path / "old.scae").read_bytes()
    (tmp_path / "cut.scae").write_bytes(data[:-3])
    assert "bytes belong to no valid packet" in run("inspect", "cut.scae", status=1)


def test_a_file_comes_through_a_pipe(run: Run, files: bytes, tmp_path: Path) -> None:
    """``inspect`` reads from front to end."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(files,))
    writer.start()
    assert "100 of 100" in run("inspect", "pipe")
    writer.join()


def test_the_end_record_is_no_packet(sound: bytes) -> None:
    assert PacketReader().feed(sound[-END.size :]) == []
