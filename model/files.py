"""Files that are either the old or the new one, never half of it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

__all__ = ["read_tensors", "write_tensors", "write_text"]


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Replace ``path`` by a safetensors file with ``metadata`` as JSON under the key ``spikecae``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, {"spikecae": json.dumps(metadata)}
    )
    temporary.replace(path)


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
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(
            f"{path}: truncated or corrupt safetensors file ({error}); copy it again or make it anew (train stage)"
        ) from None
    except KeyError:
        raise ValueError(f"{path}: a safetensors file of another program; make it with the train stage") from None
    return tensors, metadata
