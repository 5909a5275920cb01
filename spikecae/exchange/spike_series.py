"""``SpikeEventSeries`` of an NWB file: snippets that were cut by another program, judged before they are encoded."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikecae.design import Design
from spikecae.errors import InputError

if TYPE_CHECKING:
    from pynwb import NWBFile

__all__ = ["SpikeSeries", "only_snippets", "series_in"]

LOOKED_AT = 4096
"""Events from which a series is judged."""
MOST_OFF = 2
"""Samples that most peaks may lie beside the codec's."""
LARGEST_V = 0.1
"""That a median spike can be high: beyond, numbers are no volts."""


@dataclass(frozen=True, eq=False)
class SpikeSeries:
    """A series.

    Attributes:
        name: in the file.
        times_s: float64 ``[n]``.
        electrodes: rows of the file's table, one a channel of the snippets: ``[P]``.
        main: place among ``electrodes`` of the one that its spikes are of.
        data: the snippets as stored, ``[n, P, D]``, or ``[n, D]`` of one channel.
        gain_uv: µV in a step of each channel, ``[P]``.
        offset_uv: µV at the number 0.
        told: what spikecae wrote of it; empty of others.
    """

    name: str
    times_s: NDArray[np.float64]
    electrodes: tuple[int, ...]
    main: int
    data: Any
    gain_uv: NDArray[np.float64]
    offset_uv: float
    told: dict[str, Any]

    def read(self, events: NDArray[np.integer]) -> NDArray[np.float32]:
        """Snippets ``[E, P, D]`` in µV of events that are given in rising order."""
        first, last = int(events[0]), int(events[-1]) + 1
        stored = np.asarray(self.data[first:last])[events - first]
        stored = stored.reshape(len(stored), len(self.electrodes), -1)
        return np.asarray(stored * self.gain_uv[:, None] + self.offset_uv, np.float32)


def only_snippets(path: Path) -> bool:
    """Whether a file is NWB, and has ``SpikeEventSeries`` and no continuous recording."""
    if path.suffix != ".nwb" or not path.is_file() or find_spec("h5py") is None:
        return False
    import h5py

    kinds: set[object] = set()
    with suppress(OSError), h5py.File(path) as file:  # what is no HDF5 file is told by whoever opens it
        file.visititems(lambda _, part: kinds.add(part.attrs.get("neurodata_type")))
    return "SpikeEventSeries" in kinds and "ElectricalSeries" not in kinds


def series_in(
    nwbfile: "NWBFile", wanted: Sequence[str] | None, design: Design, gain_uv: float | None
) -> list[SpikeSeries]:
    """The series of a file that have events, or those that are ``wanted``, which go with a design.

    Args:
        nwbfile: open.
        wanted: names; all where it is left out.
        design: what is to encode them.
        gain_uv: µV in a step, in place of what the file says.

    Raises:
        InputError: there are none, or one lacks something, or has other snippets than the design: what helps.
    """
    from pynwb.ecephys import SpikeEventSeries

    there = {one.name: one for one in nwbfile.objects.values() if isinstance(one, SpikeEventSeries)}
    if not there:
        others = sorted({f"{type(one).__name__} {one.name!r}" for one in nwbfile.acquisition.values()})
        raise InputError(
            f"the file holds no SpikeEventSeries (in its acquisition: {', '.join(others) or 'nothing'}); a continuous "
            f"recording is for: spikecae compress"
        )
    names = list(there) if wanted is None else list(wanted)
    if lacking := [name for name in names if name not in there]:
        raise InputError(f"the file has no SpikeEventSeries {lacking[0]!r}; name one of {', '.join(sorted(there))}")
    found = [_judged(there[name], design, gain_uv) for name in names if len(there[name].data)]
    if not found:
        raise InputError(f"the SpikeEventSeries {', '.join(names)} hold 0 events; give a file with some")
    return found


def _judged(series: Any, design: Design, gain_uv: float | None) -> SpikeSeries:
    block, wanted, said = design.block, design.recording, f"SpikeEventSeries {series.name!r}"
    shape, rows = tuple(series.data.shape), tuple(int(row) for row in series.electrodes.data[:])
    neighbours = block.spikes if block.kind == "neighbourhood" else 1
    channels = 1 if len(shape) == 2 else shape[1]
    if shape[-1] != block.samples:
        turned = (
            f"; {shape[1:]} look like samples and channels, NWB has channels first" if _turned(shape, design) else ""
        )
        raise InputError(
            f"{said}: its snippets are of {shape[-1]} samples, and codec {design.name!r} codes {block.samples}"
            f"{turned}; cut them anew, the peak at sample {wanted.peak}, or fit a design with "
            f"block.samples = {shape[-1]} to them"
        )
    if channels != neighbours or len(rows) != channels:
        raise InputError(
            f"{said}: its snippets are of {channels} channels and {len(rows)} electrodes, and codec {design.name!r} "
            f"codes {neighbours} at a time; cut them on so many, or take another codec"
        )
    times = np.asarray(series.timestamps[:], np.float64)
    if times.shape != shape[:1] or not np.isfinite(times).all():
        raise InputError(
            f"{said}: {times.size} timestamps for {shape[0]} events, or some that are no numbers; give each its time, "
            f"in seconds"
        )
    gain = np.full(channels, float(series.conversion) * 1e6 if gain_uv is None else gain_uv)
    if gain_uv is None and series.channel_conversion is not None:
        gain *= np.asarray(series.channel_conversion[:], np.float64)
    offset = float(series.offset) * 1e6 if gain_uv is None else 0.0
    stored = np.asarray(series.data[:LOOKED_AT]).reshape(-1, channels, shape[-1])
    looked = np.asarray(stored * gain[:, None] + offset, np.float64)
    height = np.median(np.ptp(looked, axis=-1).max(axis=-1)) * 1e-6
    if height > LARGEST_V:
        raise InputError(
            f"{said}: its median spike would be {height:.3g} V high, by a conversion of {series.conversion:g}; say how "
            f"many µV a step is (--gain, gain_uv=), or write the right conversion, in volts, into the file"
        )
    upright = {"negative": -looked, "positive": looked, "both": np.abs(looked)}[wanted.polarity]
    told = _told(series.comments)
    main = _main(series, rows, told, np.median(upright.max(axis=-1), axis=0))
    peak = int(np.median(upright[:, main].argmax(axis=-1)))
    if abs(peak - wanted.peak) > MOST_OFF:
        raise InputError(
            f"{said}: most of its spikes have their largest {wanted.polarity} sample at {peak}, counted from 0, and "
            f"codec {design.name!r} has it at {wanted.peak}; cut them anew, or take another codec"
        )
    return SpikeSeries(series.name, times, rows, main, series.data, gain, offset, told)


def _main(series: Any, rows: tuple[int, ...], told: dict[str, Any], heights: NDArray[np.float64]) -> int:
    """Which of the electrodes: as spikecae wrote it, else where spikes are largest."""
    table = series.electrodes.table
    if "channel_id" in told and "channel_name" in table.colnames:
        names = [str(table["channel_name"][row]) for row in rows]
        if str(told["channel_id"]) in names:
            return names.index(str(told["channel_id"]))
    return int(heights.argmax())


def _turned(shape: tuple[int, ...], design: Design) -> bool:
    return len(shape) == 3 and shape[1] == design.block.samples and shape[2] < shape[1]


def _told(comments: str) -> dict[str, Any]:
    """What ``spikecae nwb`` writes into comments."""
    try:
        told = json.loads(comments)
    except json.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) and "spec_hash" in told else {}
