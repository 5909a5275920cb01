"""A trained model as one safetensors file: weights, normalization, and the design they belong to."""

import hashlib
import json
import re
from collections.abc import Mapping
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
REMEDY = "make it anew with the train stage"


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
    metadata = {
        "schema_version": SCHEMA_VERSION,
        "kind": "checkpoint",
        "design": design.name,
        "network_sha256": network_hash(design),
        "epoch": checkpoint.epoch,
    }
    write_tensors(path, _stored(design, checkpoint.model, checkpoint.normalization), metadata)


def load_checkpoint(path: Path, design: Design) -> Checkpoint:
    """Read a checkpoint of ``design``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, foreign, or of another network.
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("kind") != "checkpoint" or metadata.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path}: found {metadata.get('kind')!r:.64} of schema {metadata.get('schema_version')!r:.64}, expected a "
            f"checkpoint of schema {SCHEMA_VERSION}; {REMEDY}"
        )
    if metadata.get("network_sha256") != network_hash(design):
        raise ValueError(
            f"{path}: trained for design {metadata.get('design')!r:.64} with other adc, block, encoder, codebook or "
            f"normalization settings than design {design.name!r} has now; train again"
        )
    epoch = metadata.get("epoch")
    if type(epoch) is not int or not 0 <= epoch < 1 << 32:
        raise ValueError(f"{path}: epoch = {epoch!r:.64} is no number of an epoch; {REMEDY}")
    model = Autoencoder(design)
    fault = _first_fault(tensors, _stored(design, model, Normalization.unit(design.block.samples)))
    if fault is not None:
        raise ValueError(f"{path}: {fault}; {REMEDY}")
    weights = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
    model.load_state_dict({name: weights[_kept_name(name, design)] for name in model.state_dict()})
    normalization = Normalization(tensors["normalization.offset"].numpy(), tensors["normalization.scale"].numpy())
    return Checkpoint(model.eval(), normalization, epoch)


def _stored(design: Design, model: Autoencoder, normalization: Normalization) -> dict[str, Tensor]:
    """All tensors of a checkpoint; of blocks that are one module only those of the first."""
    tensors = {
        f"model.{name}": tensor for name, tensor in stored_weights(model).items() if name == _kept_name(name, design)
    }
    tensors["normalization.offset"] = torch.from_numpy(normalization.offset)
    tensors["normalization.scale"] = torch.from_numpy(normalization.scale)
    return tensors


def _first_fault(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str | None:
    """Why tensors are not a checkpoint's, where they are not."""
    odd = sorted(found.keys() ^ wanted.keys())
    if odd:
        return f"tensors are missing or unknown: {odd[0][:64]!r}"
    for name, tensor in found.items():
        if (tensor.dtype, tensor.shape) != (wanted[name].dtype, wanted[name].shape):
            return (
                f"tensor {name!r} is {tensor.dtype} {list(tensor.shape)}, must be {wanted[name].dtype} "
                f"{list(wanted[name].shape)}"
            )
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return f"tensor {name!r} has values that are not finite"
    if not bool((found["normalization.scale"] > 0).all()):
        return "tensor 'normalization.scale' has values that are not positive"
    return None


def _kept_name(name: str, design: Design) -> str:
    """Where a tensor of the model is kept: under the first name of a block that is one module with others."""
    shares = isinstance(design.encoder, ResNeXt) and design.encoder.share_blocks
    return re.sub(r"\.blocks\.\d+\.", ".blocks.0.", name) if shares else name
