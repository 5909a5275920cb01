"""Packets of several operating points of a chip, in one stream and in one file."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from spikecae.codec import CodedPacket, Decoder, Encoder, Refused
from spikecae.codec.container import ContainerReader, ContainerWriter, file_header, read_header, write_header
from spikecae.design import Adc
from spikecae.design.point_folder import point_folder
from spikecae.errors import InputError
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, SpecError, save_spec
from tests.linear_spec import linear_adc, random_linear_spec
from tests.spikecae.command import Run
from tests.spikecae.test_linear_codec import save_network
from tests.spikecae.test_operating_points import coarser

ADC = Adc(bits=10, lsb=2.5)
NO_NETWORK = "none.onnx"
FIRST = random_linear_spec(3, 16, 10, joint=False, classes=6, seed=4)
POINTS = (FIRST, coarser(FIRST, 2), coarser(FIRST, 3))
FURTHER = [(point, NO_NETWORK) for point in POINTS[1:]]
BLOCKS = linear_adc(FIRST, 60, seed=8)
PARTS = ((0, BLOCKS[:17]), (2, BLOCKS[17:30]), (1, BLOCKS[30:33]), (0, BLOCKS[33:]))
"""Point and blocks, one after the other."""


def mixture(encoder: Encoder) -> bytes:
    """All parts in one stream."""
    stream = b""
    for number, part in PARTS:
        stream += encoder.switch(POINTS[number]) if encoder.spec is not POINTS[number] else b""
        stream += encoder.encode(part)
    return stream + encoder.flush()


def test_a_stream_that_switches_is_decoded_by_each_packets_point() -> None:
    decoder = Decoder(FIRST, NO_NETWORK, further=FURTHER)
    packets = decoder.feed(mixture(Encoder(FIRST, 5)))
    assert all(isinstance(packet, CodedPacket) and not packet.late for packet in packets)
    assert [packet.header.sequence for packet in packets] == list(range(len(packets)))
    for number, part in PARTS:
        tag = POINTS[number].tag
        own = [packets.pop(0) for _ in range(-(-len(part) // 5))]
        assert {packet.header.tag for packet in own} == {tag}
        indices = np.concatenate([packet.blocks.indices for packet in own])
        np.testing.assert_array_equal(indices, encode(POINTS[number], part).indices)
        np.testing.assert_array_equal(
            decoder.latents(indices, tag), Decoder(POINTS[number], NO_NETWORK).latents(indices)
        )
    assert not packets


def test_streams_of_several_encoders_may_follow_each_other() -> None:
    stream = b"".join((encoder := Encoder(point, 4)).encode(BLOCKS[:6]) + encoder.flush() for point in POINTS)
    decoder = Decoder(FIRST, NO_NETWORK, further=FURTHER)
    assert [packet.header.tag for packet in decoder.feed(stream)] == [p.tag for p in POINTS for _ in range(2)]
    assert decoder.report.blocks == 18


def test_a_point_that_is_not_at_hand_is_refused_alone() -> None:
    decoder = Decoder(FIRST, NO_NETWORK, further=FURTHER[:1])
    items = decoder.feed(mixture(Encoder(FIRST, 5)))
    refused = [item for item in items if isinstance(item, Refused)]
    assert {item.header.tag for item in refused} == {POINTS[2].tag}
    assert f"made by the spec tagged {POINTS[2].tag:04x}" in refused[0].reason
    assert decoder.report.blocks == len(BLOCKS) - len(PARTS[1][1])


def test_what_is_of_no_point_is_refused() -> None:
    other = random_linear_spec(3, 16, 10, joint=False, classes=6, seed=6)
    with pytest.raises(SpecError, match="operating point 1: "):
        Decoder(FIRST, NO_NETWORK, further=[(other, NO_NETWORK)])
    encoder = Encoder(FIRST, 5)
    with pytest.raises(SpecError, match="operating point 1: "):
        encoder.switch(other)
    assert encoder.spec is FIRST
    with pytest.raises(InputError, match=f"is of no operating point; this decoder knows {FIRST.tag:04x}$"):
        Decoder(FIRST, NO_NETWORK).latents(encode(FIRST, BLOCKS[:1]).indices, POINTS[1].tag)


def test_a_header_names_all_points_and_one_of_one_point_is_as_it_was() -> None:
    file = io.BytesIO()
    header = file_header(FIRST, ADC, "uV", further=POINTS[1:])
    write_header(file, header)
    file.seek(0)
    assert read_header(file) == header
    assert (header.schema_version, header.spec_hashes) == (3, tuple(point.hash for point in POINTS))
    alone = json.loads(file_header(FIRST, ADC, "uV").to_json())
    assert alone["schema_version"] == 2
    assert "further_spec_hashes" not in alone


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A folder with all points and their networks, each of other weights."""
    for number, point in enumerate(POINTS):
        folder = point_folder(tmp_path / "chip", number)
        save_spec(point, folder)
        save_network(point, folder / "decoder.onnx")
    return tmp_path / "chip"


