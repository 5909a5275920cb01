"""The folder that the codec needs of a design: the encoder spec and the decoder network, and those of further operating
points in folders below it."""

import os
from pathlib import Path

from spikecae.design.point_folder import point_folder
from spikecae.errors import InputError
from spikecae.limits import MOST_POINTS
from spikecae.spec import EncoderSpec, load_spec
from spikecae.spec.operating_points import load_operating_points

__all__ = ["files_in", "load_codec_points", "load_codec_spec", "network_in"]


def load_codec_spec(folder: str | os.PathLike[str]) -> EncoderSpec:
    """The spec in ``folder``.

    Raises:
        FileNotFoundError: there is none.
        SpecError: it is damaged.
        InputError: ``folder`` is a file, such as one of the spec's two.
    """
    return load_spec(_folder(folder))


def load_codec_points(folder: str | os.PathLike[str]) -> list[tuple[EncoderSpec, Path]]:
    """The specs of all operating points in ``folder``, each with the folder that it lies in.

    Raises:
        FileNotFoundError: there is none, or a part of one is missing.
        SpecError: one is damaged, or they are not of one chip.
        InputError: ``folder`` is a file, such as one of a spec's two.
    """
    path = _folder(folder)
    return [(spec, point_folder(path, number)) for number, spec in enumerate(load_operating_points(path))]


def _folder(folder: str | os.PathLike[str]) -> Path:
    path = Path(folder)
    if path.is_file():
        raise InputError(f"{path} is a file; name the folder that holds spec.json and spec.npz, such as {path.parent}")
    return path


def network_in(folder: str | os.PathLike[str]) -> Path:
    """The file of the decoder network in ``folder``."""
    return Path(folder) / "decoder.onnx"


def files_in(folder: str | os.PathLike[str]) -> list[Path]:
    """All files that a codec may read in ``folder``."""
    folders = [point_folder(Path(folder), number) for number in range(MOST_POINTS)]
    return [path for each in folders for path in (each / "spec.json", each / "spec.npz", network_in(each))]
