"""An encoder of the user's own, judged layer by layer: which of them the chip has, and what is nearest to the others.

As the toolkit's own network, a module says by ``layers()`` in which order its layers follow each other; each is one
that :func:`quantize.stages.base.fold_layer` has an integer form of, perhaps from the module's own file. Of a module
that does not say, the layers of PyTorch in it are judged.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from flow.layout import SOURCES
from model.autoencoder.network import Encoder
from quantize.stages.base import fold_layer
from spikecae.design import Design
from spikecae.limits import KERNELS

__all__ = ["encoder_of", "refusals"]

POOLS = (1, 2, 4)
POOLED = "1, 2 or 4 samples"
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
NAMELESS = (nn.BatchNorm1d, nn.ReLU, nn.Identity, nn.Dropout)
"""Folded into a convolution, a part of it, or gone when the training is over."""
BLOCK = "a residual block of grouped convolutions (EncoderBlock)"
NEAREST = (
    ("Attention|Transformer|LSTM|GRU|RNN", f"{BLOCK}, with kernel {KERNELS[-1]} to see farther"),
    ("ConvTranspose|Upsample|PixelShuffle", "nothing on the chip: make it a part of the decoder"),
    ("Conv", "a convolution over time with its batch normalization and a ReLU (ConvolutionLayer)"),
    ("Linear|Bilinear", "a ConvolutionLayer of kernel 1, or encoder.kind = 'linear' for a map of all samples"),
    ("AvgPool|MaxPool|LPPool", f"a max pool over time (PoolLayer) of {POOLED}"),
    ("LayerNorm|GroupNorm|InstanceNorm|RMSNorm|BatchNorm", "batch normalization (BatchNorm), which is folded away"),
    ("LU|Sigmoid|Tanh|Softmax|Softplus|Mish", "none of its own: a ReLU follows every convolution but the last"),
    ("Embedding", "the design's codebook"),
)
"""Layers of PyTorch by a part of their name, and what the chip has in their place; the first that fits counts."""
EXAMPLE = f"{Encoder.__module__}.{Encoder.__name__}"


def encoder_of(module: str, design: Design) -> Any:
    """An instance of ``FILE.py:CLASS``, made with the design if it takes one argument.

    Raises:
        ValueError: there is no such file or class, it is no module of PyTorch, or its own code fails.
    """
    path, _, name = module.partition(":")
    file = Path(path)
    if not name or file.suffix != ".py" or not file.is_file():
        raise ValueError(f"--module {module}: no such file, or no class named; write FILE.py:CLASS")
    own = file.resolve()
    with _own_code(f"--module {module}", own):
        loaded = _loaded(own)
    kind = getattr(loaded, name, None)
    if not (inspect.isclass(kind) and issubclass(kind, nn.Module)):
        raise ValueError(f"--module {module}: {file} has no torch.nn.Module called {name}; check the name")
    needed = [
        p for p in inspect.signature(kind).parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL
    ]
    if len(needed) > 1:
        names = ", ".join(parameter.name for parameter in needed)
        raise ValueError(f"--module {module}: {name} needs {names}; let it take the design alone, or nothing")
    with _own_code(f"--module {module}: {name}()", own):
        return kind(design) if needed else kind()


@contextmanager
def _own_code(what: str, file: Path) -> Iterator[None]:
    """Code of the user's in ``file``, whatever it raises.

    Raises:
        ValueError: it fails, with the line that does.
    """
    try:
        yield
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
        place = f", line {lines[-1]}" if lines else ""
        raise ValueError(f"{what} fails: {type(error).__name__}: {error}; mend {file}{place}") from error


def _loaded(file: Path) -> ModuleType:
    """A file's module; of the toolkit's own files the one that the rest of it has."""
    if file.is_relative_to(SOURCES):
        return importlib.import_module(".".join(file.relative_to(SOURCES).with_suffix("").parts))
    found = importlib.util.spec_from_file_location(f"module_of_{file.stem}", file)
    assert found is not None
    assert found.loader is not None
    loaded = importlib.util.module_from_spec(found)
    sys.modules[found.name] = loaded
    found.loader.exec_module(loaded)
    return loaded


def refusals(encoder: Any) -> list[str]:
    """What the chip does not have: for each layer its name, kind and place, and the nearest that the chip has.

    Raises:
        ValueError: the encoder's ``layers()`` fails.
    """
    said, unsaid = _layers(encoder)
    layers = list(_parts(encoder)) if unsaid else said
    faults = []
    for number, (name, layer) in enumerate(layers):
        fault = _fault_of_part(layer) if unsaid else _fault_of_stage(layer)
        if fault:
            behind = f"behind {layers[number - 1][0]}" if number else "the first"
            faults.append(f"layer {name} ({type(layer).__name__}), {number + 1} of {len(layers)}, {behind}: {fault}")
    return [*faults, unsaid] if unsaid else faults


def _layers(encoder: Any) -> tuple[list[tuple[str, Any]], str]:
    """What an encoder says of its layers, or what is wrong with that."""
    kind = type(encoder)
    if not hasattr(encoder, "layers"):
        said = "does not say in which order its layers follow each other; give it a method layers()"
        return [], f"{kind.__name__} {said}, as {EXAMPLE} has one"
    name = f"{kind.__name__}.layers()"
    with _own_code(name, Path(inspect.getfile(kind))):
        told = list(encoder.layers())
    for number, pair in enumerate(told):
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            place = f"{type(pair).__name__}, {number + 1} of {len(told)}"
            return [], f"{name} gives {place}; give (name, layer) for each stage, as {EXAMPLE} does"
    return told, ""


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Layers of PyTorch, whatever is in them, and what has no modules inside."""
    for name, part in module.named_children():
        layer = type(part).__module__.startswith("torch.nn.") and not isinstance(part, CONTAINERS)
        if layer or not list(part.children()):
            yield f"{prefix}{name}", part
        else:
            yield from _parts(part, f"{prefix}{name}.")