def write_mixture(path: Path, further: tuple[EncoderSpec, ...]) -> None:
    with open(path, "wb") as file:
        container = ContainerWriter(file, file_header(FIRST, ADC, "uV", blocks=len(BLOCKS), further=further))
        container.write(mixture(Encoder(FIRST, 5)))
        container.close()


def test_the_commands_take_a_file_of_all_points(run: Run, chip: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    write_mixture(tmp_path / "mixed.scae", POINTS[1:])
    told = run("inspect", "mixed.scae")
    counts = {f"{FIRST.tag:04x}": 44, f"{POINTS[2].tag:04x}": 13, f"{POINTS[1].tag:04x}": 3}
    assert f"points          {'; '.join(f'{tag}: {count} blocks' for tag, count in sorted(counts.items()))}" in told
    run("decode", "mixed.scae", "out.npz", "--spec", str(chip))
    with np.load(tmp_path / "out.npz") as out:
        first = 0
        for number, part in PARTS:
            rows = slice(first, first + len(part))
            first = rows.stop
            assert set(out["tags"][rows]) == {POINTS[number].tag}
            decoder = Decoder.from_spec(point_folder(chip, number))
            expected = decoder.waveforms(encode(POINTS[number], part).indices, ADC)
            np.testing.assert_allclose(out["snippets"][rows], expected, rtol=1e-5, atol=1e-4)
    assert "leave the option out" in run(
        "decode", "mixed.scae", "o.npz", "--spec", str(chip), "--network", "n.onnx", status=2
    ).replace("\n", " ")


def test_a_file_of_a_further_point_is_decoded_with_the_chips_folder(run: Run, chip: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", BLOCKS)
    run("encode", "in.npy", "one.scae", "--spec", str(chip / "points" / "1"))
    run("decode", "one.scae", "out.npz", "--spec", str(chip), "--latents")
    run("decode", "one.scae", "same.npz", "--spec", str(chip / "points" / "1"), "--latents")
    with np.load(tmp_path / "out.npz") as out, np.load(tmp_path / "same.npz") as same:
        np.testing.assert_array_equal(out["latents"], same["latents"])
        np.testing.assert_array_equal(out["indices"], encode(POINTS[1], BLOCKS).indices)
    assert "in chip/points/2 there is" in run(
        "decode", "one.scae", "no.npz", "--spec", "chip/points/2", "--latents", status=1
    )


def test_a_file_that_does_not_name_a_point_is_damaged(run: Run, chip: Path, tmp_path: Path) -> None:
    write_mixture(tmp_path / "mixed.scae", POINTS[1:2])
    tag = f"is of one that begins {POINTS[2].tag:04x}"
    assert tag in run("inspect", "mixed.scae", status=1)
    assert "13 of 60 blocks missing" in run("decode", "mixed.scae", "o.npz", "--spec", str(chip), "--latents", status=1)
    with open(tmp_path / "mixed.scae", "rb") as file:
        assert ContainerReader(file).header.spec_hashes == (FIRST.hash, POINTS[1].hash)
