"""Spikes in NumPy's files, shaped as the host codec takes and gives them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.snippets import snippet_table
from model.datasets.spikes import SpikeTable
from model.description import Description
from spikecae.design import Design
from spikecae.front_end.adc import codes_to_units

__all__ = ["read_arrays"]


def read_arrays(path: Path, design: Design, description: Description) -> SpikeTable:
    """Spikes of an ``.npy`` file, or of an ``.npz`` with ``snippets``, perhaps ``channels`` and ``times`` (samples).

    Snippets are ``[n, M, D]``, or ``[n, D]`` of a design that codes one channel at a time. Integers are codes of the
    design's converter, as raw packets carry them, unless the description gives them a gain.

    Raises:
        ValueError: no arrays, or of a shape, unit or rate that is not the design's.
    """
    arrays = _load(path)
    if "snippets" not in arrays:
        raise ValueError(f"{path}: holds {', '.join(sorted(arrays)) or 'nothing'}; an array 'snippets' is needed")
    snippets, block = arrays["snippets"], design.block
    width = 1 if block.kind == "queue" else block.spikes
    if snippets.ndim == 2 and width == 1:
        snippets = snippets[:, None, :]
    if snippets.shape[1:] != (width, block.samples) or snippets.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: snippets are {snippets.dtype} of shape {snippets.shape}; design {design.name!r} takes numbers of "
            f"shape (n, {width}, {block.samples})"
        )
    count, rate = len(snippets), description.sampling_rate_hz or design.recording.sampling_rate_hz
    times, channels = np.full(count, np.nan), np.tile(np.arange(width, dtype=np.int32), (count, 1))
    for name in ("times", "channels"):
        if name in arrays and (arrays[name].shape != (count,) or arrays[name].dtype.kind not in "iu"):
            raise ValueError(f"{path}: {name} are {arrays[name].dtype} of shape {arrays[name].shape}; expected {count} integers")
    if "times" in arrays:
        times = arrays["times"] / rate
    if "channels" in arrays and width == 1:
        channels = arrays["channels"].astype(np.int32)[:, None]
    if snippets.dtype.kind in "iu" and description.gain is None:
        snippets = codes_to_units(snippets, design.adc)
    return snippet_table(
        snippets,
        times,
        channels,
        design,
        description,
        provenance=description.provenance or "unknown",
        source=path.name,
        rate_hz=description.sampling_rate_hz,
    )


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"snippets": loaded}
        with loaded:
            return {name: loaded[name] for name in ("snippets", "times", "channels") if name in loaded}
    except Exception as error:  # zip, header and format errors of its own
        raise ValueError(f"{path}: not a readable NumPy file ({type(error).__name__}: {error}); save it again") from None