def _fault_of_stage(layer: object) -> str:
    if fold_layer.dispatch(type(layer)) is not fold_layer.dispatch(object):
        return ""
    return f"the chip has no such layer; nearest: {_nearest(layer)}"


def _fault_of_part(layer: nn.Module) -> str:
    match layer:
        case nn.Conv1d():
            return _fault_of_convolution(layer)
        case nn.MaxPool1d():
            size = layer.kernel_size
            plain = layer.stride == size and size in POOLS and layer.padding == 0 and layer.dilation == 1
            return "" if plain else f"its pools are not of {POOLED} that do not overlap; nearest: such a one"
        case _ if isinstance(layer, NAMELESS):
            return ""
    return _fault_of_stage(layer)


def _fault_of_convolution(layer: nn.Conv1d) -> str:
    (kernel,), (stride,), (dilation,) = layer.kernel_size, layer.stride, layer.dilation
    if stride != 1:
        pool = min(stride, POOLS[-1])
        return f"stride {stride}, and the chip has 1; nearest: stride 1, and a max pool of {pool} behind it"
    if dilation != 1:
        return f"dilation {dilation}, and the chip has 1; nearest: kernel {KERNELS[-1]} without dilation"
    if kernel not in KERNELS:
        nearest = min(KERNELS, key=lambda known: abs(known - kernel))
        return f"kernel {kernel}, and the chip has {', '.join(map(str, KERNELS))}; nearest: kernel {nearest}"
    if layer.padding not in ((kernel // 2,), "same") or layer.padding_mode != "zeros":
        return f"its padding changes how many samples there are; nearest: padding {kernel // 2} with zeros"
    return ""


def _nearest(layer: object) -> str:
    kind = type(layer).__name__
    return next((near for names, near in NEAREST if any(name in kind for name in names.split("|"))), BLOCK)
