"""Decoder networks from strangers: what is no network of the spec's is refused in one sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spikecae.codec.decoder_network import DecoderNetwork, DecoderNetworkError
from spikecae.spec import EncoderSpec, load_spec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

DESIGNS = Path(__file__).parents[2] / "designs"
HALVED = [1, 1, 4], [1, 2, 1]
FLOAT, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE


@pytest.fixture(scope="module")
def tiny_spec() -> EncoderSpec:
    return load_spec(DESIGNS / "tiny")


def network(
    path: Path, *, kind: int = FLOAT, blocks: int | str = "blocks", shape: tuple[list[int], list[int]] = HALVED
) -> None:
    """A network that takes tiny's latents (n, 4, 4), of which two copies come out, in the shape of the latents times
    ``shape[0]``, by ``shape[1]``: (n, 2, 16) it says."""
    values, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    factors = [
        onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [3], numbers)
        for name, numbers in zip(("times", "by"), shape, strict=True)
    ]
    nodes = [
        node("Concat", ["latents", "latents"], ["twice"], axis=2),
        node("Shape", ["latents"], ["found"]),
        node("Mul", ["found", "times"], ["larger"]),
        node("Div", ["larger", "by"], ["shape"]),
        node("Reshape", ["twice", "shape"], ["waveforms"]),
    ]
    ends = [values("latents", kind, [blocks, 4, 4])], [values("waveforms", kind, [blocks, 2, 16])]
    graph = onnx.helper.make_graph(nodes, "decoder", *ends, factors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))


def refused(path: Path, spec: EncoderSpec) -> str:
    with pytest.raises(DecoderNetworkError) as caught:
        DecoderNetwork(path, spec).run(np.zeros((3, 4, 4), np.float32))
    message = str(caught.value)
    assert str(path) in message
    assert len(message) < 500
    assert message.isprintable()
    return message


def test_the_shipped_one_runs(tiny_spec: EncoderSpec) -> None:
    blocks = DecoderNetwork(DESIGNS / "tiny" / "decoder.onnx", tiny_spec).run(np.zeros((3, 4, 4), np.float32))
    assert blocks.shape == (3, 2, 16)


FILES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello\n" * 999),
    "zeros": lambda path: path.write_bytes(bytes(100_000)),
    "cut off": lambda path: path.write_bytes((DESIGNS / "tiny" / "decoder.onnx").read_bytes()[:5000]),
    "a spec": lambda path: path.write_bytes((DESIGNS / "tiny" / "spec.npz").read_bytes()),
    "a checkpoint": lambda path: path.write_bytes((DESIGNS / "tiny" / "model.safetensors").read_bytes()),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_something_else_are_refused(tiny_spec: EncoderSpec, tmp_path: Path, name: str) -> None:
    FILES[name](tmp_path / "decoder.onnx")
    assert "ONNX Runtime does not load it" in refused(tmp_path / "decoder.onnx", tiny_spec)


def test_a_folder_and_no_file_are_refused(tiny_spec: EncoderSpec, tmp_path: Path) -> None:
    assert "no decoder network" in refused(tmp_path, tiny_spec)
    assert "make it with the toolkit: make codec" in refused(tmp_path / "decoder.onnx", tiny_spec)


def test_networks_of_other_shapes_are_refused(tiny_spec: EncoderSpec, tmp_path: Path) -> None:
    path = tmp_path / "decoder.onnx"
    path.write_bytes((DESIGNS / "wave_clus" / "decoder.onnx").read_bytes())
    assert "is of another design: its shapes are" in refused(path, tiny_spec)
    network(path, kind=DOUBLE)
    assert "latents is tensor(double) of blocks blocks, must be tensor(float)" in refused(path, tiny_spec)
    network(path, blocks=1)
    assert "latents is tensor(float) of 1 blocks, must be tensor(float) of any number" in refused(path, tiny_spec)


def test_a_network_that_gives_another_shape_than_it_says_is_refused(tiny_spec: EncoderSpec, tmp_path: Path) -> None:
    path = tmp_path / "decoder.onnx"
    network(path)
    assert DecoderNetwork(path, tiny_spec).run(np.zeros((3, 4, 4), np.float32)).shape == (3, 2, 16)
    network(path, shape=([1, 3, 4], [1, 4, 1]))
    assert "ONNX Runtime does not run it" in refused(path, tiny_spec)
    network(path, shape=([2, 1, 4], [1, 4, 1]))
    assert "it makes (6, 1, 16) of 3 blocks, must be (3, 2, 16)" in refused(path, tiny_spec)
