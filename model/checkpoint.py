"""A trained model as one safetensors file: weights, normalization, and the design they belong to."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model.autoencoder.network import Autoencoder
from model.files import read_tensors, write_tensors
from model.normalization import Normalization
from spikecae.design import DEFAULT_ENCODER, Design, ResNeXt

__all__ = ["Checkpoint", "load_checkpoint", "network_hash", "save_checkpoint", "stored_weights"]

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained ``model`` (in evaluation mode), its ``normalization``, and the ``epoch`` it was taken from."""

    model: Autoencoder
    normalization: Normalization
    epoch: int


def network_hash(design: Design) -> str:
    """SHA-256 over everything in the design that trained weights depend on."""
    parts = design.model_dump(include={"adc", "block", "encoder", "normalization"})
    if design.encoder.kind == DEFAULT_ENCODER:
        del parts["encoder"]["kind"]  # as a spec leaves out what has its default: weights of before keep their hash
    parts["codewords"] = design.codebook.codewords
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def stored_weights(model: Autoencoder) -> dict[str, Tensor]:
    """The model's tensors as a checkpoint keeps them: decoder convolutions in half precision, the rest as they are.

    The decoder is 98 % of the parameters; this halves the file and costs less than 0.001 dB.
    """
    return {
        name: tensor.half() if name.startswith("decoder.") and tensor.ndim == 3 else tensor
        for name, tensor in model.state_dict().items()
    }


def save_checkpoint(path: Path, design: Design, checkpoint: Checkpoint) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    normalization = checkpoint.normalization
    tensors = {f"model.{name}": tensor for name, tensor in _unshared(stored_weights(checkpoint.model), design).items()}
    tensors["normalization.offset"] = torch.from_numpy(normalization.offset)
    tensors["normalization.scale"] = torch.from_numpy(normalization.scale)
    metadata = {
        "schema_version": SCHEMA_VERSION,
        "kind": "checkpoint",
        "design": design.name,
        "network_sha256": network_hash(design),
        "epoch": checkpoint.epoch,
    }
    write_tensors(path, tensors, metadata)


def load_checkpoint(path: Path, design: Design) -> Checkpoint:
    """Read a checkpoint of ``design``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, foreign, or of another network.
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("kind") != "checkpoint" or metadata.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path}: found {metadata.get('kind')!r} of schema {metadata.get('schema_version')}, expected a checkpoint "
            f"of schema {SCHEMA_VERSION}; make it anew with the train stage"
        )
    if metadata.get("network_sha256") != network_hash(design):
        raise ValueError(
            f"{path}: trained for design {metadata.get('design')!r} with other adc, block, encoder, codebook or "
            f"normalization settings than design {design.name!r} has now; train again"
        )
    model = Autoencoder(design)
    weights = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
    if _shares_blocks(design):
        weights = {name: weights[_own_name(name)] for name in model.state_dict() if _own_name(name) in weights}
    try:
        model.load_state_dict(weights)
        normalization = Normalization(tensors["normalization.offset"].numpy(), tensors["normalization.scale"].numpy())
    except (RuntimeError, KeyError):
        raise ValueError(f"{path}: tensors are missing or unknown; make it anew with the train stage") from None
    return Checkpoint(model.eval(), normalization, int(str(metadata["epoch"])))


def _shares_blocks(design: Design) -> bool:
    return isinstance(design.encoder, ResNeXt) and design.encoder.share_blocks


def _unshared(state: dict[str, Tensor], design: Design) -> dict[str, Tensor]:
    """``state`` without the further names of blocks that are one module."""
    if not _shares_blocks(design):
        return state
    return {name: tensor for name, tensor in state.items() if name == _own_name(name)}


def _own_name(name: str) -> str:
    return re.sub(r"\.blocks\.\d+\.", ".blocks.0.", name)
