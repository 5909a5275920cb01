"""Tensors in safetensors files."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spikecae.files import replaced

__all__ = ["read_tensors", "write_tensors"]

LONGEST_REASON = 200
"""Characters of what the reader says."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Replace ``path`` by a safetensors file with ``metadata`` as JSON under the key ``spikecae``."""
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with replaced(path) as temporary:
        save_file(contiguous, temporary, {"spikecae": json.dumps(metadata)})


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Tensors and metadata of a file that :func:`write_tensors` made.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, corrupt, or not ours.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; make it with the train stage")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["spikecae"])
            if not isinstance(metadata, dict):
                raise ValueError(f"its metadata are a {type(metadata).__name__}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise ValueError(
            f"{path}: truncated or corrupt safetensors file ({reason}); copy it again or make it anew (train stage)"
        ) from None
    except KeyError:
        raise ValueError(f"{path}: a safetensors file of another program; make it with the train stage") from None
    return tensors, metadata
