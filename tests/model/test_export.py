"""The exported decoder against PyTorch's, and the host codec's waveforms against the model's."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from flow.layout import Layout
from model.autoencoder.network import Autoencoder
from model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.evaluation import decode_units
from model.export import export_decoder
from model.families import FAMILIES
from model.normalization import Normalization
from spikecae.codec import Decoder
from spikecae.design import Design, load_design
from spikecae.golden import Golden
from spikecae.spec import load_spec
from tests.random_spec import random_adc

DESIGNS = Path(__file__).resolve().parents[2] / "designs"
SHIPPED = sorted(path.parent.name for path in DESIGNS.glob("*/decoder.onnx"))


def trained(design: Design, seed: int, path: Path) -> Checkpoint:
    """Random weights, as a checkpoint keeps them, with batch statistics of some data."""
    torch.manual_seed(seed)
    model = Autoencoder(design)
    for _ in range(3):
        model(torch.randn(32, design.block.spikes, design.block.samples))
    scale = np.linspace(3, 9, design.block.samples).astype(np.float32)
    normalization = Normalization(np.arange(design.block.samples, dtype=np.int16), scale)
    save_checkpoint(path, design, Checkpoint(model.eval(), normalization, epoch=1))
    return load_checkpoint(path, design)


def run(path: Path, latents: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["blocks"], {"latents": latents})[0]


@pytest.mark.filterwarnings("error::FutureWarning")
@pytest.mark.parametrize("changes", [{"pools": [4], "kernel": 5}, {"share_blocks": True, "channels": 64}], ids=str)
def test_onnx_runtime_gives_what_pytorch_gives(tiny: Design, changes: dict[str, object], tmp_path: Path) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update=changes)})
    checkpoint = trained(design, 1, tmp_path / "model.safetensors")
    export_decoder(tmp_path / "decoder.onnx", design, checkpoint.model.decoder)
    latents = np.random.default_rng(1).normal(size=(9, 4, design.latent_samples)).astype(np.float32)
    with torch.inference_mode():
        expected = checkpoint.model.decoder(torch.from_numpy(latents)).numpy()
    for part in (latents, latents[:1]):
        assert np.abs(run(tmp_path / "decoder.onnx", part) - expected[: len(part)]).max() < 1e-5
    assert np.abs(expected).max() > 0.1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["decoder.onnx", "model.safetensors"]
    stored = {tensor.data_type for tensor in onnx.load(tmp_path / "decoder.onnx").graph.initializer}
    assert (onnx.TensorProto.FLOAT16 in stored) == (design.encoder.channels == 64)  # 64 · 64 · 3 weights are many


def test_nothing_of_the_machine_is_in_the_file(tiny: Design) -> None:
    data = (DESIGNS / "tiny" / "decoder.onnx").read_bytes()
    assert b".py" not in data
    assert str(Path.cwd()).encode() not in data


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_decoder_is_that_of_the_shipped_weights(name: str) -> None:
    """If this fails after new weights: ``make codec``, and copy the file."""
    design, folder = load_design(DESIGNS / f"{name}.toml"), DESIGNS / name
    assert (folder / "decoder.onnx").stat().st_size < 2_000_000
    spec = load_spec(folder)
    off_chip = FAMILIES.of(design).off_chip(design, Layout(name, DESIGNS / f"{name}.toml").spec_weights)
    indices = Golden(spec).indices(random_adc(design, 5, seed=2))
    decoder = Decoder.from_spec(folder)
    with torch.inference_mode():
        expected = off_chip.decoder(torch.from_numpy(decoder.latents(indices))).numpy()
    assert np.abs(run(folder / "decoder.onnx", decoder.latents(indices)) - expected).max() < 1e-5
    units = decode_units(expected, off_chip.normalization, design)
    step = np.abs(units).max() * 2.0**-15  # the chip's gain has 16 bits
    assert np.abs(decoder.waveforms(indices, design.adc) - units).max() < step
    assert spec.design == name
