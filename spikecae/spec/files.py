"""The spec on disk: ``spec.json`` (structure, scalars, dtype and shape of every array) and ``spec.npz`` (the arrays).

Files come from strangers too: what a file claims is checked before it is believed. There is one way to write a spec
down; what says the same in another way is refused, so that the hash can be computed from the files as they stand.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spikecae.errors import sentence
from spikecae.files import replacing
from spikecae.spec.archive import read_arrays
from spikecae.spec.content import check_fields, unpack
from spikecae.spec.encoder_spec import HEAD, EncoderSpec, SpecError
from spikecae.spec.structure import declared_arrays, read_structure

__all__ = ["load_spec", "save_spec"]

LONGEST_REASON = 360
"""Characters of an error, the file's name not counted."""


def save_spec(spec: EncoderSpec, folder: Path) -> None:
    """Write ``spec.npz`` and ``spec.json`` into ``folder``, each replaced whole, the structure last."""
    head, arrays = spec.content
    rows: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(folder / "spec.npz") as file:
        np.savez_compressed(file, **rows)
    with replacing(folder / "spec.json") as file:
        file.write((json.dumps({"hash": spec.hash, **head}, indent=1) + "\n").encode())


def load_spec(folder: Path) -> EncoderSpec:
    """Read and check the spec in ``folder``.

    Raises:
        FileNotFoundError: a file is missing.
        SpecError: a file is corrupt, of another version, or its parts contradict each other. The message names the file
            and is short, whatever the file.
    """
    text, npz = folder / "spec.json", folder / "spec.npz"
    for path in (text, npz):
        if not path.is_file():
            raise FileNotFoundError(f"no encoder spec {path}; run the quantize stage to make it")
    with _about(text):
        head = read_structure(text)
        declared = declared_arrays(head["stages"])
    with _about(npz):
        arrays = read_arrays(npz, declared)
    with _about(text):
        body = {key: head[key] for key in HEAD} | {"stages": unpack(head["stages"], arrays)}
        check_fields(EncoderSpec, body)
        spec = EncoderSpec(**body)
        if spec.hash != head["hash"]:
            said = str(head["hash"])[:64]
            raise SpecError(f"content hashes to {spec.hash}, but the file says {said!r}; make it anew")
    return spec


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Errors name the file, and end."""
    try:
        yield
    except RecursionError:
        raise SpecError(f"{path}: nested too deeply: no encoder spec") from None
    except OSError as error:
        raise SpecError(sentence(error)) from None
    except ValueError as error:
        reason = str(error)
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"
        raise SpecError(f"{path}: {reason}") from None
