"""A fitted linear encoder as one safetensors file: its arrays, and the design they belong to."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.files import read_tensors, write_tensors
from model.linear.decoder import LinearDecoder
from model.linear.level_code import LARGEST_IN_BOX, MOST_IN_GROUP, Box
from model.linear.linear_model import FRACTION, LinearModel
from model.normalization import Normalization
from spikecae.design import Design
from spikecae.design.linear import Linear

__all__ = ["linear_hash", "load_linear", "save_linear"]

SCHEMA_VERSION = 1
KIND = "linear checkpoint"
REMEDY = "make it anew with the train stage"


def linear_hash(design: Design) -> str:
    """SHA-256 over everything in the design that a fitted encoder depends on, further operating points left out."""
    parts = design.model_dump(include={"adc", "block", "encoder", "normalization"})
    del parts["encoder"]["further_bits_per_spike"]
    parts["classes"] = design.codebook.model_dump()
    parts["weight_bits"] = design.quantization.weight_bits
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def save_linear(path: Path, design: Design, model: LinearModel) -> None:
    """Write ``path``, replacing what was there only when all is written."""
    metadata = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "design": design.name,
        "design_sha256": linear_hash(design),
        "rounding": model.rounding,
        "groups": [box.low.size for box in model.groups],
    }
    tensors = {
        "normalization.offset": torch.from_numpy(model.normalization.offset),
        "normalization.scale": torch.from_numpy(model.normalization.scale),
        "weight": torch.from_numpy(model.weight),
        "bias": torch.from_numpy(model.bias),
        "classes": torch.from_numpy(model.classes),
        "class_cost": torch.from_numpy(model.class_cost),
        "groups.low": torch.from_numpy(np.concatenate([box.low for box in model.groups])),
        "groups.size": torch.from_numpy(np.concatenate([box.size for box in model.groups])),
        **{f"decoder.{name}": tensor for name, tensor in model.decoder.state_dict().items()},
    }
    write_tensors(path, tensors, metadata)


def load_linear(path: Path, design: Design) -> LinearModel:
    """Read an encoder of ``design``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, foreign, or of another design.
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("kind") != KIND or metadata.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path}: found {metadata.get('kind')!r:.64} of schema {metadata.get('schema_version')!r:.64}, expected a "
            f"{KIND} of schema {SCHEMA_VERSION}; {REMEDY}"
        )
    if metadata.get("design_sha256") != linear_hash(design):
        raise ValueError(
            f"{path}: fitted for design {metadata.get('design')!r:.64} with other adc, block, encoder, codebook or "
            f"normalization settings than design {design.name!r} has now; train again"
        )
    encoder = Linear.of(design.encoder)
    decoder = LinearDecoder(
        encoder.features, design.block.spikes, design.block.samples, joint=encoder.joint, classes=_classes(design)
    )
    fault = _first_fault(tensors, _wanted(design, decoder)) or _fault_of_groups(tensors, metadata, encoder)
    if fault is not None:
        raise ValueError(f"{path}: {fault}; {REMEDY}")
    decoder.load_state_dict(
        {name.removeprefix("decoder."): tensor for name, tensor in tensors.items() if name.startswith("decoder.")}
    )
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    ends = np.cumsum(_counts(metadata))[:-1]
    low, size = (np.split(arrays[name], ends) for name in ("groups.low", "groups.size"))
    return LinearModel(
        normalization=Normalization(arrays["normalization.offset"], arrays["normalization.scale"]),
        decimation=encoder.decimation,
        weight=arrays["weight"],
        bias=arrays["bias"],
        classes=arrays["classes"],
        class_cost=arrays["class_cost"],
        rounding=float(str(metadata["rounding"])),
        groups=tuple(map(Box, low, size)),
        decoder=decoder.eval(),
    )


def _wanted(design: Design, decoder: LinearDecoder) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Type and shape of each tensor."""
    encoder, samples = Linear.of(design.encoder), design.block.samples
    latents, classes = encoder.features, _classes(design)
    return {
        "normalization.offset": (torch.int16, (samples,)),
        "normalization.scale": (torch.float32, (samples,)),
        "weight": (torch.float64, (latents, encoder.mapped_samples(design.block))),
        "bias": (torch.float64, (latents,)),
        "classes": (torch.float64, (classes, latents)),
        "class_cost": (torch.float64, (classes,)),
        "groups.low": (torch.int64, (latents,)),
        "groups.size": (torch.int64, (latents,)),
        **{f"decoder.{name}": (tensor.dtype, tuple(tensor.shape)) for name, tensor in decoder.state_dict().items()},
    }


def _classes(design: Design) -> int:
    """Classes; one is none."""
    return design.codebook.codewords if design.codebook.codewords > 1 else 0


def _first_fault(found: Mapping[str, Tensor], wanted: Mapping[str, tuple[torch.dtype, tuple[int, ...]]]) -> str | None:
    """Why tensors are not a checkpoint's, where they are not."""
    odd = sorted(found.keys() ^ wanted.keys())
    if odd:
        return f"tensors are missing or unknown: {odd[0][:64]!r}"
    for name, tensor in found.items():
        dtype, shape = wanted[name]
        if (tensor.dtype, tuple(tensor.shape)) != (dtype, shape):
            return f"tensor {name!r} is {tensor.dtype} {list(tensor.shape)}, must be {dtype} {list(shape)}"
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return f"tensor {name!r} has values that are not finite"
    if not bool((found["normalization.scale"] > 0).all()):
        return "tensor 'normalization.scale' has values that are not positive"
    if bool((found["class_cost"] < 0).any()):
        return "tensor 'class_cost' has values that are negative"
    return None


def _fault_of_groups(found: Mapping[str, Tensor], metadata: Mapping[str, object], encoder: Linear) -> str | None:
    """Why rounding and groups are none, where they are none."""
    rounding, counts = metadata.get("rounding"), _counts(metadata)
    if type(rounding) is not float or rounding * 2**FRACTION not in range(2 ** (FRACTION - 1) + 1):
        return f"rounding = {rounding!r:.64} is no multiple of {2.0**-FRACTION} up to a half"
    if sum(counts) != encoder.features or not all(1 <= count <= MOST_IN_GROUP for count in counts):
        return f"groups of {counts!s:.64} do not have {encoder.features} latents, up to {MOST_IN_GROUP} each"
    low, size = found["groups.low"], found["groups.size"]
    widest = int(torch.maximum(low.abs(), size).max())
    if widest > LARGEST_IN_BOX or int(low.max()) > 0 or bool((low + size < 1).any()):
        return "a group's box does not hold the level 0"
    ends = np.cumsum(counts)[:-1]
    if max(Box(part, part).symbols for part in np.split(size.numpy(), ends)) > encoder.symbols:
        return f"a group has more than {encoder.symbols} symbols"
    return None


def _counts(metadata: Mapping[str, object]) -> list[int]:
    """Latents of each group; none where the file does not say."""
    groups = metadata.get("groups")
    return [count if type(count) is int else 0 for count in groups] if isinstance(groups, list) else []
