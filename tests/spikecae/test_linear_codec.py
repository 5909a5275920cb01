"""A linear encoder from samples to packets, files and waveforms, and back, without a line of the codec knowing it."""

import io
from pathlib import Path

import numpy as np
import pytest

from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import PacketReader
from spikecae.bitstream.payload import read_blocks, wire_bits
from spikecae.codec import Decoder, Encoder
from spikecae.codec.account import Account
from spikecae.codec.container import ContainerReader, ContainerWriter, file_header
from spikecae.design import Adc
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, load_spec, save_spec
from spikecae.stages import GOLOMB, Levels
from tests.linear_spec import linear_adc, random_linear_spec
from tests.spikecae.command import Run
from tests.spikecae.link import Sent, account, flip_bits, insert_bytes, judge_decoder, lose_bytes
from tests.spikecae.test_acceleration import both

ADC = Adc(bits=10, lsb=2.5)
BLOCKS = 120
NO_NETWORK = "none.onnx"


@pytest.fixture(scope="module", params=[False, True], ids=["each spike", "jointly"])
def linear(request: pytest.FixtureRequest) -> EncoderSpec:
    return random_linear_spec(3, 16, 10, joint=request.param, classes=6, seed=4)


@pytest.fixture(scope="module")
def adc(linear: EncoderSpec) -> np.ndarray:
    return linear_adc(linear, BLOCKS, seed=8)


def events_of(spec: EncoderSpec) -> Events:
    return Events(np.arange(BLOCKS) % 7, np.arange(BLOCKS * spec.spikes) * 90)


def weights_of(spec: EncoderSpec) -> np.ndarray:
    """Of a decoder network, (columns · features, M · D): anything, as long as its shape fits."""
    shape = spec.latents.channels * spec.latents.samples, spec.spikes * spec.samples
    return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


def save_network(spec: EncoderSpec, path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    value, node, kind = onnx.helper.make_tensor_value_info, onnx.helper.make_node, onnx.TensorProto.FLOAT
    constants = [
        onnx.numpy_helper.from_array(weights_of(spec), "weights"),
        onnx.numpy_helper.from_array(np.array([-1, weights_of(spec).shape[0]]), "flat"),
        onnx.numpy_helper.from_array(np.array([-1, spec.spikes, spec.samples]), "shape"),
    ]
    nodes = [
        node("Reshape", ["latents", "flat"], ["rows"]),
        node("MatMul", ["rows", "weights"], ["products"]),
        node("Reshape", ["products", "shape"], ["normalized"]),
    ]
    given = value("latents", kind, ["blocks", spec.latents.channels, spec.latents.samples])
    made = value("normalized", kind, ["blocks", spec.spikes, spec.samples])
    graph = onnx.helper.make_graph(nodes, "decoder", [given], [made], constants)
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))


def test_some_groups_of_the_test_are_escaped(linear: EncoderSpec, adc: np.ndarray) -> None:
    """Else what follows would test Huffman codes alone."""
    numbers = encode(linear, adc).indices[:, [table == GOLOMB for table in linear.symbols.tables]]
    assert 0.003 < np.mean(numbers > 0) < 0.1
    assert len(np.unique(numbers)) > 8


def test_its_spec_is_the_same_from_its_files(linear: EncoderSpec, tmp_path: Path) -> None:
    save_spec(linear, tmp_path)
    loaded = load_spec(tmp_path)
    assert loaded.hash == linear.hash
    assert loaded.symbols == linear.symbols


def test_blocks_come_back_from_packets(linear: EncoderSpec, adc: np.ndarray) -> None:
    encoder, decoder, events = Encoder(linear, 5), Decoder(linear, NO_NETWORK), events_of(linear)
    stream = encoder.encode(adc, events) + encoder.flush()
    blocks = [item.blocks for item in decoder.feed(stream)]
    coded = encode(linear, adc)
    assert np.array_equal(np.concatenate([part.indices for part in blocks]), coded.indices)
    assert np.array_equal(np.concatenate([part.events.times for part in blocks]), events.times)
    assert len(stream) * 8 == wire_bits(
        coded.payload_bits, blocks_per_packet=5, spikes=linear.spikes, events=events_of(linear)
    )
    for packet in PacketReader().feed(stream):
        compiled, plain = both(lambda packet=packet: read_blocks(linear, packet).indices)
        assert np.array_equal(compiled, plain)


def test_latents_are_less_than_a_step_from_where_they_were(linear: EncoderSpec, adc: np.ndarray) -> None:
    coded, quantizer = encode(linear, adc), linear.only(Levels)
    latents = Decoder(linear, NO_NETWORK).latents(coded.indices)
    assert latents.shape == (BLOCKS, linear.latents.channels, linear.latents.samples)
    distance = np.abs(latents * 2.0**quantizer.exponent - coded.taps["linear"])
    assert distance.max() < 1 << quantizer.fraction


