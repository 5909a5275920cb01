"""Spikes in NumPy's files, shaped as the host codec takes and gives them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.readers.registry import reads
from model.datasets.readers.snippets import snippet_table
from model.datasets.spikes import SpikeTable
from spikecae.design import Design
from spikecae.front_end.adc import codes_to_units
from spikecae.opening.description import Description

__all__ = ["read_arrays"]

LAST_CHANNEL = 65535
"""As events of the packets have 16 bits for it."""


@reads(".npy", ".npz")
def read_arrays(path: Path, design: Design, description: Description) -> SpikeTable:
    """Spikes of an ``.npy`` file, or of an ``.npz`` with ``snippets``, perhaps ``channels`` and ``times``.

    Snippets are blocks ``[n, M, D]``; of a design that codes queues also single spikes ``[n, D]``. Channels are
    ``[n]``, times, in samples from the recording's beginning, ``[n]`` or ``[n, M]``. Integers are codes of the design's
    converter, as raw packets carry them, unless the description gives them a gain; a note says so.

    Raises:
        ValueError: no arrays, or of a shape, unit or rate that is not the design's.
    """
    arrays, block = _load(path), design.block
    if "snippets" not in arrays:
        raise ValueError(f"{path}: holds {', '.join(sorted(arrays)) or 'nothing'}; an array 'snippets' is needed")
    snippets, queue = arrays["snippets"], block.kind == "queue"
    single = queue and snippets.ndim == 2
    if snippets.shape[1:] != ((block.samples,) if single else (block.spikes, block.samples)):
        raise ValueError(
            f"{path}: snippets are {snippets.dtype} of shape {snippets.shape}; design {design.name!r} takes shape "
            f"(n, {block.spikes}, {block.samples})"
        )
    if snippets.dtype.kind not in "fiu":
        raise ValueError(f"{path}: snippets are {snippets.dtype}; expected numbers")
    count, width = len(snippets), 1 if single else block.spikes
    rate = description.sampling_rate_hz or design.recording.sampling_rate_hz
    times = _times(path, arrays, count, width) / rate
    channels = _integers(path, arrays, "channels", [(count,)])
    if channels.size and not 0 <= channels.min() <= channels.max() <= LAST_CHANNEL:
        raise ValueError(
            f"{path}: channels go from {channels.min()} to {channels.max()}; they are counted from 0, to "
            f"{LAST_CHANNEL} at most; number them anew"
        )
    if queue:
        snippets, times = snippets.reshape(-1, 1, block.samples), times.ravel()
        where = np.repeat(channels, width)[:, None]
    else:  # a neighbourhood goes by the channel of its peak, which does not say the others
        times, where = times[:, 0], np.tile(np.arange(width), (count, 1))
    notes = []
    if snippets.dtype.kind in "iu" and description.gain is None:
        notes = [
            f"{path.name}: {snippets.dtype} without a gain: integers are taken as codes of the design's converter, "
            f"{design.adc.lsb:g} {design.recording.unit} per step"
        ]
        snippets = codes_to_units(snippets, design.adc)
    return snippet_table(
        snippets,
        times,
        where.astype(np.int32),
        design,
        description,
        provenance=description.provenance or "unknown",
        source=path.name,
        rate_hz=description.sampling_rate_hz,
        notes=notes,
    )


def _times(path: Path, arrays: dict[str, NDArray[np.number]], count: int, width: int) -> NDArray[np.float64]:
    """``[n, M]`` samples, NaN where the file has none."""
    if "times" not in arrays:
        return np.full((count, width), np.nan)
    times = _integers(path, arrays, "times", [(count,), (count, width)])
    if times.size and times.min() < 0:
        raise ValueError(
            f"{path}: times go down to {times.min()}; they count samples from the recording's beginning; add an offset"
        )
    return np.broadcast_to(times.reshape(count, -1), (count, width)).astype(np.float64)


def _integers(
    path: Path, arrays: dict[str, NDArray[np.number]], name: str, shapes: list[tuple[int, ...]]
) -> NDArray[np.number]:
    found = arrays.get(name)
    if found is None:
        return np.zeros(shapes[0], np.int64)
    if found.shape not in shapes or found.dtype.kind not in "iu":
        wanted = " or ".join(map(str, shapes))
        raise ValueError(
            f"{path}: {name} are {found.dtype} of shape {found.shape}; expected integers of shape {wanted}, for "
            f"{shapes[0][0]} snippets; save one for each"
        )
    return found


def _load(path: Path) -> dict[str, NDArray[np.number]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"snippets": loaded}
        with loaded:
            return {name: loaded[name] for name in ("snippets", "times", "channels") if name in loaded}
    except Exception as error:  # zip, header and format errors of its own
        if "allow_pickle" in str(error) or "pickled" in str(error):
            raise ValueError(
                f"{path}: holds Python objects, which are no numbers; save an array of numbers (array.dtype is then "
                f"float32, int16 or the like)"
            ) from None
        raise ValueError(
            f"{path}: not a readable NumPy file ({type(error).__name__}: {error}); save it again"
        ) from None
