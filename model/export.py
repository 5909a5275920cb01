"""The decoder as an ONNX file, which ONNX Runtime runs without PyTorch."""

import copy
import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from model.autoencoder.layers import BatchNorm, Conv
from spikecae.design import Design
from spikecae.files import write_bytes

__all__ = ["export_decoder"]

SMALL = 4096
"""Tensors of fewer values are not worth storing in half precision."""


def export_decoder(path: Path, design: Design, decoder: nn.Module) -> None:
    """Write the decoder: latents float32 ``[n, N, T]`` to normalized blocks float32 ``[n, M, D]``, any n.

    Weights that half precision holds exactly, as a checkpoint's convolutions, are stored in it. Replaces ``path`` only
    when all is written.
    """
    latents = torch.zeros(2, design.encoder.features, design.latent_samples)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is not installed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of what the exporter itself calls
        program = torch.onnx.export(
            _plain(decoder),
            (latents,),
            dynamo=True,
            input_names=["latents"],
            output_names=["blocks"],
            dynamic_shapes=({0: torch.export.Dim("blocks")},),
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("PyTorch wrote no ONNX program")
    model = program.model_proto
    _strip(model)
    _halve(model.graph)
    model.producer_name, model.producer_version = "spikecae", ""
    helper.set_model_props(model, {"design": design.name})
    onnx.checker.check_model(model, full_check=True)
    write_bytes(path, model.SerializeToString(deterministic=True))


def _plain(decoder: nn.Module) -> nn.Module:
    """The same network of PyTorch's own layers, which do the same in another order of memory."""
    plain = copy.deepcopy(decoder).eval()
    for module in plain.modules():
        if isinstance(module, Conv):
            module.__class__ = nn.Conv1d  # type: ignore[assignment]
        elif isinstance(module, BatchNorm):
            module.__class__ = nn.BatchNorm1d  # type: ignore[assignment]
    return plain


def _strip(model: onnx.ModelProto) -> None:
    """Leave out what the exporter notes about the source code."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")


def _halve(graph: onnx.GraphProto) -> None:
    """Store large weights in half precision where that changes nothing, and cast them when the file is loaded."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.dtype != np.float32 or values.size < SMALL or not np.array_equal(half, values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