def test_no_blocks_are_no_latents(linear: EncoderSpec, adc: np.ndarray) -> None:
    coded = encode(linear, adc[:0])
    assert coded.indices.shape == (0, len(linear.symbols))
    assert coded.payloads == []
    assert Decoder(linear, NO_NETWORK).latents(coded.indices).shape == (0, 10, linear.latents.samples)


def test_a_partial_block_is_zero_where_spikes_are_missing(linear: EncoderSpec, adc: np.ndarray) -> None:
    (packet,) = Decoder(linear, NO_NETWORK).feed(Encoder(linear).encode(adc[:3], missing=2))
    present = np.array([[True] * 3, [True] * 3, [True, False, False]])
    assert np.array_equal(packet.blocks.present, present)
    assert np.array_equal(packet.blocks.indices, encode(linear, adc[:3], present).indices)


def test_damaged_streams_are_read_without_an_error(linear: EncoderSpec, adc: np.ndarray) -> None:
    packets = [Encoder(linear, 4).encode(adc[first : first + 4]) for first in range(0, BLOCKS, 4)]
    sent, rng = Sent(packets), np.random.default_rng(1)
    for _ in range(20):
        for received in (
            flip_bits(sent, 1e-3, rng),
            lose_bytes(sent, 4, 60, rng),
            insert_bytes(sent, 4, 60, rng, repeat=True),
        ):
            account(sent, received)
            for packet in judge_decoder(Decoder(linear, NO_NETWORK), received.data):
                Decoder(linear, NO_NETWORK).latents(packet.blocks.indices)


def test_a_file_tells_all_that_it_holds(linear: EncoderSpec, adc: np.ndarray) -> None:
    file = io.BytesIO()
    encoder = Encoder(linear)
    container = ContainerWriter(file, file_header(linear, ADC, "uV", blocks=BLOCKS))
    container.write(encoder.encode(adc) + encoder.flush())
    container.close()
    file.seek(0)
    reader, decoder = ContainerReader(file), Decoder(linear, NO_NETWORK)
    found = [item for piece in reader.pieces() for item in decoder.feed(piece)] + decoder.close()
    assert sum(len(item.blocks.indices) for item in found) == BLOCKS
    assert Account(reader, decoder.report, ()).faults == []


def test_the_commands_take_it_there_and_back(run: Run, linear: EncoderSpec, adc: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    save_spec(linear, tmp_path / "spec")
    save_network(linear, tmp_path / "spec" / "decoder.onnx")
    np.savez(tmp_path / "in.npz", snippets=adc, channels=events_of(linear).channels, times=np.arange(BLOCKS) * 50)
    assert f"{BLOCKS} blocks" in run("encode", "in.npz", "x.scae", "--spec", "spec")
    assert f"{BLOCKS} of {BLOCKS}" in run("inspect", "x.scae")
    run("decode", "x.scae", "latents.npz", "--spec", "spec", "--latents")
    run("decode", "x.scae", "out.npz", "--spec", "spec")
    indices = encode(linear, adc).indices
    with np.load(tmp_path / "latents.npz") as latents, np.load(tmp_path / "out.npz") as out:
        assert np.array_equal(out["indices"], indices)
        assert np.array_equal(latents["latents"], Decoder(linear, NO_NETWORK).latents(indices))
        normalized = latents["latents"].reshape(BLOCKS, -1) @ weights_of(linear)
        expected = linear.source.undo(normalized.reshape(BLOCKS, linear.spikes, linear.samples))
        assert np.allclose(out["snippets"], expected, rtol=1e-4, atol=1e-2)


def test_the_largest_of_what_designs_ask_for_has_a_spec() -> None:
    """A column for each of four contacts, and a neighbourhood's at once."""
    apart = random_linear_spec(4, 48, 24, joint=False, classes=32, seed=0)
    jointly = random_linear_spec(4, 48, 70, joint=True, classes=1, seed=0)
    for spec, columns, latents in ((apart, 4, 24), (jointly, 1, 70)):
        groups = len(spec.only(Levels).groups)
        assert groups >= 10
        assert len(spec.symbols) == columns * (len(spec.only(Levels).classes) + groups + latents)
        adc = linear_adc(spec, 9, seed=1)
        encoder, decoder = Encoder(spec), Decoder(spec, NO_NETWORK)
        (packet,) = decoder.feed(encoder.encode(adc) + encoder.flush())
        assert np.array_equal(packet.blocks.indices, encode(spec, adc).indices)
