"""Arrays of snippets in Zarr, with their codec beside them."""

import os
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import zarr
from numpy.typing import ArrayLike

from spikecae.errors import InputError
from spikecae.exchange.snippet_codec import SnippetCodec, use_codec
from spikecae.files import OutputError, check_folder
from spikecae.front_end.adc import MICROVOLTS
from spikecae.recordings.chosen import CODEC_FOLDER, choose_codec, copy_codec

__all__ = ["SNIPPETS", "open_snippets", "save_snippets"]

SNIPPETS = "snippets"
"""Of the array in the group."""
BLOCKS_PER_CHUNK = 1024

FORMAT = {} if zarr.__version__.startswith("2.") else {"zarr_format": 2}
"""Codecs of numcodecs are of format 2, which every Zarr reads; Zarr 3 would write another."""

numcodecs.register_codec(SnippetCodec)  # a checkout is not installed, and has no entry points


def save_snippets(
    path: str | os.PathLike[str],
    snippets: ArrayLike,
    codec: str | os.PathLike[str],
    *,
    uv_per_step: float | None = None,
) -> Any:
    """Write snippets to a new folder: a Zarr group (format 2) with the array ``snippets``, and the codec beside it.

    Args:
        path: the folder.
        snippets: ``(n, M, D)``, band-passed, in µV, or of a codec in a unit of its own, in this.
        codec: a shipped design, or the folder of a spec with its design file.
        uv_per_step: units in a step of the converter, in place of the design's.

    Returns:
        The array, as Zarr opens it.

    Raises:
        InputError: snippets and codec do not go together.
        OutputError: ``path`` exists.
    """
    chosen, target = choose_codec(codec), Path(path)
    array, spec = np.asarray(snippets, np.float32), chosen.spec
    if array.shape[1:] != (spec.spikes, spec.samples):
        raise InputError(
            f"snippets {array.shape}; codec {spec.design!r} takes (n, {spec.spikes}, {spec.samples}): cut such, or "
            f"take another codec"
        )
    if target.exists():
        raise OutputError(f"{target} exists; name a new folder")
    check_folder(target.parent)
    unit = chosen.design.recording.unit
    lsb = chosen.design.adc.lsb * MICROVOLTS.get(unit, 1.0) if uv_per_step is None else uv_per_step
    copy_codec(chosen, target / CODEC_FOLDER)
    use_codec(target.absolute() / CODEC_FOLDER)
    chunks = max(1, min(len(array), BLOCKS_PER_CHUNK)), *array.shape[1:]
    group = zarr.open_group(str(target), mode="a", **FORMAT)
    group.attrs["codec"] = {"folder": CODEC_FOLDER, "design": spec.design, "spec_hash": spec.hash}
    group.attrs["unit"] = "uV" if unit in MICROVOLTS else unit
    made = zarr.create(
        array.shape,
        store=str(target / SNIPPETS),
        dtype=array.dtype,
        chunks=chunks,
        compressor=SnippetCodec(spec.hash, lsb, chosen.design.adc.signed),
        **FORMAT,
    )
    made[:] = array
    return made


def open_snippets(path: str | os.PathLike[str]) -> Any:
    """The array in a folder that :func:`save_snippets` made; chunks are decoded as they are read.

    Raises:
        FileNotFoundError: there is none.
    """
    folder = Path(path)
    if not (folder / SNIPPETS).is_dir():
        raise FileNotFoundError(f"no snippets in {folder}; name the folder that save_snippets made")
    use_codec(folder.absolute() / CODEC_FOLDER)
    return zarr.open_array(str(folder / SNIPPETS), mode="r")
