"""The folder that the codec needs of a design: the encoder spec and the decoder network."""

import os
from pathlib import Path

from spikecae.errors import InputError
from spikecae.spec import EncoderSpec, load_spec

__all__ = ["files_in", "load_codec_spec", "network_in"]


def load_codec_spec(folder: str | os.PathLike[str]) -> EncoderSpec:
    """The spec in ``folder``.

    Raises:
        FileNotFoundError: there is none.
        SpecError: it is damaged.
        InputError: ``folder`` is a file, such as one of the spec's two.
    """
    path = Path(folder)
    if path.is_file():
        raise InputError(f"{path} is a file; name the folder that holds spec.json and spec.npz, such as {path.parent}")
    return load_spec(path)


def network_in(folder: str | os.PathLike[str]) -> Path:
    """The file of the decoder network in ``folder``."""
    return Path(folder) / "decoder.onnx"


def files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """All files that a codec may read in ``folder``."""
    return [Path(folder) / "spec.json", Path(folder) / "spec.npz", network_in(folder)]
