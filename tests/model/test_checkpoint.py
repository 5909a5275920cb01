import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from model.autoencoder.network import Autoencoder
from model.checkpoint import Checkpoint, load_checkpoint, network_hash, save_checkpoint
from model.files import read_tensors, write_tensors
from model.normalization import Normalization
from spikecae.design import Design, ResNeXt


@pytest.fixture
def saved(tiny: Design, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    normalization = Normalization(np.arange(16, dtype=np.int16), np.linspace(1, 2, 16, dtype=np.float32))
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, tiny, Checkpoint(Autoencoder(tiny), normalization, 7))
    return path


@pytest.mark.parametrize("share", [False, True])
def test_round_trip(tiny: Design, tmp_path: Path, share: bool) -> None:
    design = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"share_blocks": share})})
    torch.manual_seed(0)
    model = Autoencoder(design)
    model(torch.randn(32, 2, 16))  # moves the running statistics
    normalization = Normalization(np.arange(16, dtype=np.int16), np.linspace(1, 2, 16, dtype=np.float32))
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, design, Checkpoint(model, normalization, 7))
    loaded = load_checkpoint(path, design)
    assert loaded.epoch == 7
    assert not loaded.model.training
    np.testing.assert_array_equal(loaded.normalization.offset, normalization.offset)
    np.testing.assert_array_equal(loaded.normalization.scale, normalization.scale)
    before, after = model.state_dict(), loaded.model.state_dict()
    for name, tensor in before.items():
        rounded = name.startswith("decoder.") and tensor.ndim == 3
        assert torch.equal(after[name], tensor.half().float() if rounded else tensor), name


def test_shipped_size_fits_a_repository(neuropixels: Design, tmp_path: Path) -> None:
    normalization = Normalization(np.zeros(48, np.int16), np.ones(48, np.float32))
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, neuropixels, Checkpoint(Autoencoder(neuropixels), normalization, 1))
    assert path.stat().st_size <= 2_000_000


@pytest.mark.parametrize("kept", [0, 4, 300, -1])
def test_truncated_file_is_refused_by_name(tiny: Design, saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(ValueError, match=rf"{saved.name}: truncated or corrupt"):
        load_checkpoint(saved, tiny)


def test_foreign_files_are_refused(tiny: Design, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="another program"):
        load_checkpoint(path, tiny)
    path.write_text("no tensors at all, but long enough to hold a header")
    with pytest.raises(ValueError, match="truncated or corrupt"):
        load_checkpoint(path, tiny)
    with pytest.raises(FileNotFoundError, match=r"absent\.safetensors"):
        load_checkpoint(tmp_path / "absent.safetensors", tiny)


def test_weights_of_another_network_are_refused(tiny: Design, neuropixels: Design, saved: Path) -> None:
    with pytest.raises(ValueError, match=r"trained for design 'tiny'.*train again"):
        load_checkpoint(saved, neuropixels)
    faster = tiny.model_copy(update={"hardware": tiny.hardware.model_copy(update={"fold": 8})})
    load_checkpoint(saved, faster)  # the weights do not depend on the hardware's knobs


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ("[]", "truncated or corrupt safetensors file \\(its metadata are a list\\)"),
        ("null", "its metadata are a NoneType"),
        ("[" * 100_000, "truncated or corrupt"),
        ("{", "truncated or corrupt"),
        ({"kind": "x" * 999}, "found 'x{63} of schema 1, expected a checkpoint of schema 1"),
        ({"kind": [[]]}, "found \\[\\[\\]\\] of schema 1"),
        ({"schema_version": None}, "of schema None, expected"),
        ({"epoch": None}, "epoch = None is no number of an epoch"),
        ({"epoch": -1}, "epoch = -1 is no number"),
        ({"epoch": 1e400}, "epoch = inf is no number"),
        ({"design": {"a": "b" * 999}, "network_sha256": 1}, "trained for design .{64} with other adc"),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:30],
)
def test_metadata_of_something_else_are_refused(
    tiny: Design, saved: Path, metadata: str | dict[str, object], reason: str
) -> None:
    tensors, stored = read_tensors(saved)
    text = metadata if isinstance(metadata, str) else json.dumps(stored | metadata)
    save_file(tensors, saved, {"spikecae": text})
    refused(saved, tiny, reason)


WEIGHT, OFFSET, SCALE = "model.encoder.blocks.0.conv.weight", "normalization.offset", "normalization.scale"


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        (WEIGHT, lambda t: t * float("nan"), "has values that are not finite"),
        (WEIGHT, lambda t: t * float("inf"), "has values that are not finite"),
        (WEIGHT, lambda t: t.to(torch.int64), "is torch.int64 .*, must be torch.float32"),
        (WEIGHT, lambda t: t.to(torch.complex64), "is torch.complex64"),
        (WEIGHT, lambda t: t[:1], "is torch.float32 \\[1, 2, 3\\], must be torch.float32 \\[8, 2, 3\\]"),
        (OFFSET, lambda t: t.to(torch.bfloat16), "is torch.bfloat16 \\[16\\], must be torch.int16 \\[16\\]"),
        (OFFSET, lambda t: t[:3], "is torch.int16 \\[3\\]"),
        (SCALE, lambda t: t * 0, "has values that are not positive"),
        (SCALE, lambda t: t * float("nan"), "has values that are not finite"),
        (SCALE, lambda t: torch.stack([t, t]), "is torch.float32 \\[2, 16\\]"),
        ("model.other", lambda t: torch.zeros(3), "tensors are missing or unknown: 'model.other'"),
        ("x" * 999, lambda t: torch.zeros(3), "tensors are missing or unknown: 'x{64}'"),
        (WEIGHT, lambda t: None, f"tensors are missing or unknown: '{WEIGHT}'"),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:30],
)
def test_other_tensors_are_refused(
    tiny: Design, saved: Path, name: str, change: Callable[[Any], torch.Tensor | None], reason: str
) -> None:
    tensors, metadata = read_tensors(saved)
    changed = change(tensors.pop(name, None))
    write_tensors(saved, tensors | ({} if changed is None else {name: changed}), metadata)
    refused(saved, tiny, reason)


def refused(path: Path, design: Design, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        load_checkpoint(path, design)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_weights_depend_on_the_kind_of_encoder(tiny: Design) -> None:
    class Twin(ResNeXt):
        kind: Literal["twin"] = "twin"

    twin = Twin(**tiny.encoder.model_dump(exclude={"kind"}))
    assert network_hash(tiny.model_copy(update={"encoder": twin})) != network_hash(tiny)
